"""Every trial of a job as one file, which is written while it is sent, a page of trials at a time."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from app.db import Database
from app.db.queries import trials as table
from app.db.tables import TrialRow
from app.services import jobs, responses
from app.spec.job import JobSpec
from app.spec.resources.answers import Trial
from app.tuning.optuna_interop.storage_file import Rungs, write_storage
from app.tuning.space.tree import SearchSpace

PAGE = 500  # trials
CHUNK_BYTES = 256 * 1024

Format = Literal["csv", "jsonl", "optuna"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "optuna": "application/vnd.sqlite3",
}
ENDINGS: dict[Format, str] = {"csv": "csv", "jsonl": "jsonl", "optuna": "db"}

# The columns in front of the metrics and parameters; optimizer and schedule are given by their kinds.
COLUMNS = (
    *("number", "state", "value", "optimizer", "schedule", "batch_size", "seed", "round", "steps_done"),
    *("reason", "created_at", "started_at", "finished_at"),
)


@dataclass(frozen=True)
class Export:
    """A file that is sent. `content` can be read once, and is never in memory as a whole."""

    content: Iterator[bytes]
    media_type: str
    filename: str


def export(db: Database, job_id: str, format: Format) -> Export:
    """Return the trials of a job, by number. Raises JobNotFound, also from `content` if the job is deleted.

    If the job runs, each page shows its trials as they were when the page was read.
    """
    with db.read() as session:
        row = jobs.row(session, job_id)
        spec = JobSpec.model_validate(row.spec)
        metrics = table.metric_names(session, row.key)
    if format == "csv":
        content = _csv(db, job_id, spec, metrics)
    elif format == "jsonl":
        content = _json_lines(db, job_id)
    else:
        content = _Chunks(_storage_file(db, job_id, spec))
    return Export(content, MEDIA_TYPES[format], f"{job_id}.{ENDINGS[format]}")


def _pages(db: Database, job_id: str) -> Iterator[list[TrialRow]]:
    """Yield pages of all trials. No transaction stays open while a slow client reads."""
    after: int | None = None
    while True:
        with db.read() as session:
            key = jobs.row(session, job_id).key
            rows = table.page_by_number(session, key, state=None, after=after, limit=PAGE)
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1].number


def _json_lines(db: Database, job_id: str) -> Iterator[bytes]:
    for rows in _pages(db, job_id):
        yield "".join(f"{responses.trial(row).model_dump_json()}\n" for row in rows).encode()


def _csv(db: Database, job_id: str, spec: JobSpec, metrics: list[str]) -> Iterator[bytes]:
    params = list(SearchSpace.of(spec).distributions())
    head = [*COLUMNS, *(f"metrics_{name}" for name in metrics), *(f"params_{name}" for name in params)]
    yield _csv_lines([head])
    for rows in _pages(db, job_id):
        yield _csv_lines([_csv_row(responses.trial(row), metrics, params) for row in rows])


def _csv_row(trial: Trial, metrics: list[str], params: list[str]) -> list[Any]:
    body = trial.model_dump(mode="json")
    body |= {"optimizer": trial.optimizer["kind"], "schedule": trial.schedule["kind"]}
    cells = [body[name] for name in COLUMNS]
    cells += [(trial.metrics or {}).get(name) for name in metrics]
    return cells + [trial.params.get(name) for name in params]


def _csv_lines(rows: list[list[Any]]) -> bytes:
    """Return rows as CSV by RFC 4180: null as an empty field, booleans as in JSON."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in rows:
        writer.writerow([json.dumps(value) if isinstance(value, bool) else value for value in row])
    return file.getvalue().encode()


def _storage_file(db: Database, job_id: str, spec: JobSpec) -> BinaryIO:
    """Return an open file without a name, so that its blocks are freed however this process ends."""
    with tempfile.TemporaryDirectory(prefix="stepsize-") as folder:
        path = Path(folder) / "study.db"
        write_storage(path, job_id, spec, _with_rungs(db, job_id))
        return path.open("rb")


def _with_rungs(db: Database, job_id: str) -> Iterator[tuple[Trial, Rungs]]:
    for rows in _pages(db, job_id):
        for row in rows:
            yield responses.trial(row), [(step, value) for step, value in row.rungs or ()]


class _Chunks(Iterator[bytes]):
    """The parts of an open file, which is closed at its end or when the iterator is deleted.

    A client may disconnect before the first part is read. A generator would not have begun by then, and would
    leave the file open.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def __next__(self) -> bytes:
        chunk = b"" if self.file.closed else self.file.read(CHUNK_BYTES)
        if not chunk:
            self.file.close()
            raise StopIteration
        return chunk

    def __del__(self) -> None:
        self.file.close()
