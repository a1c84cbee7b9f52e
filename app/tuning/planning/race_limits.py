"""The limits of the stages of the advice: how many candidates, seeds and peaks a stage takes at most.

A plan counts the runs of a job from these limits before any stage has begun; the stages keep to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.spec.job import MAX_STEPS

# The race, and the final as far as its first looks.
MAX_CONSTANT_RATE_TRIALS = 3  # trials with a constant learning rate that race besides the best trials
LOOK_MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the job's replicates; after so many seeds there is a look
MIN_SEEDS = 2  # seeds that a comparison needs; a single seed has no spread

# The generations of offspring.
# Standard deviation of a step from a parent's number, as a share of the range, for each generation.
SPREADS = (0.15, 0.15, 0.08)
MAX_SURVIVING_PARENTS = 4  # best survivors of a race that become parents, or enter the final
OFFSPRING_PER_TOP = 4  # largest size of a generation, as a multiple of `confirmation.top`
# Multiples of the replicates. There is an early look, as most offspring are bad and few seeds show that.
GENERATION_LOOKS = (LOOK_MULTIPLES[0] / 2.0, *LOOK_MULTIPLES)

# The final.
PEAK_FACTORS = (1.0, 2.0)  # multiples of the leader's peak; a schedule that decays allows a higher peak
MAX_DERIVED = 2 * len(PEAK_FACTORS) + 1  # candidates: decays, twice refined ones, and one refined once
MAX_REFERENCES = 4  # the best constant rates of two races and two defaults
# Looks of an extended final: the multiple of the job's replicates, and how many candidates run until then.
EXTENSIONS = ((2, 8), (4, 6), (8, 4))

# The learning-rate sweep.
HALF_OCTAVES = range(-8, 9)  # distances to the configuration's peak: factors 2^-4 to 2^4
EXTRA_SEEDS = 48  # seeds beyond the job's replicates for an uncertain end of the range
MAX_SWEPT_TIES = 3  # tied candidates that are swept
MAX_SWEPT_BY_MEAN = 5  # candidates with the lowest means that are swept if the tied ones have no margin

# The race with a margin.
MAX_LOWERED = 6  # candidates of the final that race at lower peaks
LOWERING_FACTORS = (2.0**-0.5, 0.5, 2.0**-1.5)  # multiples of a candidate's peak that race too
MARGIN_SPREADS = (0.1, 0.05)  # standard deviation of a local move in each generation, as in SPREADS
MAX_FINAL_DEFAULTS = 4  # defaults of the final that race beside the lowered candidates

# The confirmation.
MAX_CONFIRMED = 3  # candidates of the final that run on the confirming seeds

# The other horizons.
STEP_DIVISORS = (2, 4)  # the job's steps are divided by these for the shorter horizons
STEP_MULTIPLE = 2  # the job's steps are multiplied by this for the longer horizon
PEAK_RADIUS = 2  # half octaves on each side of the predicted peak that run first: five peaks
EXACT_PEAK_RADIUS = 8  # the same for a deterministic objective, which needs one seed only
MAX_REQUESTS = 3  # at a horizon: the first peaks, and twice the peaks missing around the best


def looks(replicates: int, multiples: Sequence[float] = LOOK_MULTIPLES) -> list[int]:
    """Return after how many seeds the candidates are compared, ascending.

    multiples: the looks, as multiples of the replicates.
    """
    if replicates == 1:
        return [1]
    return sorted({max(MIN_SEEDS, round(multiple * replicates)) for multiple in multiples})


def max_race_runs(replicates: int, candidates: int, shares: int) -> int:
    """Return the most runs of a race: the replicates for each share, or a few runs for each candidate."""
    return max(shares * replicates, candidates * min(MIN_SEEDS, replicates))


def max_offspring(top: int, replicates: int) -> int:
    """Return the number of offspring of a generation.

    Each offspring runs on two seeds at least, out of a budget of `top` times the replicates. With few
    replicates the number is lowered, but not below `top`, so that these runs leave half of the budget.
    """
    if replicates == 1:
        return OFFSPRING_PER_TOP * top
    return min(OFFSPRING_PER_TOP * top, max(top, top * replicates // (2 * MIN_SEEDS)))


def seed_looks(replicates: int) -> list[int]:
    """Return the total numbers of seeds for the ends of a range, ascending, after the seeds of the sweep."""
    return [] if replicates == 1 else [replicates, replicates + EXTRA_SEEDS]


def horizon_lengths(steps: int) -> list[int]:
    """Return a quarter of, half, once and twice the steps: rounded half up, at least 1, without repeats."""
    shorter = [max(1, math.floor(steps / part + 0.5)) for part in STEP_DIVISORS]
    longer = [STEP_MULTIPLE * steps] if STEP_MULTIPLE * steps <= MAX_STEPS else []
    return sorted({*shorter, steps, *longer})
