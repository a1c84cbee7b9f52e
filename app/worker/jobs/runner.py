"""The steps of a job, between the store, the tuning and the pool; knows nothing of the queue."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import count

from app.db import Database
from app.domain.records import FinishedTrial, TrialResult
from app.domain.states import TrialState
from app.engine.trajectories import codec
from app.engine.trajectories.result import Trajectory
from app.services import job_runs, race_results, range_tests
from app.spec.job import JobSpec
from app.spec.resources.recommendations import Recommendation
from app.tuning.evaluation.requests import EvaluationRequest, EvaluationResult, gather, shards_of_request
from app.tuning.evaluation.shards import Shard
from app.tuning.recommendation.budget import AdviceShare
from app.tuning.recommendation.pipeline import advise
from app.tuning.recommendation.stages import stage_word
from app.tuning.search.rounds import round_count, trial_count
from app.tuning.search.stopping import why_settled
from app.worker.jobs.search import Run, Search, TooManyFailed
from app.worker.metrics import WorkerMetrics
from app.worker.pool.pool import Batches, Line, Pool, ShardLost
from app.worker.pool.work_sharing import Fanout

logger = logging.getLogger(__name__)


class Runner:
    """Runs the steps of jobs on one store and one pool."""

    def __init__(
        self,
        db: Database,
        pool: Pool,
        *,
        max_failed_trials: int,
        metrics: WorkerMetrics | None = None,
        fanout: Fanout | None = None,
    ) -> None:
        self.db = db
        self._pool = pool
        self._fanout = fanout  # None where no other worker can share the database
        self._metrics = metrics or WorkerMetrics()
        self._max_failed_trials = max_failed_trials
        self._searches: dict[Run, Search] = {}  # those that have rounds under way

    def start(self, job_id: str, run: int) -> int:
        """Sets the job running; returns the number of its rounds."""
        job_runs.start(self.db, job_id, run)
        return round_count(job_runs.spec_of(self.db, job_id))

    def search_round(self, job_id: str, run: int, number: int) -> bool:
        """Evaluates a round to its end; False where the search is over, by its budget or for other reasons.

        The rounds come in turn, on any thread but one at a time. The next ones may be under way afterwards.
        """
        key = Run(job_id, run)
        search = self._searches.pop(key, None) or self._new_search(key)
        try:
            goes_on = search.finish_round(number)
        except BaseException:
            search.close()
            raise
        if goes_on:
            self._searches[key] = search
        else:
            search.close()
        return goes_on

    def _new_search(self, key: Run) -> Search:
        return Search(
            self.db,
            self._open,
            key,
            max_failed_trials=self._max_failed_trials,
            metrics=self._metrics,
        )

    def answer(self, job_id: str, run: int) -> None:
        """Runs the requests of the advice, stores the recommendation and ends the job."""
        if (search := self._searches.pop(Run(job_id, run), None)) is not None:
            search.close()
        if range_tests.is_one(self.db, job_id):
            self._end_range_test(job_id, run)
            return
        spec = job_runs.spec_of(self.db, job_id)
        finished = job_runs.finished_trials(self.db, job_id, round_count(spec))
        reason = None
        offered = trial_count(spec)
        if len(finished) < offered:
            reason = why_settled(spec, finished)
            if reason is None:
                reason = f"budget.seconds is spent: {len(finished)} of {spec.budget.trials} trials ran"
        elif offered < spec.budget.trials:
            kind = spec.sampler.kind
            reason = f"the {kind} is exhausted: all of its trials ran, {offered} of {spec.budget.trials}"
        answer = self._advise(job_id, run, spec, finished)
        if answer is None:
            reason = _no_answer(finished, reason)
        job_runs.succeed(self.db, job_id, run, answer, reason)

    def _end_range_test(self, job_id: str, run: int) -> None:
        """A range test has no race: its one trial is the answer, and most often diverged."""
        curve = self._curve(job_id, 0)
        if curve is None:
            raise TooManyFailed("the one run of the range test failed; its trial says why")
        range_tests.succeed(self.db, job_id, run, curve)

    def _advise(
        self, job_id: str, run: int, spec: JobSpec, finished: Sequence[FinishedTrial]
    ) -> Recommendation | None:
        """Drives the advice: each request that it asks for is run, and its result handed back."""
        advice = advise(spec, finished, lambda number: self._curve(job_id, number))
        found: Recommendation | None = None
        share = AdviceShare(spec)
        try:
            request = next(advice)
            for number in count():
                share.begin(request)
                result = race_results.find(self.db, job_id, number, request)
                if result is None:  # else an earlier try of this step stored it
                    result = self._run_request(job_id, run, spec, request, share)
                    race_results.store(self.db, job_id, run, number, request, result)
                request = advice.send(result)
        except StopIteration as end:
            found = end.value
        return found

    def _run_request(
        self, job_id: str, run: int, spec: JobSpec, request: EvaluationRequest, share: AdviceShare
    ) -> EvaluationResult:
        """share: of the job, with this request begun."""
        stage = stage_word(request)
        job_runs.enter_stage(self.db, job_id, run, share.at(0.0), stage)
        shards = shards_of_request(spec, request)
        gathered: list[list[TrialResult]] = [[] for _ in shards]
        for ended, (i, outcome) in enumerate(self._evaluate(job_id, run, spec, shards), start=1):
            if isinstance(outcome, ShardLost):
                raise outcome  # a race that lacks some of its runs is none
            gathered[i] = outcome
            job_runs.record_fraction(self.db, job_id, run, share.at(ended / len(shards)), stage)
        return gather(gathered)

    def _curve(self, job_id: str, number: int) -> Trajectory | None:
        """The stored curve of a trial."""
        curve = job_runs.trajectory(self.db, job_id, number)
        return None if curve is None else codec.decode(curve)

    def _evaluate(
        self, job_id: str, run: int, spec: JobSpec, shards: Sequence[Shard]
    ) -> Iterator[tuple[int, list[TrialResult] | ShardLost]]:
        batches = self._open(Run(job_id, run), spec)
        try:
            batches.add(shards)
            for _ in shards:
                i, outcome = batches.next(lambda: job_runs.is_running(self.db, job_id, run))
                if isinstance(outcome, ShardLost):
                    self._metrics.batch_lost()
                else:
                    self._metrics.batch_done(outcome)
                yield i, outcome
        finally:
            batches.close()

    def _open(self, key: Run, spec: JobSpec) -> Batches:
        line = Line(key.job_id, spec.priority)
        return self._pool.open(line) if self._fanout is None else self._fanout.open(line, key.number)


def _no_answer(finished: Sequence[FinishedTrial], reason: str | None) -> str:
    """Why a job that ended well has no recommendation."""
    if finished and all(trial.state is TrialState.DIVERGED for trial in finished):
        return "every trial diverged; lower the learning rates of the search space"
    return f"no trial completed; {reason or 'all of them failed or were pruned'}"
