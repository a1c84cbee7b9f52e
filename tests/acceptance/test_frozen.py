"""Another worker continues the jobs of a frozen worker, which changes nothing of them once thawed."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.support.databases import PostgresServer
from tests.support.server import Json, Server, Worker, outcome

FROZEN_S = float(os.environ.get("STEPSIZE_CHAOS_FROZEN_S", "0"))  # at the least; the long form: a minute
SILENCE = {"STEPSIZE_WORKER_SILENCE_S": "2"}
JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 48, "steps": 150},
    "sampler": {"kind": "tpe"},
    "confirmation": None,
    "seed": 17,
}


def test_another_worker_continues_the_jobs_of_a_frozen_worker_which_changes_nothing_once_thawed(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.migrated()
    with (
        Worker(tmp_path / "one", url, environment=SILENCE) as frozen,
        Server(tmp_path, "--no-worker", database_url=url) as api,
    ):
        job_id = api.submit(JOB)
        api.wait_for_trials(job_id, 3)
        with Worker(tmp_path / "two", url, environment=SILENCE) as two:
            frozen.freeze()
            begun = time.monotonic()
            first = api.wait(job_id)
            trials = api.trials(job_id)
            assert "gives no sign of life" in two.log.read_text()
            time.sleep(max(0.0, FROZEN_S - (time.monotonic() - begun)))
            frozen.freeze(False)
            again = api.submit(JOB)
            two.stop()  # what is left of the second job is for the thawed one
            api.wait(again)
        assert api.job(job_id) == first
        assert api.trials(job_id) == trials
        assert [outcome(trial) for trial in api.trials(again)] == [outcome(trial) for trial in trials]
