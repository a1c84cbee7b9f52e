"""Plan a job from its spec alone: the plan is computed once, then handed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.engine.objectives.base import Objective
from app.spec.job import JobSpec
from app.spec.resources.estimates import Estimate
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import Seeds
from app.tuning.planning.baselines import kinds
from app.tuning.planning.estimate import estimate_job, searched_share
from app.tuning.planning.memory_limit import memory_faults
from app.tuning.planning.rounds import Rounds
from app.tuning.planning.stage_runs import (
    RaceSize,
    max_advice_runs,
    planned_stage_runs,
    reduced_seed_count,
)
from app.tuning.planning.suitability import check_suitable
from app.tuning.space.enqueue import check_enqueued


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Hold what a job will do.

    objective: the engine's objective. rounds: the cut of the search into rounds. kinds: the kinds of
    optimizers in the search space. replicates: the seeds of a confirmation; 1 if the objective is
    deterministic, 0 without a confirmation. searched: the expected share of the search's updates that is made
    although trials are pruned. stage_runs: the planned runs of each stage of the advice, in units of `steps`
    updates; empty without a confirmation. max_advice_runs: the most runs of the advice. estimate: what the
    job costs. memory_faults: what no process could hold, as pairs of a JSON pointer and a message.
    """

    spec: JobSpec
    objective: Objective
    rounds: Rounds
    kinds: tuple[str, ...]
    replicates: int
    searched: float
    stage_runs: Mapping[Seeds, int]
    max_advice_runs: int
    estimate: Estimate
    memory_faults: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, spec: JobSpec) -> Plan:
        """Plan a job by a fixed rule of its spec, never by the machine. The spec has no `spec_faults`."""
        objective = build_objective(spec.objective)
        rounds = Rounds.of(spec)
        size = RaceSize.of(spec, trials=rounds.trial_count, is_exact=objective.deterministic)
        searched = searched_share(spec, rounds)
        stage_runs = {} if size is None else planned_stage_runs(size)
        return cls(
            spec=spec,
            objective=objective,
            rounds=rounds,
            kinds=tuple(kinds(spec)),
            replicates=0 if size is None else size.replicates,
            searched=searched,
            stage_runs=stage_runs,
            max_advice_runs=0 if size is None else max_advice_runs(size),
            estimate=estimate_job(spec, objective, rounds.trial_count, searched, stage_runs),
            memory_faults=tuple(memory_faults(spec, rounds)),
        )

    @property
    def steps(self) -> int:
        """The updates of a run."""
        return self.spec.budget.steps

    @property
    def top(self) -> int:
        """The number of trials that race; 0 without a confirmation."""
        return 0 if self.spec.confirmation is None else self.spec.confirmation.top

    @property
    def is_exact(self) -> bool:
        """Return whether every seed gives the same values."""
        return self.objective.deterministic

    @property
    def few_replicates(self) -> int:
        """The seeds of a stage that needs means alone."""
        return reduced_seed_count(self.replicates)

    @property
    def search_updates(self) -> int:
        """The most updates of the search, which no pruner stops."""
        return self.rounds.trial_count * self.spec.replicates * self.steps

    @property
    def max_updates(self) -> int:
        """The most updates of the whole job: search and advice."""
        return self.search_updates + self.max_advice_runs * self.steps

    @property
    def search_share(self) -> float:
        """The share of the job that the search takes; the advice takes the rest."""
        search = self.searched * self.search_updates
        return search / (search + sum(self.stage_runs.values()) * self.steps)

    def few_seeds(self, first: Seeds) -> range:
        """Return the replicates of a stage that needs means alone. first: the stage."""
        return range(first, first + self.few_replicates)


def spec_faults(spec: JobSpec) -> list[tuple[str, str]]:
    """Return why a job cannot be planned, as pairs of a JSON pointer and a message; empty if it can.

    The sampler must be able to search the space, and `enqueue` must lie in the space.
    """
    return check_suitable(spec) or check_enqueued(spec)
