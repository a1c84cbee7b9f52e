"""Trials and trajectories over HTTP."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.settings import Settings
from tests.support.stored_jobs import store_running_job


def test_a_trial_has_every_key_of_the_contract(client: TestClient, finished: str) -> None:
    trial = client.get(f"/v1/jobs/{finished}/trials/2").json()
    assert {
        *("number", "state", "value", "optimizer", "schedule", "params", "batch_size", "seed", "round"),
        *("steps_done", "reason", "created_at", "started_at", "finished_at"),
    } <= set(trial)
    assert (trial["state"], trial["value"], trial["reason"]) == ("diverged", None, "diverged at step 3")
    assert trial["optimizer"]["kind"] == "adam"


def test_trials_by_value_are_best_first_with_nulls_last(client: TestClient, finished: str) -> None:
    items = client.get(f"/v1/jobs/{finished}/trials?order_by=value").json()["items"]
    assert [(trial["number"], trial["value"]) for trial in items] == [(1, 0.25), (0, 0.5), (2, None)]


@pytest.mark.parametrize("order", ["number", "value"])
def test_trials_page_without_gap_or_repeat(client: TestClient, finished: str, order: str) -> None:
    path = f"/v1/jobs/{finished}/trials"
    whole = [trial["number"] for trial in client.get(path, params={"order_by": order}).json()["items"]]
    seen: list[int] = []
    token = None
    for _ in whole:
        query = {"order_by": order, "limit": "1"} | ({"page_token": token} if token else {})
        page = client.get(path, params=query).json()
        seen += [trial["number"] for trial in page["items"]]
        token = page["next_page_token"]
    assert (seen, token) == (whole, None)


def test_trials_filter_by_state(client: TestClient, finished: str) -> None:
    items = client.get(f"/v1/jobs/{finished}/trials?state=diverged").json()["items"]
    assert [trial["number"] for trial in items] == [2]


@pytest.mark.parametrize("number", ["3", "-1", "abc", "1.5", "99999999999999999999", "%00", "1e3"])
def test_a_number_that_names_no_trial_is_404(client: TestClient, finished: str, number: str) -> None:
    for path in (f"/v1/jobs/{finished}/trials/{number}", f"/v1/jobs/{finished}/trials/{number}/trajectory"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/trial-not-found"
        way_out = "trials lists them" if number.isdigit() else "must be a whole number from 0 on"
        assert way_out in answer.json()["detail"]


def test_a_trajectory_is_equally_long_arrays_with_null_for_no_number(
    client: TestClient, finished: str
) -> None:
    trajectory = client.get(f"/v1/jobs/{finished}/trials/0/trajectory").json()
    assert {len(column) for column in trajectory.values()} == {11}
    assert trajectory["learning_rate"][-1] is None
    assert trajectory["validation_loss"][0] is None
    assert len(trajectory["parameters"][0]) == 2


def test_points_limits_the_rows_of_a_trajectory(client: TestClient, finished: str) -> None:
    trajectory = client.get(f"/v1/jobs/{finished}/trials/0/trajectory?points=6").json()
    assert len(trajectory["step"]) <= 6
    assert (trajectory["step"][0], trajectory["step"][-1]) == (0, 10)


def test_a_trajectory_is_csv_if_the_client_prefers_csv(client: TestClient, finished: str) -> None:
    path = f"/v1/jobs/{finished}/trials/0/trajectory"
    trajectory = client.get(path).json()
    answer = client.get(path, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "Accept" in answer.headers["vary"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [float(row["loss"]) for row in rows] == trajectory["loss"]
    assert rows[-1]["learning_rate"] == ""
    assert [float(row["parameters_1"]) for row in rows] == [point[1] for point in trajectory["parameters"]]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html", "text/csv;q=0.5, application/json", "text/csv;q=x"]
)
def test_a_trajectory_is_json_otherwise(client: TestClient, finished: str, accept: str) -> None:
    answer = client.get(f"/v1/jobs/{finished}/trials/0/trajectory", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/json"


def test_a_trial_without_a_stored_trajectory_is_404(
    client: TestClient, db: Database, settings: Settings
) -> None:
    answer = client.get(f"/v1/jobs/{store_running_job(db, settings)}/trials/0/trajectory")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/trajectory-not-found"


def test_trajectories_come_from_the_best_trials(client: TestClient, finished: str) -> None:
    body = client.get(f"/v1/jobs/{finished}/trajectories?top=5&points=4").json()
    assert [item["number"] for item in body["items"]] == [1, 0]
    assert all(len(item["trajectory"]["step"]) <= 4 for item in body["items"])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "order_by=loss", "state=done", "points=1", "top=0"]
)
def test_a_query_out_of_bounds_is_422_with_a_pointer_to_the_parameter(
    client: TestClient, finished: str, query: str
) -> None:
    name = query.split("=")[0]
    path = "trajectories" if name in ("points", "top") else "trials"
    answer = client.get(f"/v1/jobs/{finished}/{path}?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{name}"]
