"""The runs of the advice, stage by stage, from the size of its race."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.spec.job import JobSpec
from app.tuning.evaluation.requests import Seeds
from app.tuning.planning import race_limits as limits
from app.tuning.planning.baselines import baselines_of, kinds
from app.tuning.planning.race_limits import horizon_lengths, max_offspring, max_race_runs, seed_looks


@dataclass(frozen=True, kw_only=True)
class RaceSize:
    """Hold the numbers on which the runs of the advice depend.

    top, steps: as in the spec. trials: as many as the sampler proposes. kinds: kinds of optimizers in the
    search space. baselines: the defaults and the best constant rate. replicates: seeds of the confirmation.
    is_exact: whether every seed gives the same.
    """

    top: int
    trials: int
    steps: int
    kinds: int
    baselines: int
    replicates: int
    is_exact: bool

    @classmethod
    def of(cls, spec: JobSpec, *, trials: int, is_exact: bool) -> RaceSize | None:
        """Return the size of a job's race; None if the job has no confirmation."""
        if spec.confirmation is None:
            return None
        replicates = 1 if is_exact else spec.confirmation.replicates
        return cls(
            top=spec.confirmation.top,
            trials=trials,
            steps=spec.budget.steps,
            kinds=len(kinds(spec)),
            baselines=len(baselines_of(spec)) + 1,
            replicates=replicates,
            is_exact=is_exact,
        )

    @property
    def few(self) -> int:
        """The seeds of a stage that needs means alone."""
        return reduced_seed_count(self.replicates)


def reduced_seed_count(replicates: int) -> int:
    """Return the number of seeds of a stage that needs means alone: a quarter of the confirmation's seeds."""
    return min(max(2, replicates // 4), replicates)


def planned_stage_runs(size: RaceSize) -> dict[Seeds, int]:
    """Return the most runs of each stage, in units of `steps` updates, in the order of the stages.

    Leave out the runs that depend on values: extensions of the final, ends of a range on more seeds, the race
    with a margin, the second confirmation, and peaks beyond the first ones at another horizon.
    """
    first = min(size.top + limits.MAX_CONSTANT_RATE_TRIALS, size.trials) + size.kinds + size.baselines
    return {
        Seeds.RACE: max_race_runs(size.replicates, first, size.top),
        Seeds.NEIGHBOURS: _generation_runs(size),
        Seeds.NORMS: 2 * size.few,
        Seeds.FINAL: max_finalists(size.kinds) * size.replicates,
        Seeds.SWEEP: limits.MAX_SWEPT_TIES * (len(limits.HALF_OCTAVES) + 1) * size.few,
        Seeds.MARGIN: 0,
        Seeds.CONFIRM: (limits.MAX_CONFIRMED + size.baselines) * size.replicates,
        Seeds.RECONFIRM: 0,
        Seeds.HORIZONS: horizon_runs(size),
    }


def max_advice_runs(size: RaceSize) -> int:
    """Return the most runs of the whole advice, in units of `steps` updates."""
    planned = planned_stage_runs(size)
    swept = limits.MAX_SWEPT_TIES + limits.MAX_SWEPT_BY_MEAN
    peaks = len(limits.HALF_OCTAVES) + 1
    # The ends of a range run on more seeds for each choice; there are at most three choices.
    range_ends = (swept + limits.MAX_SWEPT_TIES) * peaks * max([0, *seed_looks(size.replicates)])
    second_confirmation = planned[Seeds.CONFIRM] + swept * peaks * size.few
    extensions = _extension_runs(size.replicates) + _margin_runs(size)
    extensions += horizon_runs(size, limits.MAX_REQUESTS) - planned[Seeds.HORIZONS]
    return sum(planned.values()) + extensions + range_ends + second_confirmation


def max_finalists(kinds: int) -> int:
    """Return the largest number of candidates in the final."""
    return limits.MAX_SURVIVING_PARENTS + kinds + limits.MAX_DERIVED + limits.MAX_REFERENCES


def horizon_runs(size: RaceSize, requests: int = 1) -> int:
    """Return the runs at the other horizons, in units of the job's steps.

    requests: the number of requests at each horizon.
    """
    radius = limits.EXACT_PEAK_RADIUS if size.is_exact else limits.PEAK_RADIUS
    peaks = 2 * radius + 1 + (requests - 1) * (2 * limits.PEAK_RADIUS)
    other_horizons = sum(length / size.steps for length in horizon_lengths(size.steps)) - 1.0
    return math.ceil((peaks * other_horizons + 1.0) * size.few)


def _generation_runs(size: RaceSize) -> int:
    """Return the most runs of all generations of offspring."""
    candidates = limits.MAX_SURVIVING_PARENTS + size.kinds + max_offspring(size.top, size.replicates)
    return len(limits.SPREADS) * max_race_runs(size.replicates, candidates, size.top)


def _extension_runs(replicates: int) -> int:
    """Return the most runs of the final's extension, beyond the replicates of each candidate."""
    if replicates <= 1:
        return 0
    seeds = np.diff([1, *(multiple for multiple, _ in limits.EXTENSIONS)])
    return replicates * int(seeds @ [count for _, count in limits.EXTENSIONS])


def _margin_runs(size: RaceSize) -> int:
    """Return the most runs of the race with a margin, including the runs half an octave higher."""
    lowered = limits.MAX_LOWERED * (1 + len(limits.LOWERING_FACTORS))
    candidates = lowered + max_offspring(size.top, size.replicates) + limits.MAX_FINAL_DEFAULTS
    checks = candidates * min(limits.MIN_SEEDS, size.replicates)
    generations = len(limits.MARGIN_SPREADS)
    return generations * (checks + max_race_runs(size.replicates, candidates, size.top))
