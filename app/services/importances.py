"""The importances of the parameters, computed from the stored trials on request and cached."""

from __future__ import annotations

import threading
from collections import OrderedDict

from app.db import Database
from app.db.queries import trials as table
from app.services import jobs
from app.spec.job import JobSpec
from app.spec.resources.answers import Importance
from app.tuning.optuna_interop.importances import importances

MAX_TRIALS = 2_000  # completed trials that are read, evenly spaced; takes a quarter of a second
MAX_CACHED = 256  # jobs

Cached = tuple[int, list[Importance]]  # how many trials had completed, and the answer

_lock = threading.Lock()  # one computation at a time: parallel ones would only wait for the interpreter lock
_cache: OrderedDict[str, Cached] = OrderedDict()  # by job id, which is random and never used again


def get(db: Database, job_id: str) -> list[Importance]:
    """Return the importance of each parameter, the largest first. Raises JobNotFound."""
    with db.read() as session:
        row = jobs.row(session, job_id)
        spec, completed = row.spec, row.trials_completed
        known = _cached(job_id, completed)
        if known is not None:
            return known
        sample = table.completed_sample(session, row.key, MAX_TRIALS)
    with _lock:
        known = _cached(job_id, completed)  # perhaps computed while this thread waited for the lock
        if known is None:
            shares = importances(JobSpec.model_validate(spec), sample)
            known = [Importance(name=name, importance=share) for name, share in shares.items()]
            _cache[job_id] = (completed, known)
            _cache.move_to_end(job_id)
            while len(_cache) > MAX_CACHED:
                _cache.popitem(last=False)
    return known


def _cached(job_id: str, completed: int) -> list[Importance] | None:
    count, answer = _cache.get(job_id, (-1, []))
    return answer if count == completed else None
