"""The ended trials of a job as its sampler reads them, each of them read from the store once."""

from __future__ import annotations

import math

from app.db import Database
from app.domain.records import FinishedTrial
from app.services import job_runs, warm_starts
from app.tuning.samplers.parzen.history import HISTORY, MAX_GOOD


class Past:
    """The best and the latest trials of the first rounds, and those of the jobs that this one starts from.

    What is kept in memory is what the store would give, so that a process that begins anew goes on alike.
    """

    def __init__(self, db: Database, job_id: str, *, is_warm: bool, is_whole: bool = False) -> None:
        """is_whole: whether all trials are kept."""
        self._best = None if is_whole else MAX_GOOD
        self._latest = None if is_whole else HISTORY
        self._db = db
        self._job_id = job_id
        self._inherited = warm_starts.trials_for(db, job_id) if is_warm else []
        self._own: list[FinishedTrial] = []
        self._rounds = 0

    def of_rounds(self, count: int) -> list[FinishedTrial]:
        """Those of the first rounds, so many; never fewer than were asked for before. Raises Interrupted."""
        if count > self._rounds:
            self._own += job_runs.finished_trials(
                self._db, self._job_id, count, from_round=self._rounds, best=self._best, latest=self._latest
            )
            self._rounds = count
            if self._latest is not None:
                self._own = _kept(self._own)
        return self._inherited + self._own


def _kept(trials: list[FinishedTrial]) -> list[FinishedTrial]:
    """The best and the latest, as the store picks them; by number."""
    if len(trials) <= HISTORY:
        return trials
    ranked = sorted(
        trials, key=lambda trial: (math.inf if trial.value is None else trial.value, trial.number)
    )
    best = {trial.number for trial in ranked[:MAX_GOOD] if trial.value is not None}
    latest = trials[-HISTORY].number
    return [trial for trial in trials if trial.number in best or trial.number >= latest]
