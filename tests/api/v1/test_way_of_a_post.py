"""The way of a posted job, module by module, from the route to the stored row."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from fastapi.testclient import TestClient

import app
from app.services import jobs

ROOT = Path(app.__file__).parent
LAYERS = next(
    contract["layers"]
    for contract in tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    if contract["name"] == "Arrows point only downward"
)
RANKS = {
    name.strip(): rank for rank, layer in enumerate(LAYERS) for name in layer.replace("|", ":").split(":")
}
DIGITS = {"objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "linear"}}}
FIRST = ["spec.job", "api.v1.jobs"]  # the body is parsed and validated before the route is called


def module(frame: FrameType) -> str | None:
    """Return the module of a frame below `app`; None of other code."""
    path = Path(frame.f_code.co_filename)
    return ".".join(path.relative_to(ROOT).with_suffix("").parts) if path.is_relative_to(ROOT) else None


def callers(frame: FrameType) -> Iterator[str]:
    """Yield the modules below `app` that lead to a frame, the nearest first."""
    above = frame.f_back
    while above is not None:
        if (name := module(above)) is not None:
            yield name
        above = above.f_back


@pytest.fixture
def calls(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return (caller, called module) of every call between modules while a job is submitted."""
    seen: list[tuple[str, str]] = []
    submit = jobs.submit

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and (called := module(frame)) is not None:
            caller = next(callers(frame), None)
            if caller is not None and caller != called:
                seen.append((caller, called))

    def profiled(*arguments: Any, **named: Any) -> object:
        sys.setprofile(profile)
        try:
            return submit(*arguments, **named)
        finally:
            sys.setprofile(None)

    client.post("/v1/jobs", json=DIGITS)  # what is cached is computed here
    monkeypatch.setattr(jobs, "submit", profiled)
    assert client.post("/v1/jobs", json=DIGITS).status_code == 202
    return seen


def test_a_reader_follows_a_post_through_at_most_twelve_modules(calls: list[tuple[str, str]]) -> None:
    directly = [called for caller, called in calls if caller in ("api.v1.jobs", "services.jobs")]
    way = list(dict.fromkeys([*FIRST, *directly]))
    assert len(way) <= 12, way
    assert {"services.jobs", "tuning.planning.plan", "db.queries.jobs"} <= set(way)


def test_a_post_never_returns_to_an_upper_layer(calls: list[tuple[str, str]]) -> None:
    for caller, called in calls:
        above, below = (RANKS[name.partition(".")[0]] for name in (caller, called))
        assert above <= below, f"{caller} calls up into {called}"
