"""The steps of a job, between the store, the tuning and the pool; independent of the queue."""

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
from app.tuning.planning.plan import Plan
from app.tuning.planning.progress import AdviceShare
from app.tuning.recommendation.pipeline import advise
from app.tuning.recommendation.stages import stage_word
from app.tuning.search.stopping import why_settled
from app.worker.jobs.search import JobRun, Search, TooManyFailed
from app.worker.metrics import WorkerMetrics
from app.worker.pool.protocols import BatchSet, JobPriority, Outcome, ShardLost, ShardPool
from app.worker.pool.work_sharing import Fanout

logger = logging.getLogger(__name__)


class Runner:
    """The steps of jobs, on one store and one pool."""

    def __init__(
        self,
        db: Database,
        pool: ShardPool,
        *,
        max_failed_trials: int,
        metrics: WorkerMetrics | None = None,
        fanout: Fanout | None = None,
    ) -> None:
        self.db = db
        self._pool = pool
        self._fanout = fanout  # None if no other worker can share the database
        self._metrics = metrics or WorkerMetrics()
        self._max_failed_trials = max_failed_trials
        self._searches: dict[JobRun, Search] = {}  # the searches with rounds under evaluation

    def start(self, job_id: str, run_number: int) -> int:
        """Set the job running. Return the number of its rounds."""
        job_runs.start(self.db, job_id, run_number)
        return len(job_runs.plan_of(self.db, job_id).rounds)

    def search_round(self, job_id: str, run_number: int, number: int) -> bool:
        """Evaluate a round to its end. Return False if the search is over, by its budget or by settling.

        Rounds come in order, one at a time, on any thread. Later rounds may be under evaluation afterwards.
        """
        key = JobRun(job_id, run_number)
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

    def _new_search(self, key: JobRun) -> Search:
        return Search(
            self.db,
            self._open,
            key,
            max_failed_trials=self._max_failed_trials,
            metrics=self._metrics,
        )

    def answer(self, job_id: str, run_number: int) -> None:
        """Evaluate the requests of the advice, store the recommendation and end the job."""
        job_run = JobRun(job_id, run_number)
        if (search := self._searches.pop(job_run, None)) is not None:
            search.close()
        if range_tests.is_range_test(self.db, job_id):
            self._end_range_test(job_run)
            return
        plan = job_runs.plan_of(self.db, job_id)
        spec, offered = plan.spec, plan.rounds.trial_count
        finished = job_runs.finished_trials(self.db, job_id, len(plan.rounds))
        reason = None
        if len(finished) < offered:
            reason = why_settled(plan, finished)
            if reason is None:
                reason = f"budget.seconds is spent: {len(finished)} of {spec.budget.trials} trials ran"
        elif offered < spec.budget.trials:
            kind = spec.sampler.kind
            reason = f"the {kind} is exhausted: all of its trials ran, {offered} of {spec.budget.trials}"
        answer = self._advise(job_run, plan, finished)
        if answer is None:
            reason = _no_answer(finished, reason)
        job_runs.succeed(self.db, job_id, run_number, answer, reason)

    def _end_range_test(self, job_run: JobRun) -> None:
        """Store the trajectory of the one trial as the answer: a range test has no race.

        The trial of a range test usually diverges.
        """
        trajectory = self._trajectory(job_run.job_id, 0)
        if trajectory is None:
            raise TooManyFailed("the one run of the range test failed; its trial says why")
        range_tests.succeed(self.db, job_run.job_id, job_run.number, trajectory)

    def _advise(
        self, job_run: JobRun, plan: Plan, finished: Sequence[FinishedTrial]
    ) -> Recommendation | None:
        """Evaluate each request of the advice and send its result back. Return the recommendation."""
        job_id = job_run.job_id
        advice = advise(plan, finished, lambda number: self._trajectory(job_id, number))
        recommendation: Recommendation | None = None
        share = AdviceShare(plan)
        try:
            request = next(advice)
            for number in count():
                share.begin(request)
                result = race_results.find(self.db, job_id, number, request)
                if result is None:  # else an earlier attempt at this step stored it
                    result = self._run_request(job_run, plan.spec, request, share)
                    race_results.store(self.db, job_id, job_run.number, number, request, result)
                request = advice.send(result)
        except StopIteration as end:
            recommendation = end.value
        return recommendation

    def _run_request(
        self, job_run: JobRun, spec: JobSpec, request: EvaluationRequest, share: AdviceShare
    ) -> EvaluationResult:
        """Evaluate the shards of a request, and record the stage and the fraction of the job meanwhile.

        share: the job's progress, with this request begun.
        """
        stage = stage_word(request)
        job_runs.enter_stage(self.db, *job_run, share.at(0.0), stage)
        shards = shards_of_request(spec, request)
        gathered: list[list[TrialResult]] = [[] for _ in shards]
        for ended, (i, outcome) in enumerate(self._evaluate(job_run, spec, shards), start=1):
            if isinstance(outcome, ShardLost):
                raise outcome  # a race needs all of its runs
            gathered[i] = outcome
            job_runs.record_fraction(self.db, *job_run, share.at(ended / len(shards)), stage)
        return gather(gathered)

    def _trajectory(self, job_id: str, number: int) -> Trajectory | None:
        """Return the stored trajectory of a trial."""
        data = job_runs.trajectory(self.db, job_id, number)
        return None if data is None else codec.decode(data)

    def _evaluate(
        self, job_run: JobRun, spec: JobSpec, shards: Sequence[Shard]
    ) -> Iterator[tuple[int, Outcome]]:
        batches = self._open(job_run, spec)
        try:
            batches.add(shards)
            for _ in shards:
                i, outcome = batches.next(lambda: job_runs.is_running(self.db, *job_run))
                if isinstance(outcome, ShardLost):
                    self._metrics.batch_lost()
                else:
                    self._metrics.batch_done(outcome)
                yield i, outcome
        finally:
            batches.close()

    def _open(self, job_run: JobRun, spec: JobSpec) -> BatchSet:
        job = JobPriority(job_run.job_id, spec.priority)
        return self._pool.open(job) if self._fanout is None else self._fanout.open(job, job_run.number)


def _no_answer(finished: Sequence[FinishedTrial], reason: str | None) -> str:
    """Return why a job that succeeded has no recommendation."""
    if finished and all(trial.state is TrialState.DIVERGED for trial in finished):
        return "every trial diverged; lower the learning rates of the search space"
    return f"no trial completed; {reason or 'all of them failed or were pruned'}"
