"""Which trials of a bracket, a round or a part of one, stop early: a rule that ranks all of them at once.

Stock pruners judge trials one by one, so in a batch their verdict would depend on the order. Here every
trial of the bracket is at the same step, all are ranked together, ties go to the lower number,
and diverged trials come last.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.spec.job import JobSpec

ETA = 3  # a rung lies at a third of the next, and keeps a third
MAX_RUNGS = 8
LEAST_BRACKET = 16  # trials of each into which a round is cut; of fewer the best third says little


def rungs(steps: int) -> tuple[int, ...]:
    """The steps at which runs are measured and may be pruned: steps / 3, / 9, / 27 ..., rounded half up.

    Ascending, distinct, at least 1 and below `steps`; at most the eight nearest the end.
    """
    found: set[int] = set()
    for power in range(1, MAX_RUNGS + 1):
        rung = int(steps * ETA**-power + 0.5)
        if 1 <= rung < steps:
            found.add(rung)
    return tuple(sorted(found))


def pruning_rungs(spec: JobSpec, r: int, bracket: int) -> tuple[int, ...]:
    """The rungs at which a bracket of that many trials of round r prunes; ascending.

    They are the last of the rungs, at most s_max = floor(log3(bracket)) of them. Successive halving prunes at
    all of these; Hyperband at s_max in round 0, at one rung fewer in each round that follows, down to none,
    and then from s_max again; the median rule never in round 0 and never at the first rung of a run.
    """
    marks = rungs(spec.budget.steps)
    most = min(_levels(bracket), len(marks))
    match spec.pruner.kind:
        case "successive_halving":
            count = most
        case "hyperband":
            count = most - r % (most + 1)
        case "median":
            count = 0 if r == 0 else min(most, len(marks) - 1)
        case "none":
            count = 0
    return marks[len(marks) - count :] if count > 0 else ()


def judge_for(
    spec: JobSpec, r: int | None, bracket: int, replicates: int, stop_at: int | None = None
) -> BracketJudge | None:
    """The judge of a bracket of that many trials; None where it would have nothing to say.

    r: the round, None for runs that are never pruned. stop_at: the rung at which all of them stop, whatever
    their values; None for no such.
    """
    if stop_at is not None:
        return RepeatedVerdict(bracket, replicates, stop_at)
    marks = () if r is None else pruning_rungs(spec, r, bracket)
    if not marks and replicates == 1:
        return None
    return BracketJudge(bracket, replicates, marks, halves=spec.pruner.kind == "median")


class BracketJudge:
    """Judges the runs of one bracket, which are ordered by trial, and within a trial by replicate.

    The value of a trial at a rung is the mean over its replicates, and all of them stop together: where one
    diverged, the trial has, and the others stop at the next rung.
    """

    def __init__(self, bracket: int, replicates: int, marks: Iterable[int], *, halves: bool) -> None:
        self._size = bracket
        self._replicates = replicates
        self._marks = tuple(marks)
        self._halves = halves
        self._in = np.ones(bracket, dtype=np.bool_)  # the places ranked next; a diverged one ranks last
        self.reasons: dict[int, str] = {}  # by place in the bracket: why a trial was pruned

    def __call__(self, step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """values: (bracket * replicates,), nan where a run is out. Returns which runs go on."""
        with np.errstate(over="ignore", invalid="ignore"):
            means = values.reshape(self._size, self._replicates).mean(axis=1)
        running = self._in & ~np.isnan(means)
        if step in self._marks:
            running = self._prune(step, means, running)
        return np.repeat(running, self._replicates)

    def _prune(self, step: int, means: NDArray[np.float64], running: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which trials go on from a pruning rung; explains the others."""
        ranked = _ranked(means, self._in)
        kept = np.zeros_like(running)
        if not self._halves:
            # Of the bracket's first size: a third after the first pruning rung, then a ninth, and so on.
            quota = -(-self._size // ETA ** (self._marks.index(step) + 1))
            kept[ranked[:quota]] = True
        elif running.any():
            kept[running] = means[running] <= np.median(means[running])
        going = kept & running
        for rank, place in enumerate(ranked.tolist(), start=1):
            if running[place] and not kept[place]:
                text = f"rank {rank} of {len(ranked)}, {int(going.sum())} go on"
                self.reasons[place] = f"pruned at step {step}: {text}"
        self._in = kept
        return going


class RepeatedVerdict(BracketJudge):
    """Stops every trial at the rung at which it was pruned before, without those it was ranked with."""

    def __init__(self, bracket: int, replicates: int, stop_at: int) -> None:
        super().__init__(bracket, replicates, (), halves=False)
        self._stop_at = stop_at
        self.reasons = dict.fromkeys(range(bracket), f"pruned at step {stop_at}")

    def __call__(self, step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """As of any judge."""
        going = super().__call__(step, values)
        return going if step != self._stop_at else np.zeros_like(going)


def _ranked(means: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places in order of their means; the stable sort leaves ties to the lower number, and nan last."""
    places = np.flatnonzero(among)
    return places[np.argsort(means[places], kind="stable")]


def _levels(bracket: int) -> int:
    """floor(log3(bracket)), in integers."""
    levels = 0
    while ETA ** (levels + 1) <= bracket:
        levels += 1
    return levels
