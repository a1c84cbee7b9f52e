"""A killed server, worker or pool process loses nothing and changes nothing, on either database."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from tests.support.databases import Databases
from tests.support.server import Json, Server, alive, outcome, wait_for

JOB: Json = {
    "objective": {
        "kind": "classification",
        "dataset": "digits",
        "model": {"kind": "mlp", "hidden": [32], "activation": "relu"},
    },
    "search_space": {"batch_size": {"choices": [32, 128]}},
    "budget": {"trials": 112, "steps": 200},  # so many that rounds are asked ahead
    "sampler": {"kind": "tpe"},
    "confirmation": {"top": 2, "replicates": 2},
    "seed": 11,
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Json], Json]:
    """Return the trials and the recommendation of the undisturbed job, on SQLite, for both databases."""
    with Server(tmp_path_factory.mktemp("undisturbed")) as server:
        job_id = server.submit(JOB)
        server.wait(job_id)
        return server.trials(job_id), server.http.get(f"/v1/jobs/{job_id}/recommendation").json()


def check(server: Server, job_id: str, undisturbed: tuple[list[Json], Json]) -> None:
    """Require that the job ended with exactly its trials and the values of the undisturbed job."""
    trials, recommendation = undisturbed
    outcomes = server.trials(job_id)
    assert [trial["number"] for trial in outcomes] == list(range(JOB["budget"]["trials"]))
    assert [outcome(trial) for trial in outcomes] == [outcome(trial) for trial in trials]
    assert server.http.get(f"/v1/jobs/{job_id}/recommendation").json() == recommendation
    assert server.job(job_id)["progress"]["trials_running"] == 0


def test_a_killed_server_leaves_no_orphan_and_its_job_ends_with_the_same_values(
    databases: Databases, tmp_path: Path, undisturbed: tuple[list[Json], Json]
) -> None:
    with Server(tmp_path, database_url=databases.migrated(tmp_path)) as server:
        job_id = server.submit(JOB)
        for ended in (1, 70):  # in the first round, and in one while another runs
            server.wait_for_trials(job_id, ended)
            assert len(server.family()) >= 5  # supervisor, API, worker, two pool processes
            server.kill()  # waits for each of them to be gone
            server.start()
        server.wait(job_id)
        check(server, job_id, undisturbed)


@pytest.mark.parametrize("victim", [" worker ", "multiprocessing.spawn"])
def test_a_killed_process_is_replaced_and_the_job_ends_with_the_same_values(
    databases: Databases, tmp_path: Path, undisturbed: tuple[list[Json], Json], victim: str
) -> None:
    rng = random.Random(3)
    with Server(tmp_path, database_url=databases.migrated(tmp_path)) as server:
        job_id = server.submit(JOB)
        server.wait_for_trials(job_id, 5)
        targets = [pid for pid, command in server.family().items() if victim in command]
        assert targets
        os.kill(rng.choice(targets), signal.SIGKILL)
        server.wait(job_id)
        check(server, job_id, undisturbed)


def test_the_next_server_continues_the_job_of_a_stopped_server(
    databases: Databases, tmp_path: Path, undisturbed: tuple[list[Json], Json]
) -> None:
    with Server(tmp_path, database_url=databases.migrated(tmp_path)) as server:
        job_id = server.submit(JOB)
        server.wait_for_trials(job_id, 5)
        family = set(server.family())
        assert server.stop() == 0
        wait_for(lambda: not alive(family), 10, lambda: "every process to be gone")
        server.start()
        server.wait(job_id)
        check(server, job_id, undisturbed)


def test_a_replay_survives_a_killed_server(tmp_path: Path) -> None:
    trial = {"budget": {"trials": 1, "steps": 2000}, "sampler": {"kind": "random"}, "confirmation": None}
    with Server(tmp_path) as server:
        job_id = server.submit(JOB | trial)
        server.wait(job_id)
        address = server.http.post(f"/v1/jobs/{job_id}/trials/0/replay").headers["location"]

        def replay() -> Json:
            body: Json = server.http.get(address).json()
            return body

        wait_for(lambda: replay()["state"] != "queued", 20, lambda: "the replay to run")
        server.kill()
        server.start()
        wait_for(lambda: replay()["state"] == "succeeded", 60, lambda: f"the replay to end: {replay()}")
        assert replay()["identical"] is True
