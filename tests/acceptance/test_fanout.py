"""Two workers evaluate the rounds of a wide job together; the values equal those of a single worker."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.support.databases import PostgresServer
from tests.support.server import Json, Server, Worker, free_port, outcome, wait_for

WIDE: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 48, "steps": 1_000},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "none"},
    "confirmation": None,
    "seed": 31,
}


def metric(port: int, name: str) -> float:
    """Return the value of a metric without labels."""
    lines = httpx2.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_a_wide_job_is_shared_by_two_workers_and_has_the_values_of_one(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.migrated()
    ports = [free_port(), free_port()]
    workers = [
        Worker(tmp_path / f"worker{i}", url, environment={"STEPSIZE_WORKER_METRICS_PORT": str(port)})
        for i, port in enumerate(ports)
    ]
    with Server(tmp_path, "--no-worker", database_url=url, ready="/healthz") as api, workers[0]:
        alone = api.submit(WIDE)
        api.wait(alone)
        with workers[1]:
            wait_for(lambda: metric(api.port, "stepsize_workers") == 2, 60, lambda: "the second worker")
            both = api.submit(WIDE)
            api.wait(both)
            # How many each takes depends on the cores that either was given.
            assert sum(metric(port, "stepsize_worker_shards_lent_total") for port in ports) >= 1
        assert [outcome(t) for t in api.trials(both)] == [outcome(t) for t in api.trials(alone)]
