"""Conversion of stored rows into the responses of the contract."""

from __future__ import annotations

from app.db.tables import JobRow, TrialRow
from app.domain.states import JobState, TrialState
from app.spec.resources.answers import Best, Job, Problem, Progress, Trial
from app.spec.resources.estimates import Estimate


def job(row: JobRow) -> Job:
    """Return the body of a job."""
    best = None
    if row.best_number is not None and row.best_value is not None:
        best = Best(number=row.best_number, value=row.best_value)
    return Job(
        id=row.id,
        name=row.name,
        state=JobState(row.state),
        reason=row.reason,
        spec=row.spec,
        progress=progress(row),
        best=best,
        error=None if row.error is None else Problem.model_validate(row.error),
        estimate=None if row.estimate is None else Estimate.model_validate(row.estimate),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def progress(row: JobRow) -> Progress:
    """Return the progress of a job."""
    return Progress(
        trials_total=row.trials_total,
        trials_completed=row.trials_completed,
        trials_pruned=row.trials_pruned,
        trials_diverged=row.trials_diverged,
        trials_failed=row.trials_failed,
        trials_running=row.trials_running,
        stage=row.stage,
        fraction=row.fraction,
        eta_s=row.eta_s,
    )


def trial(row: TrialRow) -> Trial:
    """Return the body of a trial."""
    return Trial(
        number=row.number,
        state=TrialState(row.state),
        value=row.value,
        optimizer=row.optimizer,
        schedule=row.schedule,
        params=row.params,
        batch_size=row.batch_size,
        settings=row.settings or {},
        seed=row.seed,
        round=row.round,
        steps_done=row.steps_done,
        metrics=row.metrics,
        reason=row.reason,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
