"""The search of a job: a round is evaluated while the sampler is asked for the next one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from app.db import Database
from app.domain.records import Configuration
from app.services import job_runs
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, failed_results, shards_of_round
from app.tuning.samplers import sampler_of
from app.tuning.search.asking import ask_round
from app.tuning.search.stopping import settled_reason
from app.worker.jobs.trial_history import TrialHistory
from app.worker.metrics import WorkerMetrics
from app.worker.pool.protocols import BatchSet, Results, ShardLost


class TooManyFailed(Exception):
    """More trials of a job failed than the server tolerates."""


class JobRun(NamedTuple):
    """A job and the number of its run: 1, and one more for each resume or takeover."""

    job_id: str
    number: int


@dataclass
class _Round:
    """A round under evaluation, and the numbers of its trials without a result."""

    numbers: range
    open: set[int]


class Search:
    """The search of one run of a job, on one store and one pool.

    The state of a search is lost with the process. A new search continues from the stored trials.
    """

    def __init__(
        self,
        db: Database,
        open_batches: Callable[[JobRun, JobSpec], BatchSet],
        job_run: JobRun,
        *,
        max_failed_trials: int,
        metrics: WorkerMetrics,
    ) -> None:
        self._db = db
        self._job_run = job_run
        self._max_failed_trials = max_failed_trials
        self._metrics = metrics
        self._plan = job_runs.plan_of(db, job_run.job_id)
        self._spec, self._rounds = self._plan.spec, self._plan.rounds
        is_whole = sampler_of(self._spec).reads_all
        self._history = TrialHistory(
            db, job_run.job_id, is_warm=bool(self._spec.from_jobs), is_whole=is_whole
        )
        self._batches: BatchSet = open_batches(job_run, self._spec)
        self._sampler_state: dict[str, object] = {}
        self._shards: dict[int, Shard] = {}  # by index in the batches
        self._evaluated: dict[int, _Round] = {}  # by number of the round
        # Earlier rounds may lack trials if a version with other rounds began the job.
        self._next = self._rounds.round_of(job_runs.count_trials(db, job_run.job_id))

    def finish_round(self, r: int) -> bool:
        """Evaluate round r to its end, and later rounds meanwhile. Return False if the search ended before r.

        The rounds before r have ended. Raises Interrupted and TooManyFailed.
        """
        self._next = min(self._next, r) if not self._evaluated else self._next
        while self._next < len(self._rounds) and self._rounds.seen(self._next) <= r:
            if not self._begin(self._next):
                break
            self._next += 1
        if self._next <= r:
            return False
        while any(round_.open for q, round_ in self._evaluated.items() if q <= r):
            self._store_next()
        self._evaluated = {q: round_ for q, round_ in self._evaluated.items() if q > r}
        return True

    def close(self) -> None:
        """Withdraw the rounds under evaluation."""
        self._batches.close()

    def _begin(self, r: int) -> bool:
        """Start the evaluation of a round, stored or new. Return False if the search is over."""
        job_id, run_number = self._job_run
        numbers = self._rounds.numbers(r)
        configurations: list[Configuration] = []  # empty if the round is stored
        if not job_runs.is_stored(self._db, job_id, numbers):
            if self._is_over(r):
                return False
            configurations = self._ask(r)
        trials = job_runs.open_round(self._db, job_id, run_number, r, numbers, configurations)
        running = {trial.number for trial in trials if trial.is_open}
        shards = [
            shard
            for shard in shards_of_round(self._spec, r, numbers, [trial.configuration for trial in trials])
            if running.intersection(shard.numbers)  # else an earlier attempt stored its results
        ]
        self._evaluated[r] = _Round(numbers, running)
        self._shards |= zip(self._batches.add(shards), shards, strict=True)
        return True

    def _is_over(self, r: int) -> bool:
        """Return whether the search ends before round r: the time is spent, or the search has settled."""
        budget = self._spec.budget
        if (
            budget.seconds is not None
            and job_runs.elapsed_s(self._db, self._job_run.job_id) >= budget.seconds
        ):
            return True
        if not budget.stop_when_settled:
            return False
        values = job_runs.values_before(self._db, self._job_run.job_id, self._rounds.seen(r))
        return settled_reason(values, self._rounds.trial_count) is not None

    def _ask(self, r: int) -> list[Configuration]:
        """Return the configurations of round r, from as many ended trials as the sampler reads."""
        history = self._history.of_rounds(self._rounds.seen(r)) if sampler_of(self._spec).reads_past else []
        with self._metrics.timed("ask"):
            return ask_round(self._plan, r, history, self._sampler_state)

    def _store_next(self) -> None:
        """Wait for the next shard that ends, of any round, and store its results."""
        job_id, run_number = self._job_run
        i, outcome = self._batches.next(lambda: job_runs.is_running(self._db, job_id, run_number))
        shard = self._shards.pop(i)
        if isinstance(outcome, ShardLost):
            self._metrics.batch_lost()
            results: Results = failed_results(shard, str(outcome))
        else:
            self._metrics.batch_done(outcome)
            results = outcome
        for round_ in self._evaluated.values():
            round_.open.difference_update(result.number for result in results)
        with self._metrics.timed("store"):
            failures = job_runs.record_trials(self._db, job_id, run_number, results, self._fraction())
        self._metrics.trials_ended(results)
        if isinstance(outcome, ShardLost) and failures > self._max_failed_trials:
            raise TooManyFailed(
                f"{failures} trials failed, and the server allows {self._max_failed_trials} in a job"
                f" (STEPSIZE_MAX_FAILED_TRIALS); of the last one: {outcome}"
            )

    def _fraction(self) -> float:
        """Return the share of the job that is done, during its search."""
        rounds = self._evaluated.values()
        before = min(round_.numbers.start for round_ in rounds)
        ended = before + sum(len(round_.numbers) - len(round_.open) for round_ in rounds)
        return self._plan.search_share * ended / self._rounds.trial_count
