"""The refinement of a schedule from the gradient norms of a client's own run."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]
NORMS = [9.0, 4.0, 2.0, 1.5, 1.2, 1.0, 1.0, 1.0]


def refine(client: TestClient, **body: Any) -> Json:
    answer = client.post("/v1/schedules/refine", json=body)
    assert answer.status_code == 200, answer.text
    refined: Json = answer.json()
    return refined


def test_equal_norms_give_a_linear_decay_from_the_peak(client: TestClient) -> None:
    refined = refine(client, gradient_norms=[3.0] * 5, norm="l2", learning_rate=0.4)
    assert refined["learning_rate"] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0], rel=1e-15)
    assert refined["total_steps"] == 5
    assert refined["norm"] == "l2"


@pytest.mark.parametrize(("optimizer", "norm"), [("momentum", "l2"), ("adamw", "l1")])
def test_the_optimizer_decides_the_kind_of_the_norms(client: TestClient, optimizer: str, norm: str) -> None:
    by_kind = refine(client, gradient_norms=NORMS, optimizer=optimizer)
    assert by_kind == refine(client, gradient_norms=NORMS, norm=norm)
    assert by_kind["norm"] == norm


def test_the_schedule_is_one_that_a_job_takes_and_gives_the_same_rates(client: TestClient) -> None:
    refined = refine(client, gradient_norms=NORMS, optimizer="sgd", learning_rate=0.1)
    body = {"schedule": refined["schedule"], "learning_rate": 0.1, "steps": len(NORMS)}
    preview = client.post("/v1/schedules/preview", json=body).json()
    assert preview["learning_rate"] == refined["learning_rate"]
    job = {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "search_space": {"schedules": [refined["schedule"]]},
    }
    assert client.post("/v1/jobs", json=job).status_code == 202


def test_another_horizon_keeps_the_peak_and_the_end(client: TestClient) -> None:
    for total_steps in (3, 80, 5000):
        rates = refine(client, gradient_norms=NORMS, norm="l2", learning_rate=0.1, total_steps=total_steps)
        assert rates["total_steps"] == len(rates["learning_rate"]) == total_steps
        assert max(rates["learning_rate"]) == pytest.approx(0.1, rel=1e-12)
        assert rates["learning_rate"][-1] == 0.0


def test_smoothing_takes_a_spike_out(client: TestClient) -> None:
    spiked = [1.0] * 10 + [1e6] + [1.0] * 10
    smooth = refine(client, gradient_norms=spiked, norm="l2", smoothing=0.2)["learning_rate"]
    assert smooth == pytest.approx([1 - i / 20 for i in range(21)], abs=1e-15)
    assert refine(client, gradient_norms=spiked, norm="l2", smoothing=0)["learning_rate"][10] < 1e-9


def test_the_longest_run_of_one_request_is_answered_whole(client: TestClient) -> None:
    refined = refine(client, gradient_norms=[1] * 500_000, norm="l1", total_steps=1_000_000)
    assert len(refined["learning_rate"]) == 1_000_000
    assert len(refined["schedule"]["factors"]) == 1000


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"gradient_norms": []}, "/gradient_norms", "at least 1 entry"),
        ({"gradient_norms": [1.0, -0.5]}, "/gradient_norms/1", "must be >= 0, got -0.5"),
        ({"gradient_norms": [1.0, None]}, "/gradient_norms/1", "must be a number, got null"),
        ({"gradient_norms": [1.0, "2"]}, "/gradient_norms/1", 'must be a number, got "2"'),
        ({"gradient_norms": [True]}, "/gradient_norms/0", "must be a number, got true"),
        ({"gradient_norms": 3}, "/gradient_norms", "must be a list, got 3"),
        ({"norm": None}, "/optimizer", 'or set norm to "l1" or "l2"'),
        ({"optimizer": "adam"}, "/norm", "drop norm or optimizer"),
        ({"norm": None, "optimizer": "sdg"}, "/optimizer", "choose one of: "),
        ({"norm": "l3"}, "/norm", "'l1' or 'l2'"),
        ({"smoothing": 1.5}, "/smoothing", "must be <= 1"),
        ({"total_steps": 0}, "/total_steps", "must be >= 1"),
        ({"total_steps": 1_000_001}, "/total_steps", "must be <= 1000000"),
        ({"learning_rate": 0}, "/learning_rate", "must be > 0"),
    ],
)
def test_a_refinement_out_of_bounds_names_field_limit_and_value(
    client: TestClient, body: Json, pointer: str, detail: str
) -> None:
    answer = client.post("/v1/schedules/refine", json={"gradient_norms": [1.0], "norm": "l2"} | body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e400"])
def test_a_norm_that_is_not_finite_is_refused_by_its_pointer(client: TestClient, literal: str) -> None:
    body = f'{{"gradient_norms": [1.0, {literal}], "norm": "l2"}}'
    answer = client.post("/v1/schedules/refine", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/gradient_norms/1"]
