"""What a worker keeps of the requests of a job, so that one that was killed need not run them again."""

from __future__ import annotations

from app.db import Database
from app.db.queries import jobs as table
from app.db.queries import race_results
from app.services.job_runs import Interrupted, running
from app.tuning.evaluation import request_codec
from app.tuning.evaluation.requests import EvaluationRequest, EvaluationResult


def find(db: Database, job_id: str, number: int, request: EvaluationRequest) -> EvaluationResult | None:
    """What that request gave, if it was stored; number: which of the job's it is. Raises Interrupted."""
    with db.read() as session:
        row = table.find(session, job_id)
        if row is None:
            raise Interrupted(job_id)
        data = race_results.find(session, row.key, number, request.digest)
        return None if data is None else request_codec.decode(data)


def store(
    db: Database, job_id: str, run: int, number: int, request: EvaluationRequest, result: EvaluationResult
) -> None:
    """Keeps what a request gave. Raises Interrupted."""
    with running(db, job_id, run) as (session, row):
        race_results.store(session, row.key, number, request.digest, request_codec.encode(result))
