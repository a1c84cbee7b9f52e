"""The preview of a schedule."""

from __future__ import annotations

import math
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.engine.schedules import SCHEDULES


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


@pytest.mark.parametrize("kind", SCHEDULES)
def test_every_schedule_has_a_preview_at_its_defaults(client: TestClient, kind: str) -> None:
    rates = preview(client, schedule={"kind": kind}, steps=100_000)
    assert len(rates) == 100_000
    assert all(map(math.isfinite, rates))


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
        ({}, "/schedule"),
    ],
)
def test_a_preview_out_of_bounds_is_422(client: TestClient, body: dict[str, Any], pointer: str) -> None:
    answer = client.post("/v1/schedules/preview", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
