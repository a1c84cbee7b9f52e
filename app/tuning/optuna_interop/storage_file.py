"""A job as a storage file of Optuna, for `optuna.load_study` and `optuna-dashboard`.

Optuna itself makes the file, its schema and its study. The trials are written by bulk inserts into Optuna's
tables at 0.15 ms a trial; `Study.add_trials` takes 7 ms a trial, in several transactions each. The tables are
no public interface of Optuna, but Optuna must keep files of older versions readable. A test opens our file
with each new version.
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

BATCH = 500  # trials of a bulk insert

Rungs = Iterable[tuple[int, float]]
# Any: the values of a row, of the types that SQLAlchemy takes.
Row = dict[str, Any]

# Fields of a trial that become its user attributes.
USER_ATTRIBUTES = (
    *("optimizer", "schedule", "batch_size", "settings", "seed", "round", "steps_done", "state", "reason"),
    "metrics",
)


def write_storage(path: Path, study_name: str, spec: JobSpec, trials: Iterable[tuple[Trial, Rungs]]) -> None:
    """Write a new SQLite file with one study.

    A diverged trial is written as a pruned trial, as the samplers of a job rank it. Its true state is in its
    user attributes, with the resolved optimizer and schedule.
    trials: each with the (step, value) of every rung that it reached.
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
        self._json = {name: distribution_to_json(value) for name, value in self._space.items()}

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
    values = trial.model_dump(mode="json", include=set(USER_ATTRIBUTES))
    for name in USER_ATTRIBUTES:
        if values[name] is not None:
            yield {"trial_id": _id(trial), "key": name, "value_json": json.dumps(values[name])}


def _has_value(trial: Trial) -> bool:
    return STATES[trial.state] is optuna.trial.TrialState.COMPLETE and trial.value is not None


def _id(trial: Trial) -> int:
    return trial.number + 1  # a file has one study


def _naive(moment: datetime | None) -> datetime | None:
    """Return the moment without its time zone: the columns are UTC without a zone."""
    return None if moment is None else moment.replace(tzinfo=None)
