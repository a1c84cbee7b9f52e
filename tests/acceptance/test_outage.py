"""The database stops during a job and starts again; the job ends with the same values."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import PostgresServer
from tests.support.server import Json, Server, outcome

OUTAGE_S = float(os.environ.get("STEPSIZE_CHAOS_OUTAGE_S", "5"))  # the long form: 20
JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 48, "steps": 600},
    "sampler": {"kind": "tpe"},
    "confirmation": None,
    "seed": 5,
}


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server that no other test uses, to be stopped."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = PostgresServer(Path(folder))
        yield server
        server.close()


def test_a_job_ends_although_postgresql_was_away_for_a_while(
    own_postgres: PostgresServer, tmp_path: Path
) -> None:
    with Server(tmp_path, database_url=own_postgres.migrated()) as server:
        undisturbed = server.submit(JOB)
        server.wait(undisturbed, within_s=200)
        disturbed = server.submit(JOB)
        server.wait_for_trials(disturbed, 10)
        own_postgres.stop()
        assert server.http.get("/readyz").status_code == 503
        assert server.http.get("/healthz").status_code == 200
        lost = server.http.get(f"/v1/jobs/{disturbed}")
        assert lost.status_code == 503
        assert lost.json()["type"] == "/problems/not-ready"
        time.sleep(OUTAGE_S)
        own_postgres.restart()
        server.wait(disturbed, within_s=200)
        assert [outcome(trial) for trial in server.trials(disturbed)] == [
            outcome(trial) for trial in server.trials(undisturbed)
        ]
