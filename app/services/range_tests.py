"""Range tests: submitting one as a job, ending it, looking at it, and reading a client's own."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from app.db import Database
from app.db.queries import range_tests
from app.db.tables import JobRow, RangeTestRow
from app.domain.states import JobState
from app.engine.trajectories.result import Trajectory
from app.errors import IdempotencyKeyReused, InvalidRequest, QuotaExceeded, RangeTestNotFound
from app.services import job_runs, jobs, transitions
from app.settings import Settings
from app.spec.resources.answers import Problem
from app.spec.resources.range_tests import (
    RangeSpread,
    RangeSpreads,
    RangeSuggestions,
    RangeTest,
    RangeTestAnalysis,
    RangeTestCurve,
    RangeTestEnd,
    RangeTestResult,
    RangeTestSpec,
)
from app.tuning.lr_finder.suggestions import RangeAnalysis, analyse, range_rates
from app.tuning.space.tree import SearchSpace


def submit(db: Database, settings: Settings, spec: RangeTestSpec, idempotency_key: str | None) -> RangeTest:
    """Stores a range test as a job; a worker finds it there.

    Raises InvalidRequest where something of the objective is searched, and whatever `jobs.submit` does.
    """
    rates = range_rates(spec.low, spec.high, spec.steps)
    job_spec = spec.job(tuple((rates / spec.high).tolist()))
    searched = sorted(SearchSpace.of(job_spec).distributions())
    if searched:
        detail = f"a range test varies the learning rate alone; give one value for {', '.join(searched)}"
        raise InvalidRequest(detail, errors=[("/objective", detail)])
    stored = spec.model_dump(mode="json")
    stored["optimizer"].pop("learning_rate")
    try:
        job = jobs.submit(
            db,
            settings,
            job_spec,
            idempotency_key,
            along=lambda session, row: range_tests.insert(session, row.key, stored),
        )
    except QuotaExceeded as error:
        raise QuotaExceeded(error.detail, errors=_at_home(error.errors or [])) from None
    try:
        return get(db, job.id)
    except RangeTestNotFound:
        raise IdempotencyKeyReused(
            f"The key {idempotency_key} belongs to job {job.id}, which is no range test; take a new key."
        ) from None


def get(db: Database, test_id: str) -> RangeTest:
    """One range test. Raises RangeTestNotFound."""
    with db.read() as session:
        # A NUL never stands in an id, and PostgreSQL would not take it as a parameter.
        found = None if "\0" in test_id else range_tests.find(session, test_id)
        if found is None:
            raise RangeTestNotFound(f"There is no range test {test_id!r}; POST /v1/range-tests makes one.")
        return _view(*found)


def is_one(db: Database, job_id: str) -> bool:
    """Whether that job is a range test."""
    with db.read() as session:
        return range_tests.find(session, job_id) is not None


def succeed(db: Database, job_id: str, run: int, curve: Trajectory) -> None:
    """Stores what came out and ends the job. Raises Interrupted.

    curve: of its trial; the last row has no update, and where the run diverged, that is where.
    """
    with db.read() as session:
        found = range_tests.find(session, job_id)
    if found is None:
        raise job_runs.Interrupted(job_id)
    spec = RangeTestSpec.model_validate(found[1].spec)
    rates = range_rates(spec.low, spec.high, spec.steps)[: len(curve.step)]
    losses = curve.loss.astype(np.float64)[: len(rates)]
    analysis = analyse(rates, losses, planned=spec.steps)
    result = RangeTestResult(
        learning_rate=rates.tolist(), loss=_numbers(losses), **_analysis(analysis).model_dump()
    )
    with job_runs.running(db, job_id, run) as (session, row):
        range_tests.store_result(session, row.key, result.model_dump(mode="json"))
        transitions.move(session, row, JobState.SUCCEEDED, None)


def read(request: RangeTestCurve) -> RangeTestAnalysis:
    """What a client's own range test says."""
    losses = [math.nan if loss is None else loss for loss in request.losses]
    return _analysis(analyse(request.learning_rates, losses, request.smoothing))


def _at_home(errors: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Faults of the job under the names that its fields have in the range test."""
    return [("/steps" if at.startswith("/budget") else at, detail) for at, detail in errors]


def _analysis(found: RangeAnalysis) -> RangeTestAnalysis:
    return RangeTestAnalysis(
        suggestions=RangeSuggestions(**asdict(found.reading)),
        spread=RangeSpreads(**{name: _bounds(pair) for name, pair in asdict(found.spread).items()}),
        ended=RangeTestEnd(
            reason=found.end.reason.value,
            update=found.end.update,
            learning_rate=found.end.learning_rate,
            detail=found.end.detail,
        ),
        smoothed_loss=found.smoothed.tolist(),
        diverged=found.end.diverged,
        warnings=list(found.warnings),
    )


def _bounds(pair: tuple[float, float] | None) -> RangeSpread | None:
    return None if pair is None else RangeSpread(low=pair[0], high=pair[1])


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _view(row: JobRow, own: RangeTestRow) -> RangeTest:
    return RangeTest(
        id=row.id,
        name=row.name,
        state=JobState(row.state),
        reason=row.reason,
        spec=own.spec,
        result=None if own.result is None else RangeTestResult.model_validate(own.result),
        error=None if row.error is None else Problem.model_validate(row.error),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
