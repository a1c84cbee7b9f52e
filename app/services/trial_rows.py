"""Conversion between the rows of trials and the records of the tuning."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.db.tables import TrialRow
from app.domain.records import Configuration, FinishedTrial, TrialResult
from app.domain.states import TrialState


def finished(row: TrialRow) -> FinishedTrial:
    """Return an ended trial, as a sampler or the race reads it."""
    return FinishedTrial(
        number=row.number,
        round=row.round,
        state=TrialState(row.state),
        configuration=configuration_of(row),
        value=row.value,
        rungs=tuple((step, value) for step, value in row.rungs or ()),
        reason=row.reason,
    )


def configuration_of(row: TrialRow) -> Configuration:
    """Return the configuration of a trial."""
    return Configuration(
        optimizer=row.optimizer,
        schedule=row.schedule,
        batch_size=row.batch_size,
        settings=row.settings or {},
        params=row.params,
    )


def new_trial(
    job_key: int, number: int, round: int, seed: int, configuration: Configuration, now: datetime
) -> dict[str, Any]:
    """Return the columns of a trial that starts now."""
    return {
        "job_key": job_key,
        "number": number,
        "round": round,
        "state": TrialState.RUNNING,
        "optimizer": configuration.optimizer,
        "schedule": configuration.schedule,
        "params": configuration.params,
        "batch_size": configuration.batch_size,
        "settings": configuration.settings,
        "seed": seed,
        "steps_done": 0,
        "created_at": now,
        "started_at": now,
    }


def result_columns(result: TrialResult, now: datetime) -> dict[str, Any]:
    """Return the columns that store a result, and the number of its trial."""
    return {
        "number": result.number,
        "state": result.state,
        "value": result.value,
        "steps_done": result.steps_done,
        "metrics": result.metrics,
        "rungs": [list(rung) for rung in result.rungs],
        "reason": result.reason,
        "finished_at": now,
    }
