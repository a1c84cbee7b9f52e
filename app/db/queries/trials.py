"""Queries on trials and their trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, bindparam, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db.tables import TrajectoryRow, TrialRow

Rows = Sequence[Mapping[str, Any]]


def insert_new(session: Session, rows: Rows) -> None:
    """Store new trials; a trial that is stored already keeps its columns."""
    if rows:
        session.execute(_insert_ignore(session, TrialRow), list(rows))


def finish(session: Session, job_key: int, results: Rows) -> None:
    """Write results, given by column and `number`, into running trials.

    A trial in another state keeps its result: each result is stored once.
    """
    if not results:
        return
    table = TrialRow.__table__
    columns = [name for name in results[0] if name != "number"]
    statement = (
        update(TrialRow)
        .where(
            table.c.job_key == bindparam("the_job"),
            table.c.number == bindparam("the_number"),
            table.c.state == "running",
        )
        .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns})
    )
    parameters = [
        {"the_job": job_key, "the_number": row["number"], **{f"new_{name}": row[name] for name in columns}}
        for row in results
    ]
    session.connection().execute(statement, parameters)


def insert_trajectories(session: Session, rows: Rows) -> None:
    """Store trajectories; a trajectory that is stored already stays."""
    if rows:
        session.execute(_insert_ignore(session, TrajectoryRow), list(rows))


def fail_unfinished(session: Session, job_key: int, reason: str, now: datetime) -> list[int]:
    """End every waiting or running trial of a job as failed. Return their numbers."""
    unfinished = (TrialRow.job_key == job_key, TrialRow.state.in_(("waiting", "running")))
    numbers = list(session.scalars(select(TrialRow.number).where(*unfinished).order_by(TrialRow.number)))
    if numbers:
        session.execute(
            update(TrialRow).where(*unfinished).values(state="failed", reason=reason, finished_at=now)
        )
    return numbers


def move(session: Session, job_key: int, old: str, new: str) -> None:
    """Set the state of every trial of a job from `old` to `new`."""
    query = update(TrialRow).where(TrialRow.job_key == job_key, TrialRow.state == old)
    session.execute(query.values(state=new))


def find(session: Session, job_key: int, number: int) -> TrialRow | None:
    """Return the trial of this number."""
    return session.get(TrialRow, (job_key, number))


def finished_before(
    session: Session,
    job_key: int,
    round_limit: int,
    *,
    from_round: int = 0,
    best: int | None = None,
    latest: int | None = None,
) -> list[TrialRow]:
    """Return the ended trials of the rounds from `from_round` on and before `round_limit`, by number.

    best, latest: numbers of trials to keep, with the lowest values and with the highest trial numbers. The
    result is the union of both; None for all.
    """
    ended = select(TrialRow).where(
        TrialRow.job_key == job_key,
        TrialRow.round >= from_round,
        TrialRow.round < round_limit,
        TrialRow.state.in_(("completed", "pruned", "diverged", "failed")),
    )
    newest = session.scalars(ended.order_by(TrialRow.number.desc()).limit(latest))
    kept = {row.number: row for row in newest}
    if best is not None:
        completed = ended.where(TrialRow.state == "completed")
        ranked = completed.order_by(TrialRow.value, TrialRow.number).limit(best)
        kept |= {row.number: row for row in session.scalars(ranked)}
    return [kept[number] for number in sorted(kept)]


def values_before(session: Session, job_key: int, round_limit: int) -> list[float | None]:
    """Return the values of the ended trials of the rounds before `round_limit`, by number."""
    ended = (
        TrialRow.job_key == job_key,
        TrialRow.round < round_limit,
        TrialRow.state.in_(("completed", "pruned", "diverged", "failed")),
    )
    return list(session.scalars(select(TrialRow.value).where(*ended).order_by(TrialRow.number)))


def count(session: Session, job_key: int) -> int:
    """Return the number of trials of a job, in any state."""
    query = select(func.count()).select_from(TrialRow).where(TrialRow.job_key == job_key)
    return session.scalar(query) or 0


def of_numbers(session: Session, job_key: int, numbers: range) -> list[TrialRow]:
    """Return the stored trials among `numbers`, by number."""
    query = select(TrialRow).where(
        TrialRow.job_key == job_key, TrialRow.number >= numbers.start, TrialRow.number < numbers.stop
    )
    return list(session.scalars(query.order_by(TrialRow.number)))


def page_by_number(
    session: Session, job_key: int, *, state: str | None, after: int | None, limit: int
) -> list[TrialRow]:
    """Return at most `limit` trials with a number above `after`, by number."""
    query = select(TrialRow).where(TrialRow.job_key == job_key)
    if state is not None:
        query = query.where(TrialRow.state == state)
    if after is not None:
        query = query.where(TrialRow.number > after)
    return list(session.scalars(query.order_by(TrialRow.number).limit(limit)))


def page_by_value(
    session: Session,
    job_key: int,
    *,
    state: str | None,
    after: tuple[float | None, int] | None,
    limit: int,
) -> list[TrialRow]:
    """Return at most `limit` trials behind (value, number), lowest first; trials without a value last."""
    rows: list[TrialRow] = []
    query = select(TrialRow).where(TrialRow.job_key == job_key)
    if state is not None:
        query = query.where(TrialRow.state == state)
    if after is None or after[0] is not None:
        valued = query.where(TrialRow.value.is_not(None), _behind(after))
        rows += session.scalars(valued.order_by(TrialRow.value, TrialRow.number).limit(limit))
    if len(rows) < limit:
        number = after[1] if after is not None and after[0] is None else -1
        rest = query.where(TrialRow.value.is_(None), TrialRow.number > number)
        rows += session.scalars(rest.order_by(TrialRow.number).limit(limit - len(rows)))
    return rows


def completed_sample(session: Session, job_key: int, limit: int) -> list[tuple[dict[str, Any], float]]:
    """Return parameters and value of completed trials, by number, evenly thinned to at most `limit`."""
    completed = (TrialRow.job_key == job_key, TrialRow.state == "completed")
    count = session.scalar(select(func.count()).select_from(TrialRow).where(*completed)) or 0
    rank = func.row_number().over(order_by=TrialRow.number)
    ranked = select(TrialRow.number, (rank - 1).label("place")).where(*completed).subquery()
    query = (
        select(TrialRow.params, TrialRow.value)
        .join(ranked, and_(TrialRow.job_key == job_key, TrialRow.number == ranked.c.number))
        .where(ranked.c.place % max(1, -(-count // limit)) == 0)
        .order_by(TrialRow.number)
    )
    return [(params, value) for params, value in session.execute(query) if value is not None]


def metric_names(session: Session, job_key: int) -> list[str]:
    """Return the names of a job's metrics; empty until a trial has completed."""
    query = (
        select(TrialRow.metrics).where(TrialRow.job_key == job_key, TrialRow.state == "completed").limit(1)
    )
    return list(session.scalar(query) or {})


def trajectory(session: Session, job_key: int, number: int) -> bytes | None:
    """Return the stored trajectory of a trial."""
    return session.scalar(
        select(TrajectoryRow.data).where(TrajectoryRow.job_key == job_key, TrajectoryRow.number == number)
    )


def best_trajectories(session: Session, job_key: int, top: int) -> list[tuple[int, bytes]]:
    """Return the trajectories of the `top` completed trials with the lowest values, best first."""
    query = (
        select(TrialRow.number, TrajectoryRow.data)
        .join(
            TrajectoryRow,
            and_(TrajectoryRow.job_key == TrialRow.job_key, TrajectoryRow.number == TrialRow.number),
        )
        .where(TrialRow.job_key == job_key, TrialRow.state == "completed")
        .order_by(TrialRow.value, TrialRow.number)
        .limit(top)
    )
    return [(number, data) for number, data in session.execute(query)]


def _behind(after: tuple[float | None, int] | None) -> ColumnElement[bool]:
    if after is None:
        return TrialRow.number >= 0
    # A comparison of rows, not `or`: both databases use the index for this form only.
    return tuple_(TrialRow.value, TrialRow.number) > tuple_(*after)


def _insert_ignore(session: Session, table: type[TrialRow] | type[TrajectoryRow]) -> Insert:
    """Return INSERT ... ON CONFLICT DO NOTHING in the dialect of the session."""
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
