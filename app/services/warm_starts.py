"""What a job learns from others: looked up and copied once, when the job is submitted."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db import Database
from app.db.queries import jobs as table
from app.db.queries import range_tests, trials, warm_starts
from app.db.tables import JobRow
from app.domain.records import FinishedTrial
from app.errors import InvalidRequest
from app.services import trial_rows
from app.services.job_runs import Interrupted
from app.spec.job import JobSpec
from app.tuning.samplers.parzen.history import HISTORY, MAX_GOOD
from app.tuning.search.warm_start import check_sampler, decode, encode, incomparable_reason, inherited_trials
from app.tuning.space.tree import SearchSpace

ALL_ROUNDS = 2**31 - 1


def copy(session: Session, row: JobRow, spec: JobSpec) -> None:
    """Stores the trials that the jobs of `from_jobs` have finished with a new job.

    A copy: what the others do later, or that they are deleted, changes nothing for this one. Of many trials
    each job gives an equal share, its best and its latest. Raises InvalidRequest.
    """
    if not spec.from_jobs:
        return
    if (useless := check_sampler(spec)) is not None:
        raise InvalidRequest(f"/from_jobs: {useless}", errors=[("/from_jobs", useless)])
    found = [_find(session, i, job_id) for i, job_id in enumerate(spec.from_jobs)]
    faults = [(f"/from_jobs/{i}", other) for i, other in enumerate(found) if isinstance(other, str)]
    for i, other in enumerate(found):
        if isinstance(other, JobRow):
            why = incomparable_reason(spec, JobSpec.model_validate(other.spec))
            if why is not None:
                way_out = "leave it out, and give its best configurations to `enqueue` instead"
                faults.append((f"/from_jobs/{i}", f"job {other.id} is of no use here: {why}; {way_out}"))
    if faults:
        faults.sort()
        raise InvalidRequest(": ".join(faults[0]), errors=faults)
    share = HISTORY // len(found)
    sources = [
        _finished(session, other.key, best=min(MAX_GOOD, share), latest=share - min(MAX_GOOD, share))
        for other in found
        if isinstance(other, JobRow)
    ]
    warm_starts.insert(session, row.key, encode(inherited_trials(SearchSpace.of(spec), sources)))


def trials_for(db: Database, job_id: str) -> list[FinishedTrial]:
    """What the job learns from; nothing where it names no others. Raises Interrupted."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        data = warm_starts.find(session, row.key)
    return [] if data is None else decode(data)


def _find(session: Session, i: int, job_id: str) -> JobRow | str:
    """The job of that id, or why it cannot be learned from."""
    # A NUL never stands in an id, and PostgreSQL would not take it as a parameter.
    row = None if "\0" in job_id else table.find(session, job_id)
    if row is None:
        return f"there is no job {job_id!r}; GET /v1/jobs lists those there are, or leave it out"
    if range_tests.find(session, job_id) is not None:
        return f"{job_id} is a range test, which has no trials to learn from; leave it out"
    return row


def _finished(session: Session, job_key: int, *, best: int, latest: int) -> list[FinishedTrial]:
    rows = trials.finished_before(session, job_key, ALL_ROUNDS, best=best, latest=latest)
    return [trial_rows.finished(row) for row in rows]
