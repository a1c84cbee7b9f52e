"""Jobs on a real server, from POST to the answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.server import Json, Server, alive, wait_for, working

ROOT = Path(__file__).resolve().parents[2]

ROSENBROCK: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "search_space": {"optimizers": [{"kind": "adam"}], "schedules": [{"kind": "constant"}]},
    "budget": {"trials": 40, "steps": 200},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "none"},
    "confirmation": None,
}
LONG: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [128]}},
    "budget": {"trials": 64, "steps": 20_000},
    "pruner": {"kind": "none"},
    "sampler": {"kind": "random"},
}


def test_a_job_runs_from_post_to_a_recommendation_that_was_raced(server: Server) -> None:
    spec = ROSENBROCK | {"objective": ROSENBROCK["objective"] | {"noise": 0.1}}
    job_id = server.submit(spec | {"confirmation": {"top": 3, "replicates": 4}})
    job = server.wait(job_id)
    assert job["progress"]["fraction"] == 1.0
    assert job["best"] is not None
    body = server.http.get(f"/v1/jobs/{job_id}/recommendation").json()
    assert body["evidence"]["replicates"] == 4
    assert body["evidence"]["candidates"][0]["optimizer"] == body["optimizer"]
    assert {"adam at its defaults, constant"} <= {row["label"] for row in body["evidence"]["baselines"]}
    trial = server.trials(job_id)[job["best"]["number"]]
    trajectory = server.http.get(f"/v1/jobs/{job_id}/trials/{trial['number']}/trajectory").json()
    assert trajectory["step"] == list(range(201))
    assert trajectory["loss"][-1] == trial["value"]


def test_a_range_test_runs_from_post_to_its_suggestions(server: Server) -> None:
    body = {"objective": ROSENBROCK["objective"], "optimizer": {"kind": "adam"}, "high": 1.0}
    answer = server.http.post("/v1/range-tests", json=body)
    assert answer.status_code == 202
    server.wait(answer.json()["id"])
    job = server.http.get(answer.headers["location"]).json()
    assert job["state"] == "succeeded"
    assert len(job["result"]["learning_rate"]) == 100
    assert 1e-7 < job["result"]["suggestions"]["steepest"] < 1.0


def test_a_replay_by_a_worker_has_the_same_results(server: Server) -> None:
    job_id = server.submit(ROSENBROCK)
    server.wait(job_id)
    answer = server.http.post(f"/v1/jobs/{job_id}/trials/7/replay")
    assert answer.status_code == 202

    def replay() -> Json:
        body: Json = server.http.get(answer.headers["location"]).json()
        return body

    wait_for(lambda: replay()["state"] == "succeeded", 20, lambda: f"the replay to end: {replay()}")
    assert replay()["identical"] is True
    assert replay()["difference"] is None


def test_equal_spec_and_seed_give_equal_trials(server: Server) -> None:
    first, second = (server.submit(ROSENBROCK) for _ in range(2))
    other = server.submit(ROSENBROCK | {"seed": 1})
    values = []
    for job_id in (first, second, other):
        server.wait(job_id)
        values.append([trial["value"] for trial in server.trials(job_id)])
    assert values[0] == values[1] != values[2]


def test_a_cancel_stops_a_batch_that_runs_for_minutes(server: Server) -> None:
    job_id = server.submit(LONG)
    wait_for(lambda: server.job(job_id)["progress"]["trials_running"] > 0, 60, lambda: "its first batch")
    spawned = {pid for pid, command in server.family().items() if "multiprocessing.spawn" in command}
    wait_for(lambda: len(working(spawned, 0.2)) >= 2, 60, lambda: "both processes to evaluate")
    assert server.http.post(f"/v1/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    # Spare processes had nothing of the job, and stay. How fast it is, `python -m benchmarks http` shows.
    wait_for(lambda: len(spawned - alive(spawned)) >= 2, 20, lambda: "the running batch to be killed")
    wait_for(lambda: not working(alive(spawned), 0.2), 20, lambda: "all processes to be idle")
    quick = server.submit(ROSENBROCK)  # runs on the processes that took their place
    server.wait(quick)
    assert {trial["state"] for trial in server.trials(job_id)} <= {"failed", "completed"}
    assert server.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert server.http.get(f"/v1/jobs/{job_id}").status_code == 404


def test_a_resumed_job_keeps_its_completed_trials(server: Server) -> None:
    spec = LONG | {"budget": {"trials": 48, "steps": 300}, "sampler": {"kind": "tpe"}, "confirmation": None}
    job_id = server.submit(spec)
    server.wait_for_trials(job_id, 1)
    paused = server.http.post(f"/v1/jobs/{job_id}/pause")
    assert paused.status_code == 200
    assert paused.json()["progress"]["fraction"] < 1
    kept = {trial["number"]: trial for trial in server.trials(job_id) if trial["state"] == "completed"}
    assert server.http.post(f"/v1/jobs/{job_id}/resume").status_code == 200
    server.wait(job_id)
    after = {trial["number"]: trial for trial in server.trials(job_id)}
    assert len(after) == 48
    assert kept.items() <= after.items()


def test_a_budget_of_seconds_ends_the_search_and_says_so(server: Server) -> None:
    spec = LONG | {"budget": {"trials": 5_000, "steps": 100, "seconds": 0.5}, "confirmation": None}
    job_id = server.submit(spec)
    job = server.wait(job_id)
    assert "budget.seconds" in job["reason"]
    assert 0 < job["progress"]["trials_completed"] < 5_000


def test_a_job_whose_every_trial_diverges_succeeds_without_an_answer(server: Server) -> None:
    space = {"optimizers": [{"kind": "sgd", "learning_rate": 1000.0}], "schedules": [{"kind": "constant"}]}
    job_id = server.submit(ROSENBROCK | {"search_space": space})
    job = server.wait(job_id)
    assert job["best"] is None
    assert "diverged" in job["reason"]
    assert job["progress"]["trials_diverged"] == 40
    assert server.http.get(f"/v1/jobs/{job_id}/recommendation").status_code == 409


def test_events_tell_the_whole_story_and_resume_after_an_id(server: Server) -> None:
    job_id = server.submit(ROSENBROCK)
    with server.http.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
        story = _events(stream.iter_lines())  # ends by itself: the stream closes after the final state
    kinds = [event["event"] for event in story]
    ids = [int(event["id"]) for event in story]
    assert ids == sorted(set(ids))
    assert kinds.count("trial") == 40
    states = [json.loads(event["data"])["state"] for event in story if event["event"] == "state"]
    assert states == ["queued", "running", "succeeded"]
    headers = {"Last-Event-ID": str(ids[-3])}
    with server.http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as stream:
        assert [int(event["id"]) for event in _events(stream.iter_lines())] == ids[-2:]


def test_the_command_line_submits_watches_and_reports(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text(json.dumps(ROSENBROCK | {"confirmation": {"top": 2, "replicates": 2}}))
    url = str(server.http.base_url)
    run = _stepsize("submit", str(file), "--server", url)
    assert run.returncode == 0, run.stderr
    watched = _stepsize("watch", run.stdout.strip(), "--server", url)
    assert watched.returncode == 0, watched.stderr
    assert "Recommended for 200 steps" in watched.stdout
    assert "succeeded, 100 %" in watched.stderr
    assert "\r" not in watched.stderr
    assert len(watched.stderr.splitlines()) < 30


def test_the_command_line_reports_the_fields_that_the_server_refused(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text(json.dumps(ROSENBROCK | {"budget": {"trials": 0}}))
    refused = _stepsize("submit", str(file), "--server", str(server.http.base_url))
    assert refused.returncode == 1
    assert "/budget/trials" in refused.stderr
    unreachable = _stepsize("submit", str(file), "--server", "http://127.0.0.1:9")
    assert unreachable.returncode == 1
    assert "stepsize serve" in unreachable.stderr


def test_a_second_server_on_the_same_file_refuses_and_says_why(server: Server) -> None:
    url = f"sqlite:///{server.folder / 'jobs.db'}"
    second = _stepsize("serve", "--port", "0", "--database-url", url)
    assert second.returncode == 1
    assert "another server uses" in second.stderr


def test_a_server_open_to_other_machines_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    refused = _stepsize("serve", "--host", "0.0.0.0", "--database-url", url)
    assert refused.returncode == 2
    assert "STEPSIZE_ALLOW_OPEN" in refused.stderr


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite://", "nonsense"])
def test_a_database_that_cannot_be_used_is_refused(url: str) -> None:
    refused = _stepsize("serve", "--database-url", url)
    assert refused.returncode == 2
    assert "database_url" in refused.stderr


def test_readiness_needs_a_worker(settings: Settings, tmp_path: Path) -> None:
    url = settings.database_url
    with Server(tmp_path, "--no-worker", database_url=url, ready="/healthz") as alone:
        assert alone.http.get("/readyz").status_code == 503
        assert "stepsize worker" in alone.http.get("/readyz").json()["detail"]


def _stepsize(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def _events(lines: Iterator[str]) -> list[Json]:
    story: list[Json] = []
    event: Json = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        else:
            if "data" in event:  # else a comment or the time to wait before a retry
                story.append(event)
            event = {}
    return story
