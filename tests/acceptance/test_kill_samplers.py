"""A killed server changes no trial of any sampler: each is killed within a search of its own."""

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
    "beta1": {"low": 0.0, "high": 0.975, "step": 0.025},
}

AHEAD = ("grid", "qmc", "random")  # which wait for no value, and so ask for a large round at once


def job(kind: str) -> Json:
    """A search of two seconds or so, in which a killed server has rounds behind it and rounds to go."""
    return {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "search_space": {
            "optimizers": [CELLS if kind == "grid" else ADAM],
            "schedules": [{"kind": "constant"}],
        },
        "budget": {"trials": 128, "steps": 12_000 if kind in AHEAD else 3000},
        "sampler": {"kind": kind},
        "confirmation": None,
        "seed": 5,
    }


def test_a_killed_server_changes_no_trial_of_any_sampler(tmp_path: Path) -> None:
    """First while a first round is evaluated, then once within the search of each sampler.

    A job is submitted when the server is up again: while it starts, a whole search may go by unseen.
    """
    with Server(tmp_path) as server:
        ids = {"auto": server.submit(job("auto"))}
        server.wait(ids["auto"], "running")
        server.kill()
        server.start()
        for kind in SAMPLERS:
            ids[kind] = server.submit(job(kind))
            server.wait_for_trials(ids[kind], 1)
            assert server.job(ids[kind])["state"] == "running"
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
