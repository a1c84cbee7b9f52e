"""Twenty kills at random moments, of any process, on either database: nothing is lost or changed."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.server import Json, Server, outcome, wait_for
from tests.databases import Databases

ROUNDS = int(os.environ.get("STEPSIZE_CHAOS_ROUNDS", "20"))
LONGEST_WAIT_S = 1.0  # between two kills
VICTIMS = {"server": " serve ", "api": " api ", "worker": " worker ", "pool": "multiprocessing.spawn"}
UNFINISHED = 2  # jobs, at the least, whenever something is killed
JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [32]}},
    "budget": {"trials": 64, "steps": 600},
    "sampler": {"kind": "tpe"},
    "confirmation": {"top": 2, "replicates": 2},
    "seed": 23,
}


@pytest.mark.timeout(600)
def test_no_kill_at_any_moment_changes_a_value(databases: Databases, tmp_path: Path) -> None:
    rng = random.Random(7)
    with Server(tmp_path, database_url=databases.migrated(tmp_path)) as server:
        undisturbed = server.submit(JOB)
        server.wait(undisturbed)
        job_ids: list[str] = []
        kinds = (list(VICTIMS) * ROUNDS)[:ROUNDS]
        rng.shuffle(kinds)
        for kind in kinds:
            while sum(not ended(server, job_id) for job_id in job_ids[-UNFINISHED:]) < UNFINISHED:
                job_ids.append(server.submit(JOB))
            kill(server, kind, rng)
        ended(server, undisturbed)  # the API answers again
        expected = [outcome(trial) for trial in server.trials(undisturbed)]
        for job_id in job_ids:
            job = server.wait(job_id, within_s=180)
            assert job["progress"]["trials_running"] == 0
            assert [outcome(trial) for trial in server.trials(job_id)] == expected


def ended(server: Server, job_id: str) -> bool:
    """Whether the job has ended; the API may just have been killed."""
    state = ""

    def answered() -> bool:
        nonlocal state
        try:
            state = server.job(job_id)["state"]
        except httpx.TransportError:
            return False
        return True

    wait_for(answered, 20.0, lambda: "the API after a kill")
    return state == "succeeded"


def kill(server: Server, kind: str, rng: random.Random) -> None:
    """Waits a random while, then kills a random process of that kind, as soon as there is one."""
    time.sleep(rng.random() * LONGEST_WAIT_S)

    def candidates() -> list[int]:
        return sorted(pid for pid, command in server.family().items() if VICTIMS[kind] in f"{command} ")

    wait_for(lambda: bool(candidates()), 20.0, lambda: f"a process of the {kind} after the last kill")
    if kind == "server":
        server.kill()
        server.start()
    else:
        os.kill(rng.choice(candidates()), signal.SIGKILL)
