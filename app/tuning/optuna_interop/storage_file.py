"""A job as a storage file of Optuna: what `optuna.load_study` and `optuna-dashboard` open.

Optuna itself makes the file, its schema and its study. The trials go in by bulk inserts into its tables:
`Study.add_trials` takes 7 ms a trial, in several transactions each, and this 0.15 ms. The tables are no
public interface of Optuna's, but files of older versions must stay readable; a test opens ours with each
new one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from sqlalchemy import Connection, insert

from app.spec.job import JobSpec
from app.spec.resources.answers import Trial
from app.tuning.optuna_interop.trial_states import STATES, searched
from app.tuning.space.tree import SearchSpace

BATCH = 500  # trials

Rungs = Iterable[tuple[int, float]]
# Any: the values of a row, as SQLAlchemy takes them.
Row = dict[str, Any]

NOTED = (
    *("optimizer", "schedule", "batch_size", "settings", "seed", "round", "steps_done", "state", "reason"),
    "metrics",
)


def write_storage(path: Path, study_name: str, spec: JobSpec, trials: Iterable[tuple[Trial, Rungs]]) -> None:
    """Writes a new SQLite file with one study; trials come with the (step, value) of each rung they reached.

    A diverged trial is a pruned one, as the samplers of a job see it; what it was is in its user attributes,
    beside the resolved optimizer and schedule.
    """
    storage = RDBStorage(f"sqlite:///{path}")
    try:
        study = optuna.create_study(study_name=study_name, storage=storage, direction="minimize")
        study.set_user_attr("name", spec.name)
        study.set_user_attr("spec", spec.model_dump(mode="json"))
        writer = _Writer(spec, study._study_id)
        with storage.engine.begin() as connection:
            remaining = iter(trials)
            while batch := list(itertools.islice(remaining, BATCH)):
                writer.write(connection, batch)
    finally:
        storage.engine.dispose()


class _Writer:
    def __init__(self, spec: JobSpec, study_id: int) -> None:
        self._study_id = study_id
        self._space = SearchSpace.of(spec).distributions()
        self._json = {name: distribution_to_json(found) for name, found in self._space.items()}

    def write(self, connection: Connection, batch: list[tuple[Trial, Rungs]]) -> None:
        tables: list[tuple[Any, list[Row]]] = [  # Any: classes that Optuna does not export
            (models.TrialModel, [self._trial(trial) for trial, _ in batch]),
            (models.TrialParamModel, [row for trial, _ in batch for row in self._params(trial)]),
            (models.TrialValueModel, [_value(trial) for trial, _ in batch if _has_value(trial)]),
            (
                models.TrialIntermediateValueModel,
                [row for trial, rungs in batch for row in _intermediate_values(trial, rungs)],
            ),
            (models.TrialUserAttributeModel, [row for trial, _ in batch for row in _user_attributes(trial)]),
        ]
        for model, rows in tables:
            if rows:
                connection.execute(insert(model.__table__), rows)

    def _trial(self, trial: Trial) -> Row:
        return {
            "trial_id": _id(trial),
            "number": trial.number,
            "study_id": self._study_id,
            "state": STATES[trial.state],
            "datetime_start": _naive(trial.started_at),
            "datetime_complete": _naive(trial.finished_at),
        }

    def _params(self, trial: Trial) -> Iterator[Row]:
        params, distributions = searched(trial.params, self._space)
        for name, value in params.items():
            yield {
                "trial_id": _id(trial),
                "param_name": name,
                "param_value": distributions[name].to_internal_repr(value),
                "distribution_json": self._json[name],
            }


def _value(trial: Trial) -> Row:
    finite = models.TrialValueModel.TrialValueType.FINITE
    return {"trial_id": _id(trial), "objective": 0, "value": trial.value, "value_type": finite}


def _intermediate_values(trial: Trial, rungs: Rungs) -> Iterator[Row]:
    to_stored = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    for step, value in rungs:
        stored, kind = to_stored(value)
        yield {
            "trial_id": _id(trial),
            "step": step,
            "intermediate_value": stored,
            "intermediate_value_type": kind,
        }


def _user_attributes(trial: Trial) -> Iterator[Row]:
    values = trial.model_dump(mode="json", include=set(NOTED))
    for name in NOTED:
        if values[name] is not None:
            yield {"trial_id": _id(trial), "key": name, "value_json": json.dumps(values[name])}


def _has_value(trial: Trial) -> bool:
    return STATES[trial.state] is optuna.trial.TrialState.COMPLETE and trial.value is not None


def _id(trial: Trial) -> int:
    return trial.number + 1  # a file has one study


def _naive(moment: datetime | None) -> datetime | None:
    """The columns are UTC without a zone."""
    return None if moment is None else moment.replace(tzinfo=None)
