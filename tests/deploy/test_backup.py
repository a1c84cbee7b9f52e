"""The backup of the operations guide, made of a running SQLite server."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.server import Json, Server, outcome

pytestmark = pytest.mark.slow

JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 32, "steps": 500},
    "sampler": {"kind": "tpe"},
    "confirmation": None,
}


def test_a_backup_of_a_running_server_continues_to_the_same_values_with_or_without_its_queue(
    tmp_path: Path,
) -> None:
    original, whole, halved = (tmp_path / name for name in ("original", "whole", "halved"))
    for folder in (original, whole, halved):
        folder.mkdir()
    with Server(original, "--pool-processes", "1") as server:
        job_id = server.submit(JOB)
        server.wait_for_trials(job_id, 1)
        _copy(original / "jobs.db-queue", whole / "jobs.db-queue")
        _copy(original / "jobs.db", whole / "jobs.db")
        _copy(original / "jobs.db", halved / "jobs.db")
        assert server.job(job_id)["state"] == "running"  # else the copies are of no interest
        server.wait(job_id)
        expected = [outcome(trial) for trial in server.trials(job_id)]
    with Server(whole, "--pool-processes", "1") as server:
        server.wait(job_id)
        assert [outcome(trial) for trial in server.trials(job_id)] == expected
    with Server(halved, "--pool-processes", "1") as server:
        for verb in ("pause", "resume"):
            assert server.http.post(f"/v1/jobs/{job_id}/{verb}").is_success
        server.wait(job_id)
        assert [outcome(trial) for trial in server.trials(job_id)] == expected


def _copy(database: Path, target: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("VACUUM INTO ?", (str(target),))
    connection.close()
