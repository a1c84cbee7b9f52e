"""The server as a program: how it starts, stops and shares."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.support.databases import PostgresServer
from tests.support.server import Json, Server, alive, outcome, wait_for

LONG: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 96, "steps": 1000},
    "sampler": {"kind": "tpe"},
    "confirmation": None,
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_quick_and_quiet_although_a_job_runs_and_a_stream_is_open(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Server(tmp_path) as server:
        job_id = server.submit(LONG)
        server.wait_for_trials(job_id, 1)
        family = set(server.family())
        with server.http.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            next(stream.iter_lines())
            assert server.process is not None
            begun = time.monotonic()
            server.process.send_signal(number)
            assert server.process.wait(timeout=20) == 0
        assert time.monotonic() - begun < 10
        wait_for(lambda: not alive(family), 10, lambda: "every process to be gone")
        log = server.log.read_text()
        for word in ("Traceback", "WARNING", "ERROR"):
            assert word not in log, log


def test_the_api_alone_works_on_a_fresh_file(tmp_path: Path) -> None:
    with Server(tmp_path, "--no-worker", ready="/healthz") as alone:
        job_id = alone.submit(LONG)
        assert alone.job(job_id)["state"] == "queued"


def test_a_second_worker_on_a_sqlite_file_is_refused(tmp_path: Path) -> None:
    with Server(tmp_path):
        command = [
            *(sys.executable, "-m", "app", "worker"),
            "--database-url",
            f"sqlite:///{tmp_path / 'jobs.db'}",
        ]
        second = subprocess.run(
            command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False
        )
        assert second.returncode == 1, second.stderr
        assert "another worker uses" in second.stderr


def test_a_port_in_use_is_reported_at_once(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        command = [*(sys.executable, "-m", "app", "serve"), "--port", str(server.port)]
        environment = os.environ | {"STEPSIZE_DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}"}
        second = subprocess.run(
            command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert second.returncode == 2, second.stderr
        assert "choose another --port" in second.stderr


def test_a_job_continues_after_its_queue_database_is_lost(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        undisturbed = server.submit(LONG)
        server.wait(undisturbed)
        job_id = server.submit(LONG)
        server.wait_for_trials(job_id, 17)
        server.kill()
        for file in tmp_path.glob("jobs.db-queue*"):
            file.unlink()
        server.start()
        server.wait(job_id, within_s=120)
        assert [outcome(t) for t in server.trials(job_id)] == [outcome(t) for t in server.trials(undisturbed)]


def test_events_reach_a_client_of_another_api_process_soon(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.migrated()
    (tmp_path / "second").mkdir()
    with (
        Server(tmp_path, database_url=url) as first,
        Server(tmp_path / "second", "--no-worker", database_url=url) as second,
    ):
        job_id = first.submit(LONG)
        first.wait_for_trials(job_id, 1)
        with second.http.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            lines = stream.iter_lines()
            first.http.post(f"/v1/jobs/{job_id}/cancel")
            begun = time.monotonic()
            for line in lines:
                if '"cancelled"' in line:
                    break
            assert time.monotonic() - begun < 5  # a second, and what a busy machine adds


def test_a_job_of_a_higher_priority_runs_before_earlier_jobs(tmp_path: Path) -> None:
    environment = {"STEPSIZE_CONCURRENT_JOBS": "1"}
    with Server(tmp_path, environment=environment) as server:
        running = server.submit(LONG)
        server.wait(running, "running")
        low = server.submit(LONG | {"priority": -5})
        high = server.submit(LONG | {"priority": 5})
        server.http.post(f"/v1/jobs/{running}/cancel")
        server.wait(high, "running")
        assert server.job(low)["state"] == "queued"


def test_a_stopping_api_answers_the_requests_in_flight(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        statuses: list[int] = []
        job_id = server.submit(LONG)
        assert server.process is not None
        for i in range(200):
            if i == 100:
                server.process.send_signal(signal.SIGTERM)
            try:
                statuses.append(server.http.get(f"/v1/jobs/{job_id}").status_code)
            except httpx2.TransportError:
                break  # refused: the listening socket is closed
        assert set(statuses) == {200}
