"""Kills at random moments, of any process, on either database: nothing is lost or changed.

`make chaos` is the long form: a hundred kills each, and a thousand jobs.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.databases import Databases, PostgresServer, SqliteFiles
from tests.support.fleet import Fleet, embedded, shared
from tests.support.server import Json, wait_for

ROUNDS = int(os.environ.get("STEPSIZE_CHAOS_ROUNDS", "8"))
OPEN = ("queued", "running")  # states of jobs
ENDED = ("completed", "pruned", "diverged")  # and of trials
SMALL_JOBS = int(os.environ.get("STEPSIZE_CHAOS_JOBS", "40"))
SEED = int(os.environ.get("STEPSIZE_CHAOS_SEED", "7"))
LONGEST_WAIT_S = 1.0  # between two kills
UNFINISHED = 2  # jobs, at the least, whenever something is killed
JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [32]}},
    "budget": {"trials": 64, "steps": 600},
    "sampler": {"kind": "tpe"},
    "confirmation": {"top": 2, "replicates": 2},
    "seed": 23,
}
SMALL: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 4, "steps": 20},
    "confirmation": None,
}


def fleet_on(databases: Databases, folder: Path) -> Fleet:
    """Two of everything on PostgreSQL; on SQLite there is one server."""
    url = databases.migrated(folder)
    return embedded(folder, url) if isinstance(databases, SqliteFiles) else shared(folder, url)


@pytest.mark.timeout(500 + 30 * ROUNDS)
def test_no_kill_at_any_moment_changes_a_value(databases: Databases, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    with fleet_on(databases, tmp_path) as fleet:
        kinds = (list(fleet.kinds) * ROUNDS)[:ROUNDS]
        rng.shuffle(kinds)
        undisturbed = fleet.submit(JOB)
        fleet.wait(undisturbed)
        expected = fleet.outcomes(undisturbed)
        assert len(expected) == JOB["budget"]["trials"]
        job_ids: list[str] = []
        for kind in kinds:
            while sum(not fleet.ended(job_id) for job_id in job_ids[-UNFINISHED:]) < UNFINISHED:
                job_ids.append(fleet.submit(JOB))
            time.sleep(rng.random() * LONGEST_WAIT_S)
            fleet.kill(kind, rng)
        for job_id in job_ids:
            fleet.wait(job_id)
            assert fleet.job(job_id)["progress"]["trials_running"] == 0
            assert fleet.outcomes(job_id) == expected


@pytest.mark.timeout(60 + SMALL_JOBS)
def test_two_apis_and_two_workers_drain_a_queue_of_small_jobs(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with shared(tmp_path, postgres.migrated()) as fleet:
        for i in range(SMALL_JOBS):
            fleet.servers[i % 2].submit(SMALL | {"seed": i})

        def drained() -> bool:
            pages = (fleet.servers[0].http.get("/v1/jobs", params={"state": state}).json() for state in OPEN)
            return not any(page["items"] for page in pages)

        wait_for(drained, 30.0 + SMALL_JOBS, lambda: "the queue to be empty")
        states = Counter(job["state"] for job in fleet.servers[1].jobs())
        assert states == {"succeeded": SMALL_JOBS}
        for job in fleet.servers[1].jobs():
            assert sum(job["progress"][f"trials_{state}"] for state in ENDED) == SMALL["budget"]["trials"]
