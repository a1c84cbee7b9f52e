"""Every model, loss and dataset of the catalogue, from the submission to the recommendation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.data import DATASETS
from app.db import Database
from app.domain.states import JobState, TrialState
from app.engine.models import MODELS
from app.services import catalogue, jobs, recommendations, trials
from app.settings import Settings
from app.spec.job import JobSpec
from tests.support.in_process_worker import run_job

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ERRORS = {"validation_error", "test_error"}


def objectives() -> Iterator[Any]:
    """Every dataset with a model that takes it, every model and every loss; what can be searched is."""
    for item in catalogue.objectives():
        for dataset in item.datasets:
            for model in item.models:
                if MODELS[model.kind].form == DATASETS[dataset].form:
                    body = {"kind": item.kind, "dataset": dataset, "model": {"kind": model.kind}}
                    yield pytest.param(body, id=f"{dataset} {model.kind}")
        for loss in item.losses:
            searched = {field.name: wide(field) for field in loss.hyperparameters if field.searchable}
            model = item.models[-1]
            fields = {field.name: wide(field) for field in model.hyperparameters if field.searchable}
            body = {"kind": item.kind, "dataset": item.datasets[-1], "l2": {"low": 1e-6, "high": 1e-3}}
            body |= {"loss": {"kind": loss.kind} | searched, "model": {"kind": model.kind} | fields}
            yield pytest.param(body, id=f"{item.kind} {loss.kind}")


def wide(field: Any) -> dict[str, Any]:
    low, high = field.search
    return {"low": low, "high": high, "log": field.log}


@pytest.mark.parametrize("objective", list(objectives()))
def test_a_job_ends_with_a_recommendation_and_every_metric(
    db: Database, settings: Settings, objective: dict[str, Any]
) -> None:
    spec = JobSpec.model_validate(
        {
            "objective": objective,
            "search_space": {"optimizers": [{"kind": "adam"}], "schedules": [{"kind": "constant"}]},
            "budget": {"trials": 3, "steps": 12},
            "replicates": 1,
            "confirmation": {"top": 2, "replicates": 2},
        }
    )
    job_id = run_job(db, settings, spec)
    assert jobs.get(db, job_id).state is JobState.SUCCEEDED
    answer = recommendations.get(db, job_id)
    assert answer.evidence.replicates == 2
    listed = trials.list_trials(db, job_id, state=None, order_by="value", limit=3, page_token=None).items
    best = listed[0]
    assert best.state is TrialState.COMPLETED
    assert best.metrics is not None
    assert best.value == best.metrics["validation_loss"]
    errors = ERRORS if objective["kind"] == "classification" else set()
    assert set(best.metrics) == {"train_loss", "validation_loss", "test_loss"} | errors
    assert answer.metrics is not None
    assert set(answer.metrics) == set(best.metrics)
    winner = answer.evidence.candidates[0].mean
    assert winner is not None
    assert answer.metrics["validation_loss"] == pytest.approx(winner, rel=1e-12)
    searched = {name for name in best.params if name.startswith(("l2", "model.", "loss."))}
    assert set(best.settings) == set(answer.settings) == searched
