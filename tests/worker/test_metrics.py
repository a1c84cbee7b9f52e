"""The metrics of a worker count its work."""

from __future__ import annotations

import socket

import httpx2
import pytest

from app.db import Database
from app.services import jobs
from app.settings import Settings
from app.worker.jobs.runner import Runner
from app.worker.metrics import WorkerMetrics, serve_metrics
from tests.support.in_process_worker import InThisProcess
from tests.support.make_spec import MakeSpec
from tests.support.server import free_port


def test_trials_batches_and_seconds_are_counted_and_served(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    metrics, port = WorkerMetrics(lambda: 3), free_port()
    metrics.serve("127.0.0.1", port)
    job_id = jobs.submit(db, settings, make_spec(confirmation=None)).id
    runner = Runner(db, InThisProcess(), max_failed_trials=0, metrics=metrics)
    runner.start(job_id, 1)

    def value(name: str) -> float:
        lines = httpx2.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
        return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), -1.0)

    works = [f'stepsize_worker_seconds_total{{work="{work}"}}' for work in ("ask", "engine", "store")]
    assert [value(work) for work in works] == [0.0, 0.0, 0.0]
    runner.search_round(job_id, 1, 0)
    assert all(value(work) > 0.0 for work in works)
    ended = sum(
        max(0.0, value(f'stepsize_worker_trials_total{{state="{state}"}}'))
        for state in ("completed", "pruned", "diverged", "failed")
    )
    assert ended == 4
    assert value('stepsize_worker_batches_total{outcome="done"}') == 1
    assert value("stepsize_worker_jobs_running") == 3


def test_a_port_in_use_is_logged_and_the_worker_runs_without_metrics(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serve_metrics(WorkerMetrics(), "127.0.0.1", port)
    assert f"no metrics of this worker on 127.0.0.1:{port} (Address already in use)" in caplog.text
