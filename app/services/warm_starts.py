"""The trials of other jobs that a job learns from, copied once, when the job is submitted."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db import Database
from app.db.queries import jobs as table
from app.db.queries import range_tests, trials, warm_starts
from app.db.tables import JobRow
from app.domain.records import FinishedTrial
from app.errors import InvalidRequest
from app.services import trial_rows
from app.services.job_runs import reading
from app.spec.job import JobSpec
from app.tuning.samplers.parzen.history import HISTORY, MAX_GOOD
from app.tuning.search.warm_start import check_sampler, decode, encode, incomparable_reason, inherited_trials
from app.tuning.space.tree import SearchSpace

ALL_ROUNDS = 2**31 - 1  # above the number of every round


def copy(session: Session, row: JobRow, spec: JobSpec) -> None:
    """Copy the ended trials of the jobs in `from_jobs` to a new job. Raises InvalidRequest.

    Later changes of these jobs, or their deletion, do not affect the new job. If they have more trials than a
    sampler reads, each job contributes an equal share: its best trials and its latest ones.
    """
    if not spec.from_jobs:
        return
    if (useless := check_sampler(spec)) is not None:
        raise InvalidRequest(f"/from_jobs: {useless}", errors=[("/from_jobs", useless)])
    others = [_find(session, job_id) for job_id in spec.from_jobs]
    faults = [(f"/from_jobs/{i}", other) for i, other in enumerate(others) if isinstance(other, str)]
    for i, other in enumerate(others):
        if isinstance(other, JobRow):
            why = incomparable_reason(spec, JobSpec.model_validate(other.spec))
            if why is not None:
                way_out = "leave it out, and give its best configurations to `enqueue` instead"
                faults.append((f"/from_jobs/{i}", f"job {other.id} is of no use here: {why}; {way_out}"))
    if faults:
        faults.sort()
        raise InvalidRequest(": ".join(faults[0]), errors=faults)
    share = HISTORY // len(others)
    sources = [
        _finished(session, other.key, best=min(MAX_GOOD, share), latest=share - min(MAX_GOOD, share))
        for other in others
        if isinstance(other, JobRow)
    ]
    warm_starts.insert(session, row.key, encode(inherited_trials(SearchSpace.of(spec), sources)))


def trials_for(db: Database, job_id: str) -> list[FinishedTrial]:
    """Return the copied trials of other jobs; none if the job has no `from_jobs`. Raises Interrupted."""
    with reading(db, job_id) as (session, row):
        data = warm_starts.find(session, row.key)
    return [] if data is None else decode(data)


def _find(session: Session, job_id: str) -> JobRow | str:
    """Return the job, or why no job can learn from it."""
    # No id contains a NUL, and PostgreSQL refuses it as a parameter.
    row = None if "\0" in job_id else table.find(session, job_id)
    if row is None:
        return f"there is no job {job_id!r}; GET /v1/jobs lists those there are, or leave it out"
    if range_tests.find(session, job_id) is not None:
        return f"{job_id} is a range test, which has no trials to learn from; leave it out"
    return row


def _finished(session: Session, job_key: int, *, best: int, latest: int) -> list[FinishedTrial]:
    rows = trials.finished_before(session, job_key, ALL_ROUNDS, best=best, latest=latest)
    return [trial_rows.finished(row) for row in rows]
