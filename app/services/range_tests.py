"""Range tests: submission as a job, the result, and the analysis of a client's own range test."""

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
    """Store a range test as a queued job.

    Raises InvalidRequest if a parameter of the objective is searched, and every error of `jobs.submit`.
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
            store_more=lambda session, row: range_tests.insert(session, row.key, stored),
        )
    except QuotaExceeded as error:
        raise QuotaExceeded(error.detail, errors=_renamed(error.errors or [])) from None
    try:
        return get(db, job.id)
    except RangeTestNotFound:
        raise IdempotencyKeyReused(
            f"The key {idempotency_key} belongs to job {job.id}, which is no range test; take a new key."
        ) from None


def get(db: Database, test_id: str) -> RangeTest:
    """Return a range test. Raises RangeTestNotFound."""
    with db.read() as session:
        # No id contains a NUL, and PostgreSQL refuses it as a parameter.
        rows = None if "\0" in test_id else range_tests.find(session, test_id)
        if rows is None:
            raise RangeTestNotFound(f"There is no range test {test_id!r}; POST /v1/range-tests makes one.")
        return _response(*rows)


def is_range_test(db: Database, job_id: str) -> bool:
    """Return whether the job is a range test."""
    with db.read() as session:
        return range_tests.find(session, job_id) is not None


def succeed(db: Database, job_id: str, run_number: int, trajectory: Trajectory) -> None:
    """Analyse the trajectory of the trial, store the result and end the job. Raises Interrupted.

    trajectory: its last row has no update, and is the point of divergence if the run diverged.
    """
    with db.read() as session:
        rows = range_tests.find(session, job_id)
    if rows is None:
        raise job_runs.Interrupted(job_id)
    spec = RangeTestSpec.model_validate(rows[1].spec)
    rates = range_rates(spec.low, spec.high, spec.steps)[: len(trajectory.step)]
    losses = trajectory.loss.astype(np.float64)[: len(rates)]
    analysis = analyse(rates, losses, planned=spec.steps)
    result = RangeTestResult(
        learning_rate=rates.tolist(), loss=_numbers(losses), **_analysis(analysis).model_dump()
    )
    with job_runs.running(db, job_id, run_number) as (session, row):
        range_tests.store_result(session, row.key, result.model_dump(mode="json"))
        transitions.move(session, row, JobState.SUCCEEDED, None)


def read(request: RangeTestCurve) -> RangeTestAnalysis:
    """Return the analysis of a client's own range test."""
    losses = [math.nan if loss is None else loss for loss in request.losses]
    return _analysis(analyse(request.learning_rates, losses, request.smoothing))


def _renamed(errors: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return errors of the job with pointers to the fields of the range test."""
    return [("/steps" if pointer.startswith("/budget") else pointer, detail) for pointer, detail in errors]


def _analysis(analysis: RangeAnalysis) -> RangeTestAnalysis:
    return RangeTestAnalysis(
        suggestions=RangeSuggestions(**asdict(analysis.reading)),
        spread=RangeSpreads(**{name: _bounds(pair) for name, pair in asdict(analysis.spread).items()}),
        ended=RangeTestEnd(
            reason=analysis.end.reason.value,
            update=analysis.end.update,
            learning_rate=analysis.end.learning_rate,
            detail=analysis.end.detail,
        ),
        smoothed_loss=analysis.smoothed.tolist(),
        diverged=analysis.end.diverged,
        warnings=list(analysis.warnings),
    )


def _bounds(pair: tuple[float, float] | None) -> RangeSpread | None:
    return None if pair is None else RangeSpread(low=pair[0], high=pair[1])


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _response(row: JobRow, test: RangeTestRow) -> RangeTest:
    return RangeTest(
        id=row.id,
        name=row.name,
        state=JobState(row.state),
        reason=row.reason,
        spec=test.spec,
        result=None if test.result is None else RangeTestResult.model_validate(test.result),
        error=None if row.error is None else Problem.model_validate(row.error),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
