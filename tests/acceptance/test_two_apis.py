"""Two API processes on one database act as one: a key makes one job, and both stream its events."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.support.databases import Databases
from tests.support.server import Json, Server

CLIENTS = 8
ROUNDS = 5
SPEC: Json = {"objective": {"kind": "function", "name": "rosenbrock"}}


@pytest.fixture
def pair(databases: Databases, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two API processes without a worker."""
    url = databases.migrated(tmp_path)
    folders = (tmp_path / "one", tmp_path / "two")
    for folder in folders:
        folder.mkdir()
    first, two = (Server(folder, "--no-worker", database_url=url, ready="/healthz") for folder in folders)
    with first, two:
        yield first, two


def test_eight_clients_at_once_with_one_key_make_one_job(pair: tuple[Server, Server]) -> None:
    together = threading.Barrier(CLIENTS)

    def submit(client: int, key: str) -> tuple[int, str]:
        together.wait(timeout=30)
        answer = pair[client % 2].http.post("/v1/jobs", json=SPEC, headers={"Idempotency-Key": key})
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(ROUNDS):
            key = str(uuid.uuid4())
            answers = set(pool.map(submit, range(CLIENTS), [key] * CLIENTS))
            assert len(answers) == 1
            assert answers.pop()[0] == 202
    assert len(pair[0].http.get("/v1/jobs").json()["items"]) == ROUNDS


def test_a_stream_of_one_process_soon_has_an_event_of_the_other(
    pair: tuple[Server, Server],
) -> None:
    here, there = pair
    job_id = here.submit(SPEC)
    seen: dict[str, float] = {}
    connected = threading.Event()

    def follow() -> None:
        with httpx2.stream("GET", f"http://127.0.0.1:{there.port}/v1/jobs/{job_id}/events") as answer:
            for line in answer.iter_lines():
                connected.set()
                for state in ("paused", "cancelled"):
                    if line.startswith("data:") and f'"state": "{state}"' in line:
                        seen.setdefault(state, time.monotonic())

    reader = threading.Thread(target=follow)
    reader.start()
    assert connected.wait(10)
    asked = {}
    for verb, state in (("pause", "paused"), ("cancel", "cancelled")):
        asked[state] = time.monotonic()
        assert here.http.post(f"/v1/jobs/{job_id}/{verb}").status_code == 200
    reader.join(timeout=30)
    assert not reader.is_alive()  # the stream closes after the final state
    # A second, and what a busy machine adds.
    assert all(seen[state] - asked[state] < 5.0 for state in asked), (seen, asked)
