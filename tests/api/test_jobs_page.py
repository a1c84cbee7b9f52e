"""The page of jobs: the fields that its script reads are in the contract, and a browser shows them."""

from __future__ import annotations

import html
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import BaseModel

from app import dashboard
from app.db import Database
from app.main import create_app
from app.services import job_runs
from app.settings import Settings
from app.spec.resources.answers import Job, Progress
from app.spec.resources.recommendations import (
    Candidate,
    Difference,
    Evidence,
    OutsideSpace,
    Recommendation,
)
from tests.support.stored_jobs import recommendation, results, store_running_job

SCRIPT = (Path(dashboard.__file__).parent / "static" / "jobs.js").read_text()
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SUMMARY = "Use adam with a cosine schedule from 0.1 & <nothing> else."


def confirmed(**parts: Any) -> Recommendation:
    """Return the recommendation of `stored`, confirmed on eight seeds."""
    answer = recommendation()
    (candidate,) = answer.evidence.candidates
    measured = candidate.model_copy(update={"mean": 0.8125, "ci95": (0.75, 0.875)})
    evidence = Evidence(metric="loss", replicates=8, candidates=[measured], baselines=[])
    return answer.model_copy(update={"evidence": evidence, **parts})


def outside() -> OutsideSpace:
    """Return a default that was better."""
    return OutsideSpace(
        label="dog at its defaults, constant",
        optimizer={"kind": "dog"},
        schedule={"kind": "constant"},
        mean=0.5,
        ci95=None,
        difference=Difference(mean=0.3125, ci95=(0.25, 0.375), probability_better=0.001),
    )


def store(db: Database, settings: Settings, answer: Recommendation | None, name: str, **spec: Any) -> str:
    """Store a job whose best value is 0.25; the job has succeeded if it has a recommendation."""
    job_id = store_running_job(db, settings, name=name, **spec)
    job_runs.record_trials(db, job_id, 1, results(), 0.05)
    if answer is not None:
        job_runs.succeed(db, job_id, 1, answer, None)
    return job_id


def test_every_field_that_the_script_reads_is_in_the_contract() -> None:
    read: dict[type[BaseModel], Any] = {  # Any: a list of names, or a tuple
        Job: re.findall(r"\bjob\.(\w+)", SCRIPT),
        Progress: re.findall(r"\bprogress\.(\w+)", SCRIPT),
        Recommendation: re.findall(r"\banswer\?\.(\w+)", SCRIPT),
        Evidence: re.findall(r"\bevidence\??\.(\w+)", SCRIPT),
        OutsideSpace: re.findall(r"\boutside\.(\w+)", SCRIPT),
        Candidate: re.findall(r"\{ (\w+), (\w+) \} = evidence\.candidates\[0\]", SCRIPT)[0],
    }
    for model, fields in read.items():
        assert fields
        assert set(fields) <= set(model.model_fields), model
    assert {"stage", "fraction", "eta_s"} <= set(read[Progress])
    assert {"summary", "outside_space", "evidence"} <= set(read[Recommendation])


@pytest.fixture
def shown(settings: Settings) -> Iterator[Callable[[], list[str]]]:
    """Yield a function that returns the text of each row of the page's table, as a browser shows it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    assert server.started
    yield lambda: _rows(f"http://127.0.0.1:{port}/")
    server.should_exit = True
    thread.join(timeout=20)


def _rows(url: str) -> list[str]:
    assert CHROMIUM is not None
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-proxy-server",
        "--virtual-time-budget=4000",
    ]
    dom = subprocess.run(
        [CHROMIUM, *options, "--dump-dom", url], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    body = re.search(r"<tbody>(.*)</tbody>", dom, re.DOTALL)
    assert body is not None
    rows = re.findall(r"<tr.*?</tr>", body[1], re.DOTALL)
    return [html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row))).strip() for row in rows]


NOISY = {"kind": "function", "name": "rosenbrock", "noise": 0.1}


def test_a_finished_job_shows_its_confirmed_mean_and_the_first_sentence_of_its_summary(
    shown: Callable[[], list[str]], db: Database, settings: Settings
) -> None:
    store(db, settings, confirmed(summary=[SUMMARY, "A second sentence."]), "finished")
    first, said = shown()
    assert "succeeded 100 %" in first
    assert "0.8125 95 % interval 0.75 to 0.875 loss, 8 fresh seeds" in first
    assert "0.25" not in first
    assert "lucky" not in first
    assert said == SUMMARY


def test_a_better_default_outside_the_search_space_is_shown(
    shown: Callable[[], list[str]], db: Database, settings: Settings
) -> None:
    store(db, settings, confirmed(summary=[SUMMARY], outside_space=outside()), "outside")
    assert shown()[1] == (
        f"{SUMMARY} Better outside the search space of the job: dog at its defaults, constant, "
        "with a mean of 0.5."
    )


def test_a_search_value_is_called_lucky_until_a_mean_is_confirmed(
    shown: Callable[[], list[str]], db: Database, settings: Settings
) -> None:
    running = store(db, settings, None, "running", objective=NOISY)
    job_runs.record_fraction(db, running, 1, 0.34, "race of the best")
    store(db, settings, recommendation(), "unconfirmed", objective=NOISY, confirmation=None)
    store(db, settings, None, "same")  # a function without noise: no luck
    same, unconfirmed, raced = shown()
    assert "running race of the best 34 %, about" in raced
    assert "0.25 best of the search (lucky), not confirmed yet" in raced
    assert "0.25 best of the search (lucky), not confirmed" in unconfirmed
    assert "yet" not in unconfirmed
    assert "0.25 best of the search, not confirmed yet" in same
    assert "search 5 %, about" in same


def test_an_answer_without_a_summary_and_a_job_without_an_answer_are_shown(
    shown: Callable[[], list[str]], db: Database, settings: Settings
) -> None:
    store(db, settings, confirmed(), "old")
    failed = store_running_job(db, settings, name="diverged")
    job_runs.succeed(
        db, failed, 1, None, "every trial diverged; lower the learning rates of the search space"
    )
    diverged, why, old = shown()
    assert why == "every trial diverged; lower the learning rates of the search space"
    assert "recommendation" not in diverged
    assert "0.8125 95 % interval" in old
    assert old.endswith("recommendation")
