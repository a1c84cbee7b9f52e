"""The disk of a SQLite database fills up during a job: the server reports it, and the job continues later."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.support.server import Json, Server, outcome, wait_for

# The job stores 8 MB, twice the size of SQLite's log, which is used again when the disk is full.
JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [16]}},
    "search_space": {"batch_size": 32},
    "budget": {"trials": 256, "steps": 1000},
    "sampler": {"kind": "tpe"},
    "pruner": {"kind": "none"},
    "confirmation": None,
    "seed": 29,
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root and its capabilities")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Yield a file that takes the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return ballast


def test_a_job_continues_once_a_full_disk_has_free_space_again(small_disk: Path, tmp_path: Path) -> None:
    with Server(tmp_path, database_url=f"sqlite:///{small_disk / 'jobs.db'}") as server:
        undisturbed = server.submit(JOB)
        server.wait(undisturbed)
        disturbed = server.submit(JOB)
        server.wait_for_trials(disturbed, 1)
        refused: list[httpx2.Response] = []

        def full() -> bool:
            # Freed pages of the file are used again: only more and more jobs need new ones for certain.
            answer = server.http.post("/v1/jobs", json=JOB | {"priority": -100})
            refused.append(answer)
            return answer.status_code == 503

        ballast = fill(small_disk)
        wait_for(full, 20.0, lambda: f"a refusal: {refused[-1].text}")
        assert "disk of the database is full" in refused[-1].json()["detail"]
        wait_for(
            lambda: server.log.read_text().count("disk is full") > 3, 20.0, lambda: "the worker's complaint"
        )
        assert server.job(disturbed)["state"] == "running"
        ballast.unlink()
        server.wait(disturbed)
        trials = [outcome(trial) for trial in server.trials(disturbed)]
        assert trials == [outcome(trial) for trial in server.trials(undisturbed)]
