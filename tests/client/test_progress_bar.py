"""The progress that `stepsize watch` shows of a running job."""

from __future__ import annotations

import io
from typing import Any

import click
import pytest

from app.tuning.recommendation.stages import SEARCH, WORDS
from stepsize import progress_bar
from stepsize.http_client import JobsClient
from stepsize.progress_bar import duration, watch_job

LOOKS = 4_000  # of a job of a quarter of an hour


class Scripted(JobsClient):
    """A server whose job is elsewhere at every look."""

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs = iter(jobs)

    def job(self, job_id: str) -> dict[str, Any]:
        return next(self._jobs)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def job(state: str, fraction: float, stage: str | None = None, eta_s: float | None = None) -> dict[str, Any]:
    progress = {f"trials_{name}": 0 for name in ("pruned", "diverged", "failed", "running")}
    progress |= {"trials_total": 64, "trials_completed": round(64 * min(1.0, 20 * fraction))}
    return {
        "name": "digits",
        "state": state,
        "best": {"number": 3, "value": 0.00123},
        "progress": progress | {"stage": stage, "fraction": fraction, "eta_s": eta_s},
    }


def story() -> list[dict[str, Any]]:
    """Yield a job that is queued, searches to 5 % and then goes through every other stage."""
    stages = list(WORDS.values())
    running = []
    for look in range(LOOKS):
        fraction = look / LOOKS
        stage = SEARCH if fraction < 0.05 else stages[int((fraction - 0.05) / 0.95 * len(stages))]
        running.append(job("running", fraction, stage, (LOOKS - look) / 4))
    return [job("queued", 0.0), *running, job("succeeded", 1.0)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "POLL_S", 0.0)


def test_a_pipe_gets_a_line_for_each_change_and_no_carriage_return() -> None:
    stream = io.StringIO()
    assert watch_job(Scripted(story()), "job_1", stream)["state"] == "succeeded"
    told = stream.getvalue()
    lines = told.splitlines()
    assert "\r" not in told
    assert told.endswith("\n")
    # Queued, search, the stages, the tenths, the end.
    assert len(lines) <= 1 + 1 + len(WORDS) + 10 + 1
    assert len(told) < 2_000
    assert len(set(lines)) == len(lines)
    for word in WORDS.values():
        assert any(line.startswith(f"digits: {word}, ") for line in lines)
    assert lines[0] == "digits: queued, 0 %"
    assert lines[1] == "digits: search (0 of 64 trials), 0 %, about 17 min left"
    assert lines[-1] == "digits: succeeded, 100 %"


def test_the_race_of_the_best_shows_the_time_left() -> None:
    stream = io.StringIO()
    told = [job("running", 0.3, "race of the best", 55.2), job("failed", 0.29)]
    watch_job(Scripted(told), "job_1", stream)
    assert stream.getvalue().splitlines() == [
        "digits: race of the best, 30 %, about 55 s left",
        "digits: failed, 29 %",
    ]


def test_a_job_shows_100_percent_only_at_its_end() -> None:
    stream = io.StringIO()
    watch_job(Scripted([job("running", 1.0, "confirmation", 0.0), job("succeeded", 1.0)]), "job_1", stream)
    assert stream.getvalue().splitlines() == [
        "digits: confirmation, 99 %, about 1 s left",
        "digits: succeeded, 100 %",
    ]


def test_a_terminal_gets_a_bar_with_stage_share_and_time_left() -> None:
    stream = Terminal()
    watch_job(Scripted([job("running", 0.456, "final", 40.0), job("succeeded", 1.0)]), "job_1", stream)
    shown = [line.rstrip() for line in click.unstyle(stream.getvalue()).split("\r") if line]
    assert shown == [
        "digits: final [#############-----------------]  45%  about 40 s left",
        "digits: succeeded [##############################] 100%",
    ]
    assert stream.getvalue().endswith("\n")


def test_a_job_without_a_stage_is_watched_by_its_state() -> None:
    stream = io.StringIO()
    old = job("running", 0.5)
    del old["progress"]["stage"]
    watch_job(Scripted([old, job("succeeded", 1.0)]), "job_1", stream)
    assert stream.getvalue().splitlines()[0] == "digits: running, 50 %"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "1 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (7200, "2 h")]
)
def test_a_duration_has_one_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words
