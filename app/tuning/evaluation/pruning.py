"""Pruning of a bracket, which is a round or a part of a round: all of its trials are ranked at once.

The usual pruners judge trials one by one, so in a batch their decision would depend on the order. Here every
trial of the bracket is at the same step and all trials are ranked together. Of equal trials the lower number
ranks first, and diverged trials rank last.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.spec.job import JobSpec

ETA = 3  # ratio of the steps of a rung and of the rung before; a rung keeps one trial in ETA
MAX_RUNGS = 8  # most rungs of a run
LEAST_BRACKET = 16  # fewest trials of a bracket if a round is cut; a third of fewer trials says little


def rungs(steps: int) -> tuple[int, ...]:
    """Return the rungs of a run: steps / 3, / 9, / 27 ..., rounded half up.

    A run is measured at its rungs and may be pruned there. The rungs ascend, are distinct, at
    least 1 and below `steps`, and are at most the eight nearest the end.
    """
    distinct: set[int] = set()
    for power in range(1, MAX_RUNGS + 1):
        rung = int(steps * ETA**-power + 0.5)
        if 1 <= rung < steps:
            distinct.add(rung)
    return tuple(sorted(distinct))


def pruning_rungs(spec: JobSpec, r: int, bracket: int) -> tuple[int, ...]:
    """Return the rungs, ascending, at which a bracket of that many trials of round r prunes.

    Only the last s_max = floor(log3(bracket)) rungs of a run can prune. Successive halving prunes at all of
    them. Hyperband prunes at all of them in round 0 and at one rung fewer in each later round, down to none;
    then the cycle begins again. The median rule never prunes in round 0 and never at the first rung of a run.
    """
    steps = rungs(spec.budget.steps)
    s_max = min(_levels(bracket), len(steps))
    match spec.pruner.kind:
        case "successive_halving":
            count = s_max
        case "hyperband":
            count = s_max - r % (s_max + 1)
        case "median":
            count = 0 if r == 0 else min(s_max, len(steps) - 1)
        case "none":
            count = 0
    return steps[len(steps) - count :] if count > 0 else ()


def judge_for(
    spec: JobSpec, r: int | None, bracket: int, replicates: int, stop_at: int | None = None
) -> BracketJudge | None:
    """Return the judge of a bracket of that many trials; None if no run could ever be stopped.

    r: the round; None for runs that are never pruned.
    stop_at: the rung at which all runs stop, whatever their values; None if the rule of the round decides.
    """
    if stop_at is not None:
        return FixedStopJudge(bracket, replicates, stop_at)
    pruning = () if r is None else pruning_rungs(spec, r, bracket)
    if not pruning and replicates == 1:
        return None
    return BracketJudge(bracket, replicates, pruning, by_median=spec.pruner.kind == "median")


class BracketJudge:
    """The pruning decisions for the runs of one bracket, ordered by trial and within a trial by replicate.

    The value of a trial at a rung is the mean over its replicates, and the replicates of a trial stop
    together. If one replicate diverges, the trial has diverged, and the others stop at the next rung.
    pruning: the rungs at which the bracket prunes. by_median: whether the median rule decides which trials
    go on, else a third of the trials does.
    """

    def __init__(self, bracket: int, replicates: int, pruning: Iterable[int], *, by_median: bool) -> None:
        self._size = bracket
        self._replicates = replicates
        self._pruning = tuple(pruning)
        self._by_median = by_median
        # Whether the trial at each place is ranked at the next rung; a diverged trial ranks last.
        self._ranked = np.ones(bracket, dtype=np.bool_)
        self.reasons: dict[int, str] = {}  # why a trial was pruned, by its place in the bracket

    def __call__(self, step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which runs go on: (bracket * replicates,).

        values: (bracket * replicates,) at the rung of this step, nan for a run that has ended.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            means = values.reshape(self._size, self._replicates).mean(axis=1)
        running = self._ranked & ~np.isnan(means)
        if step in self._pruning:
            running = self._prune(step, means, running)
        return np.repeat(running, self._replicates)

    def _prune(self, step: int, means: NDArray[np.float64], running: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which trials go on from a pruning rung, and record the reasons of the others."""
        ranked = _by_mean(means, self._ranked)
        kept = np.zeros_like(running)
        if not self._by_median:
            # A third of the bracket's first size after the first pruning rung, then a ninth, and so on.
            quota = -(-self._size // ETA ** (self._pruning.index(step) + 1))
            kept[ranked[:quota]] = True
        elif running.any():
            kept[running] = means[running] <= np.median(means[running])
        going = kept & running
        for rank, place in enumerate(ranked.tolist(), start=1):
            if running[place] and not kept[place]:
                text = f"rank {rank} of {len(ranked)}, {int(going.sum())} go on"
                self.reasons[place] = f"pruned at step {step}: {text}"
        self._ranked = kept
        return going


class FixedStopJudge(BracketJudge):
    """A judge that stops every trial at the rung at which a stored run of the trial was pruned.

    The trials of the original bracket, with which the trial was ranked, are not needed.
    """

    def __init__(self, bracket: int, replicates: int, stop_at: int) -> None:
        super().__init__(bracket, replicates, (), by_median=False)
        self._stop_at = stop_at
        self.reasons = dict.fromkeys(range(bracket), f"pruned at step {stop_at}")

    def __call__(self, step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which runs go on; none at the step at which all stop."""
        going = super().__call__(step, values)
        return going if step != self._stop_at else np.zeros_like(going)


def _by_mean(means: NDArray[np.float64], is_ranked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the ranked places in order of their means; of ties the lower number comes first, nan last."""
    places = np.flatnonzero(is_ranked)
    return places[np.argsort(means[places], kind="stable")]


def _levels(bracket: int) -> int:
    """Compute floor(log3(bracket)) in integers."""
    levels = 0
    while ETA ** (levels + 1) <= bracket:
        levels += 1
    return levels
