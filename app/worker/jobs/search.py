"""The rounds of a job's search under way: one is evaluated while the next is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from app.db import Database
from app.domain.records import Configuration
from app.services import job_runs
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, failed_results, shards_of_round
from app.tuning.recommendation.budget import search_share
from app.tuning.samplers import sampler_of
from app.tuning.search.rounds import Rounds, ask_round
from app.tuning.search.stopping import settled_reason
from app.worker.jobs.trial_history import Past
from app.worker.metrics import WorkerMetrics
from app.worker.pool.pool import Batches, Results, ShardLost


class TooManyFailed(Exception):
    """More trials of a job failed than the server puts up with."""


class Run(NamedTuple):
    """One run of a job."""

    job_id: str
    number: int


@dataclass
class _Round:
    """A round that is being evaluated, and which of its trials have no result yet."""

    numbers: range
    open: set[int]


class Search:
    """The search of one run of a job, on one store and one pool.

    Nothing here outlives the process: whatever is stored says where a search stands, and one made anew goes
    on from there.
    """

    def __init__(
        self,
        db: Database,
        open_batches: Callable[[Run, JobSpec], Batches],
        run: Run,
        *,
        max_failed_trials: int,
        metrics: WorkerMetrics,
    ) -> None:
        self._db = db
        self._run = run
        self._max_failed_trials = max_failed_trials
        self._metrics = metrics
        self._spec = job_runs.spec_of(db, run.job_id)
        self._rounds = Rounds.of(self._spec)
        is_whole = sampler_of(self._spec).reads_all
        self._past = Past(db, run.job_id, is_warm=bool(self._spec.from_jobs), is_whole=is_whole)
        self._batches: Batches = open_batches(run, self._spec)
        self._kept: dict[str, object] = {}  # of the sampler's
        self._shards: dict[int, Shard] = {}  # by their index in the batches
        self._evaluated: dict[int, _Round] = {}
        # Of a job that a version with other rounds began, earlier ones may lack trials.
        self._next = self._rounds.holding(job_runs.count_trials(db, run.job_id))

    def finish_round(self, r: int) -> bool:
        """Evaluates round r to its end, and the next ones meanwhile; False where the search ended before it.

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
            self._take()
        self._evaluated = {q: round_ for q, round_ in self._evaluated.items() if q > r}
        return True

    def close(self) -> None:
        """Gives up whatever is being evaluated."""
        self._batches.close()

    def _begin(self, r: int) -> bool:
        """Asks for a round, unless it is stored, and has it evaluated; False where the search is over."""
        job_id, run = self._run
        numbers = self._rounds.numbers(r)
        asked: list[Configuration] = []
        if not job_runs.is_stored(self._db, job_id, numbers):
            if self._is_over(r):
                return False
            asked = self._ask(r)
        trials = job_runs.open_round(self._db, job_id, run, r, numbers, asked)
        running = {trial.number for trial in trials if trial.is_open}
        shards = [
            shard
            for shard in shards_of_round(self._spec, r, numbers, [trial.configuration for trial in trials])
            if running.intersection(shard.numbers)  # else an earlier try recorded it
        ]
        self._evaluated[r] = _Round(numbers, running)
        self._shards |= zip(self._batches.add(shards), shards, strict=True)
        return True

    def _is_over(self, r: int) -> bool:
        """Whether no round from r on is asked for: the time is spent, or the search has settled."""
        budget = self._spec.budget
        if budget.seconds is not None and job_runs.elapsed_s(self._db, self._run.job_id) >= budget.seconds:
            return True
        if not budget.stop_when_settled:
            return False
        values = job_runs.values_before(self._db, self._run.job_id, self._rounds.seen(r))
        return settled_reason(values, self._rounds.edges[-1]) is not None

    def _ask(self, r: int) -> list[Configuration]:
        """The round's configurations, from as much of the past as its sampler looks at."""
        past = self._past.of_rounds(self._rounds.seen(r)) if sampler_of(self._spec).reads_past else []
        with self._metrics.timed("ask"):
            return ask_round(self._spec, r, past, self._kept)

    def _take(self) -> None:
        """Stores what the next shard that ends gave, of whichever round it is."""
        job_id, run = self._run
        i, outcome = self._batches.next(lambda: job_runs.is_running(self._db, job_id, run))
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
            so_far = job_runs.record_trials(self._db, job_id, run, results, self._fraction())
        self._metrics.trials_ended(results)
        if isinstance(outcome, ShardLost) and so_far > self._max_failed_trials:
            raise TooManyFailed(
                f"{so_far} trials failed, and the server puts up with {self._max_failed_trials} in a job"
                f" (STEPSIZE_MAX_FAILED_TRIALS); of the last one: {outcome}"
            )

    def _fraction(self) -> float:
        """The share of the job that is done, while its search goes on."""
        under_way = self._evaluated.values()
        before = min(round_.numbers.start for round_ in under_way)
        ended = before + sum(len(round_.numbers) - len(round_.open) for round_ in under_way)
        return search_share(self._spec) * ended / self._spec.budget.trials
