"""The preview of a schedule."""

from __future__ import annotations

import math
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.engine.schedules import SCHEDULES
from app.engine.schedules.loss_driven import LossDriven


def preview(client: TestClient, **body: Any) -> list[float]:
    answer = client.post("/v1/schedules/preview", json=body)
    assert answer.status_code == 200, answer.text
    rates: list[float] = answer.json()["learning_rate"]
    return rates


def test_the_preview_is_the_peak_times_the_factors(client: TestClient) -> None:
    rates = preview(client, schedule={"kind": "cosine"}, learning_rate=0.1, steps=8)
    assert rates == pytest.approx([0.05 * (1 + math.cos(math.pi * k / 8)) for k in range(8)], rel=1e-12)


def test_without_a_learning_rate_the_preview_is_the_factors(client: TestClient) -> None:
    body = {"kind": "constant", "warmup_fraction": 0.5}
    assert preview(client, schedule=body, steps=4) == [0.0, 0.5, 1.0, 1.0]


OPEN = [kind for kind, cls in SCHEDULES.items() if not issubclass(cls, LossDriven)]


@pytest.mark.parametrize("kind", OPEN)
def test_every_schedule_has_a_preview_at_its_defaults(client: TestClient, kind: str) -> None:
    rates = preview(client, schedule={"kind": kind}, steps=100_000)
    assert len(rates) == 100_000
    assert all(map(math.isfinite, rates))


@pytest.mark.parametrize("kind", [kind for kind in SCHEDULES if kind not in OPEN])
def test_a_schedule_that_follows_the_losses_has_no_preview_and_says_why(
    client: TestClient, kind: str
) -> None:
    answer = client.post("/v1/schedules/preview", json={"schedule": {"kind": kind}})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/schedule/kind"
    assert "follows the losses of a run" in error["detail"]


def test_a_list_is_previewed_and_its_entries_keep_their_bounds(client: TestClient) -> None:
    table = {"kind": "table", "factors": [0.0, 1.0, 0.5]}
    assert preview(client, schedule=table, steps=5) == [0.0, 0.5, 1.0, 0.75, 0.5]
    for i, wrong in enumerate((1.5, "1", None)):
        body = {"schedule": table | {"factors": [0.5] * i + [wrong]}}
        answer = client.post("/v1/schedules/preview", json=body)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/schedule/factors/{i}"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"schedule": {"kind": "cosine"}, "steps": 100_001}, "/steps"),
        ({"schedule": {"kind": "cosine"}, "steps": 0}, "/steps"),
        ({"schedule": {"kind": "cosine"}, "learning_rate": 0}, "/learning_rate"),
        ({"schedule": {"kind": "cosine", "warmup_fraction": 1.5}}, "/schedule/warmup_fraction"),
        (
            {"schedule": {"kind": "cosine", "warmup_fraction": {"low": 0, "high": 1}}},
            "/schedule/warmup_fraction",
        ),
        ({"schedule": {"kind": "none"}}, "/schedule/kind"),
        ({"schedule": {"kind": "table", "factors": []}}, "/schedule/factors"),
        ({"schedule": {"kind": "multistep", "milestones": 0.5}}, "/schedule/milestones"),
        ({"schedule": {"kind": "cyclical", "mode": "square"}}, "/schedule/mode"),
        ({"schedule": {"kind": "one_cycle", "phases": 4}}, "/schedule/phases"),
        ({"schedule": {"kind": "one_cycle", "phases": 2.5}}, "/schedule/phases"),
        ({"schedule": {"kind": "linear", "warmup_shape": "cosine"}}, "/schedule/warmup_shape"),
        ({}, "/schedule"),
    ],
)
def test_a_preview_out_of_bounds_is_422(client: TestClient, body: dict[str, Any], pointer: str) -> None:
    answer = client.post("/v1/schedules/preview", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
