"""A killed server changes no trial of any sampler: a job of each, all under way at once."""

from __future__ import annotations

from pathlib import Path

from app.spec.job import JobSpec
from app.tuning.samplers import SAMPLERS
from tests.acceptance.server import Json, Server
from tests.tuning.jobs import search

ADAM: Json = {"kind": "adam", "beta1": {"low": 0.5, "high": 0.99}}
CELLS: Json = {
    "kind": "adam",
    "learning_rate": {"choices": [0.001, 0.01, 0.1]},
    "beta1": {"low": 0.0, "high": 0.95, "step": 0.05},
}


def job(kind: str) -> Json:
    """Three rounds or four of a sampler, each of a fifth of a second."""
    return {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "search_space": {
            "optimizers": [CELLS if kind == "grid" else ADAM],
            "schedules": [{"kind": "constant"}],
        },
        "budget": {"trials": 64, "steps": 3000},
        "sampler": {"kind": kind},
        "confirmation": None,
        "seed": 5,
    }


def test_a_killed_server_changes_no_trial_of_any_sampler(tmp_path: Path) -> None:
    """First while a first round is evaluated, then while every job is within its search."""
    with Server(tmp_path) as server:
        ids = {kind: server.submit(job(kind)) for kind in ("auto", *SAMPLERS)}
        server.wait_for_trials(ids["auto"], 1)
        server.kill()
        server.start()
        for job_id in ids.values():
            server.wait_for_trials(job_id, 1)
        assert {server.job(job_id)["state"] for job_id in ids.values()} == {"running"}
        server.kill()
        server.start()
        for job_id in ids.values():
            server.wait(job_id)
        found = {kind: server.trials(job_id) for kind, job_id in ids.items()}
    for kind, trials in found.items():
        expected = search(JobSpec.model_validate(job(kind)))  # nobody disturbs it in this process
        assert [(trial["number"], trial["params"], trial["state"], trial["value"]) for trial in trials] == [
            (trial.number, trial.configuration.params, trial.state.value, trial.value) for trial in expected
        ], kind
