"""The stored results of a job's evaluation requests, so that a resumed job need not run them again."""

from __future__ import annotations

from app.db import Database
from app.db.queries import race_results
from app.services.job_runs import reading, running
from app.tuning.evaluation import request_codec
from app.tuning.evaluation.requests import EvaluationRequest, EvaluationResult


def find(db: Database, job_id: str, number: int, request: EvaluationRequest) -> EvaluationResult | None:
    """Return the stored result of a request, if any. Raises Interrupted.

    number: the position of the request among those of the job.
    """
    with reading(db, job_id) as (session, row):
        data = race_results.find(session, row.key, number, request.digest)
        return None if data is None else request_codec.decode(data)


def store(
    db: Database,
    job_id: str,
    run_number: int,
    number: int,
    request: EvaluationRequest,
    result: EvaluationResult,
) -> None:
    """Store the result of a request. Raises Interrupted."""
    with running(db, job_id, run_number) as (session, row):
        race_results.store(session, row.key, number, request.digest, request_codec.encode(result))
