"""The real `optuna-dashboard` shows an exported job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.support.server import Json, Server, free_port, wait_for

JOB: Json = {
    "objective": {"kind": "classification", "dataset": "iris", "model": {"kind": "linear"}},
    "budget": {"trials": 27, "steps": 40},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "successive_halving"},
    "confirmation": None,
}


@pytest.fixture(scope="module")
def exported(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Json]]:
    """Return the storage file of a job that ran, and its trials."""
    job_id = server.submit(JOB)
    server.wait(job_id)
    path = tmp_path_factory.mktemp("study") / "study.db"
    path.write_bytes(server.http.get(f"/v1/jobs/{job_id}/export?format=optuna").content)
    return path, server.trials(job_id)


def test_optuna_dashboard_shows_the_study_and_its_trials(exported: tuple[Path, list[Json]]) -> None:
    path, trials = exported
    port = free_port()
    command = [str(Path(sys.executable).with_name("optuna-dashboard")), f"sqlite:///{path}"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            wait_for(lambda: _answers(http), 60, lambda: "optuna-dashboard")
            (study,) = http.get("/api/studies").json()["study_summaries"]
            shown = http.get(f"/api/studies/{study['study_id']}").json()["trials"]
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert len(shown) == len(trials) == 27
    for ours, theirs in zip(trials, shown, strict=True):
        assert theirs["number"] == ours["number"]
        assert theirs["state"] == {"completed": "Complete", "pruned": "Pruned"}[ours["state"]]
        assert {param["name"]: param["param_internal_value"] for param in theirs["params"]}.keys() == ours[
            "params"
        ].keys()
        assert theirs.get("values") == (None if ours["value"] is None else [ours["value"]])
        assert theirs["intermediate_values"]  # the rungs
    assert {trial["state"] for trial in shown} == {"Complete", "Pruned"}


def _answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/api/studies").is_success
    except httpx2.TransportError:
        return False
