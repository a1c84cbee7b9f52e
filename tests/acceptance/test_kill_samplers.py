"""A killed server changes no trial of any sampler: it is killed during the search of a job of each."""

from __future__ import annotations

from pathlib import Path

from app.spec.job import JobSpec
from app.tuning.samplers import SAMPLERS
from tests.support.jobs import search
from tests.support.server import Json, Server

ADAM: Json = {"kind": "adam", "beta1": {"low": 0.5, "high": 0.99}}
CELLS: Json = {
    "kind": "adam",
    "learning_rate": {"choices": [0.001, 0.01, 0.1]},
    "beta1": {"low": 0.0, "high": 0.975, "step": 0.025},
}

AHEAD = ("grid", "qmc", "random")  # which wait for no value, and so ask for a large round at once
ATTEMPTS = 3  # to meet every job within its search


def job(kind: str) -> Json:
    """Return a job of several rounds that takes about a second on an idle machine."""
    return {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "search_space": {
            "optimizers": [CELLS if kind == "grid" else ADAM],
            "schedules": [{"kind": "constant"}],
        },
        "budget": {"trials": 96, "steps": 6000 if kind in AHEAD else 2000},
        "sampler": {"kind": kind},
        "confirmation": None,
        "seed": 5,
    }


def under_way(server: Server, ids: dict[str, str]) -> set[str]:
    """Return the kinds of the jobs within their search, once every job has ended a trial."""
    for job_id in ids.values():
        server.wait_for_trials(job_id, 1)
    return {kind for kind, job_id in ids.items() if server.job(job_id)["state"] == "running"}


def test_a_killed_server_changes_no_trial_of_any_sampler(tmp_path: Path) -> None:
    """First while a first round is evaluated, then while the jobs are within their searches.

    They are submitted to a server that is up: while one starts, a whole search may go by unseen. A job that
    has ended before the last has begun is submitted again.
    """
    with Server(tmp_path) as server:
        ids = {"auto": server.submit(job("auto"))}
        server.wait(ids["auto"], "running")
        server.kill()
        server.start()
        missed = set(SAMPLERS)
        for _ in range(ATTEMPTS):
            submitted = {kind: server.submit(job(kind)) for kind in sorted(missed)}
            missed -= under_way(server, submitted)
            server.kill()
            server.start()
            ids |= submitted
            if not missed:
                break
        assert not missed
        for job_id in ids.values():
            server.wait(job_id)
        trials_by_kind = {kind: server.trials(job_id) for kind, job_id in ids.items()}
    for kind, trials in trials_by_kind.items():
        expected = search(JobSpec.model_validate(job(kind)))  # undisturbed, in this process
        assert [(trial["number"], trial["params"], trial["state"], trial["value"]) for trial in trials] == [
            (trial.number, trial.configuration.params, trial.state.value, trial.value) for trial in expected
        ], kind
