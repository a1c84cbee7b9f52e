"""Importances over HTTP."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.db.queries import jobs as table
from app.db.queries import trials
from app.domain.states import TrialState
from app.services import importances
from app.settings import Settings
from tests.support.stored_jobs import BODY, store_finished_job, store_searched_job


def test_the_shares_of_a_searched_job_add_up_to_one(
    client: TestClient, db: Database, settings: Settings
) -> None:
    job_id = store_searched_job(db, settings, 60)
    items = client.get(f"/v1/jobs/{job_id}/importances").json()["items"]
    assert {"optimizer", "schedule", "batch_size", "adam.learning_rate", "momentum.learning_rate"} <= {
        item["name"] for item in items
    }
    shares = [item["importance"] for item in items]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)
    assert items[0]["name"] in ("adam.learning_rate", "momentum.learning_rate")


@pytest.mark.parametrize("state", [TrialState.DIVERGED, TrialState.PRUNED, TrialState.FAILED])
def test_a_job_without_a_completed_trial_has_none(
    client: TestClient, db: Database, settings: Settings, state: TrialState
) -> None:
    job_id = store_searched_job(db, settings, 5, [state])
    assert client.get(f"/v1/jobs/{job_id}/importances").json() == {"items": []}


def test_a_job_that_has_not_begun_has_none(client: TestClient) -> None:
    job_id = client.post("/v1/jobs", json=BODY).json()["id"]
    assert client.get(f"/v1/jobs/{job_id}/importances").json() == {"items": []}


def test_an_answer_is_kept_until_another_trial_completes(
    client: TestClient, db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = store_finished_job(db, settings)
    path = f"/v1/jobs/{job_id}/importances"
    first = client.get(path).json()
    monkeypatch.setattr(importances, "importances", lambda spec, sample: {"computed anew": 1.0})
    assert client.get(path).json() == first
    with db.write() as session:
        row = table.find(session, job_id, lock=True)
        assert row is not None
        row.trials_completed += 1
    assert client.get(path).json() == {"items": [{"name": "computed anew", "importance": 1.0}]}


def test_of_many_trials_an_evenly_spaced_sample_is_read(db: Database, settings: Settings) -> None:
    job_id = store_searched_job(db, settings, 40, [TrialState.COMPLETED, TrialState.DIVERGED])
    with db.read() as session:
        row = table.find(session, job_id)
        assert row is not None
        whole = trials.completed_sample(session, row.key, 20)
        assert len(whole) == 20
        assert trials.completed_sample(session, row.key, 10) == whole[::2]
        assert trials.completed_sample(session, row.key, 7) == whole[::3]


def test_the_cache_is_bounded(db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importances, "MAX_CACHED", 2)
    for _ in range(4):
        importances.get(db, store_searched_job(db, settings, 2))
    assert len(importances._cache) == 2
