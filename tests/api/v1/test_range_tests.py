"""Range tests over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.engine.optimizers import OPTIMIZERS
from app.tuning.lr_finder.suggestions import range_rates

Json = dict[str, Any]
BODY: Json = {"objective": {"kind": "function", "name": "rosenbrock"}, "optimizer": {"kind": "sgd"}}
LINEAR: Json = {"kind": "classification", "dataset": "iris", "model": {"kind": "linear"}}
RATES = range_rates(1e-4, 1.0, 40).tolist()
LOSSES = [2.0 - k / 20 for k in range(30)] + [1.0 + k for k in range(10)]


def test_a_range_test_is_answered_with_its_address_and_every_default(client: TestClient) -> None:
    answer = client.post("/v1/range-tests", json=BODY)
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == f"/v1/range-tests/{body['id']}"
    assert body["state"] == "queued"
    assert body["result"] is None
    assert body["spec"]["low"] == 1e-7
    assert body["spec"]["high"] == 10.0
    assert body["spec"]["steps"] == 100
    assert client.get(answer.headers["location"]).json() == body


def test_a_range_test_is_a_job_that_can_be_cancelled_and_deleted(client: TestClient) -> None:
    test_id = client.post("/v1/range-tests", json=BODY | {"name": "mine"}).json()["id"]
    assert client.get("/v1/jobs?name=mine").json()["items"][0]["id"] == test_id
    assert client.post(f"/v1/jobs/{test_id}/cancel").status_code == 200
    assert client.get(f"/v1/range-tests/{test_id}").json()["state"] == "cancelled"
    assert client.delete(f"/v1/jobs/{test_id}").status_code == 204
    answer = client.get(f"/v1/range-tests/{test_id}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/range-test-not-found"


@pytest.mark.parametrize("test_id", ["nonsense", "%00"])
def test_an_id_that_names_no_range_test_is_404(client: TestClient, test_id: str) -> None:
    assert client.get(f"/v1/range-tests/{test_id}").status_code == 404


def test_a_job_is_no_range_test(client: TestClient, finished: str) -> None:
    assert client.get(f"/v1/range-tests/{finished}").status_code == 404


def test_an_idempotency_key_gives_the_first_range_test_again(client: TestClient) -> None:
    headers = {"Idempotency-Key": "one"}
    first = client.post("/v1/range-tests", json=BODY, headers=headers).json()
    again = client.post("/v1/range-tests", json=BODY | {"steps": 100}, headers=headers)
    assert again.status_code == 202
    assert again.json()["id"] == first["id"]
    other = client.post("/v1/range-tests", json=BODY | {"steps": 99}, headers=headers)
    assert other.status_code == 409


@pytest.mark.parametrize(
    "kind", [kind for kind, cls in OPTIMIZERS.items() if not (cls.needs_full_batch or cls.needs_hessian)]
)
def test_every_optimizer_can_be_tested(client: TestClient, kind: str) -> None:
    body = {"objective": LINEAR, "optimizer": {"kind": kind}}
    assert client.post("/v1/range-tests", json=body).status_code == 202


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"low": 5e-324}, "/low", "1e-12"),
        ({"low": 1.0, "high": 0.1}, "/low", "must be < high"),
        ({"low": 0}, "/low", "must be >= 1e-12"),
        ({"steps": 19}, "/steps", "must be >= 20"),
        ({"steps": 1001}, "/steps", "must be <= 1000"),
        ({"optimizer": {"kind": "sgd", "learning_rate": 0.1}}, "/optimizer/learning_rate", "drop it"),
        ({"optimizer": {"kind": "sgd", "weight_decay": -1}}, "/optimizer/weight_decay", "must be >= 0"),
        ({"optimizer": {"kind": "nobody"}}, "/optimizer", "nobody"),
        ({"objective": LINEAR, "batch_size": 10_000}, "/batch_size", "must be <= 90"),
        ({"batch_size": 32}, "/batch_size", "must be null for a function, which has no rows"),
        (
            {"objective": LINEAR, "optimizer": {"kind": "lbfgs"}, "batch_size": 16},
            "/optimizer/kind",
            "full batch",
        ),
        ({"objective": LINEAR | {"l2": {"low": 0.0, "high": 1.0}}}, "/objective", "one value for"),
    ],
)
def test_a_range_test_that_is_not_valid_names_field_and_limit(
    client: TestClient, change: Json, pointer: str, detail: str
) -> None:
    answer = client.post("/v1/range-tests", json=BODY | change)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"].startswith(pointer)
    assert detail in error["detail"]


def test_a_curve_of_a_client_is_analysed_at_once(client: TestClient) -> None:
    body = {"learning_rates": RATES, "losses": LOSSES, "smoothing": 0}
    answer = client.post("/v1/range-tests/analyse", json=body)
    assert answer.status_code == 200
    analysis = answer.json()
    assert set(analysis["suggestions"]) == {"valley", "slide", "steepest", "minimum_over_10"}
    # Update 32 is the first above four times the lowest loss, and the last five do not count.
    assert analysis["diverged"]
    assert analysis["smoothed_loss"] == LOSSES[:33]
    assert analysis["suggestions"]["minimum_over_10"] == pytest.approx(RATES[27] / 10)
    assert (analysis["ended"]["reason"], analysis["ended"]["update"]) == ("loss_rose", 32)
    assert analysis["ended"]["learning_rate"] == RATES[32]
    assert "four times the lowest" in analysis["ended"]["detail"]
    for name, rate in analysis["suggestions"].items():
        bounds = analysis["spread"][name]
        assert rate is None or bounds["low"] <= bounds["high"]


def test_a_curve_with_one_spike_has_suggestions(client: TestClient) -> None:
    body = {"learning_rates": RATES, "losses": [*LOSSES[:3], 50.0, *LOSSES[4:]]}
    analysis = client.post("/v1/range-tests/analyse", json=body).json()
    whole = client.post("/v1/range-tests/analyse", json=body | {"losses": LOSSES}).json()
    assert analysis["suggestions"]["valley"] is not None
    assert analysis["ended"]["update"] == whole["ended"]["update"]
    assert any("the loss 50 of update 3" in warning for warning in analysis["warnings"])


def test_a_loss_that_was_not_finite_is_null(client: TestClient) -> None:
    body = {"learning_rates": RATES, "losses": [*LOSSES[:35], *[None] * 5]}
    analysis = client.post("/v1/range-tests/analyse", json=body).json()
    assert analysis["diverged"]
    assert len(analysis["smoothed_loss"]) <= 35


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"losses": LOSSES[:-1]}, "/losses", "as many entries as learning_rates, 40, got 39"),
        ({"learning_rates": [*RATES[:-1], RATES[0]]}, "/learning_rates/39", "the rate before it"),
        ({"learning_rates": [0.0, *RATES[1:]]}, "/learning_rates/0", "must be > 0"),
        ({"losses": [*LOSSES[:-1], "x"]}, "/losses/39", "must be a number"),
        ({"learning_rates": RATES[:5], "losses": LOSSES[:5]}, "/learning_rates", "at least 20"),
        ({"smoothing": 1}, "/smoothing", "must be < 1"),
    ],
)
def test_a_curve_that_is_not_valid_names_field_and_limit(
    client: TestClient, change: Json, pointer: str, detail: str
) -> None:
    body = {"learning_rates": RATES, "losses": LOSSES} | change
    answer = client.post("/v1/range-tests/analyse", json=body)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert errors[0]["pointer"] == pointer
    assert detail in errors[0]["detail"]
