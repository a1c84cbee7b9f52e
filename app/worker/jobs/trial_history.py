"""The ended trials of a job as its sampler reads them; each trial is read from the store once."""

from __future__ import annotations

import math

from app.db import Database
from app.domain.records import FinishedTrial
from app.services import job_runs, warm_starts
from app.tuning.samplers.parzen.history import HISTORY, MAX_GOOD


class TrialHistory:
    """The best and the latest trials of the first rounds, after the trials of the jobs in `from_jobs`.

    The trials in memory equal those that a query of the store would return. A new process therefore continues
    with the same proposals.

    is_warm: whether the job has `from_jobs`. is_whole: whether all trials are kept.
    """

    def __init__(self, db: Database, job_id: str, *, is_warm: bool, is_whole: bool = False) -> None:
        self._best = None if is_whole else MAX_GOOD
        self._latest = None if is_whole else HISTORY
        self._db = db
        self._job_id = job_id
        self._inherited = warm_starts.trials_for(db, job_id) if is_warm else []
        self._trials: list[FinishedTrial] = []
        self._rounds = 0

    def of_rounds(self, count: int) -> list[FinishedTrial]:
        """Return the trials of the first `count` rounds, or of more if an earlier call had a larger count.

        Raises Interrupted.
        """
        if count > self._rounds:
            self._trials += job_runs.finished_trials(
                self._db, self._job_id, count, from_round=self._rounds, best=self._best, latest=self._latest
            )
            self._rounds = count
            if self._latest is not None:
                self._trials = _best_and_latest(self._trials)
        return self._inherited + self._trials


def _best_and_latest(trials: list[FinishedTrial]) -> list[FinishedTrial]:
    """Return the best and the latest trials by number, selected as the store selects them."""
    if len(trials) <= HISTORY:
        return trials
    ranked = sorted(
        trials, key=lambda trial: (math.inf if trial.value is None else trial.value, trial.number)
    )
    best = {trial.number for trial in ranked[:MAX_GOOD] if trial.value is not None}
    latest = trials[-HISTORY].number
    return [trial for trial in trials if trial.number in best or trial.number >= latest]
