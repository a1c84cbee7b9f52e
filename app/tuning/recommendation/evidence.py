"""What the confirmation says, as figures: the material of a recommendation and its sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.tuning.decision.confirmation import Confirmation
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import Values
from app.tuning.racing.candidates import RaceCandidate, is_constant
from app.tuning.statistics import (
    CONFIDENCE,
    Mean,
    largest_share,
    loss_interval,
    mean_interval,
    probability_best,
    probability_better,
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The recommended configuration against another one on the same seeds.

    other: None where that one diverged. diverged: on how many replicates it did. difference: recommended
    minus other, None where either diverged or where both are the same configuration. is_surely_worse: whether
    the recommended one is worse by a paired test, corrected for the number of such comparisons. wins_most:
    whether the recommended one has the lower loss on so many seeds that it is no chance, by a sign test.
    """

    entry: RaceCandidate
    other: Mean | None
    diverged: int
    difference: Mean | None
    is_surely_worse: bool
    wins_most: bool
    probability_better: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Figures of all that ran on the seeds drawn after the choice.

    entries: the recommended one first. count: how many of them are candidates. means, probabilities: of each
    of them; the latter of being the best. largest_share: the part of the recommended one's mean that comes
    from a single seed. comparisons: with each of the entries, in their order.
    """

    entries: tuple[RaceCandidate, ...]
    count: int
    means: tuple[Mean | None, ...]
    probabilities: tuple[float, ...]
    own_diverged: int
    replicates: int
    largest_share: float
    comparisons: tuple[Comparison, ...]
    deterministic: bool
    is_nonnegative: bool  # whether no loss of the objective can be below zero

    @property
    def baselines(self) -> list[Comparison]:
        """Those with the baselines."""
        return [found for found in self.comparisons if found.entry.is_baseline]

    @property
    def winner(self) -> RaceCandidate:
        """The recommended one."""
        return self.entries[0]

    @property
    def own(self) -> Mean | None:
        """Its mean; None where it diverged."""
        return self.means[0]

    @property
    def configuration(self) -> Configuration:
        """That of the recommended one."""
        return self.winner.configuration

    @property
    def is_default(self) -> bool:
        """Whether a default won."""
        return self.winner.is_default

    @property
    def other_defaults(self) -> list[Comparison]:
        """The defaults that did not win."""
        return [found for found in self.baselines if found.entry.is_default and found.entry != self.winner]

    @property
    def outside_space(self) -> Comparison | None:
        """The best of the defaults that may not be recommended and are better beyond doubt; or None."""
        better = [found for found in self.other_defaults if found.is_surely_worse]
        means = [(found.other.mean, i) for i, found in enumerate(better) if found.other is not None]
        return better[min(means)[1]] if means else None

    @property
    def adam(self) -> Comparison | None:
        """Adam at its defaults, where it is not recommended."""
        kinds = ((found.entry.configuration.optimizer["kind"], found) for found in self.other_defaults)
        return next((found for kind, found in kinds if kind == "adam"), None)

    @property
    def best_constant(self) -> Comparison | None:
        """The best constant learning rate that was searched, where a schedule is recommended."""
        return next(
            (
                found
                for found in self.baselines
                if not found.entry.is_default
                and is_constant(found.entry.configuration)
                and found.entry != self.winner
            ),
            None,
        )


def reach_verdict(spec: JobSpec, confirmation: Confirmation) -> Verdict:
    """Return the figures of a confirmation."""
    exact = build_objective(spec.objective).deterministic
    entries, values = confirmation.entries, confirmation.values
    outside = sum(not entry.is_eligible for entry in entries)
    return Verdict(
        entries=entries,
        count=confirmation.count,
        means=tuple(loss_interval(row, exact=exact) for row in values),
        probabilities=tuple(probability_best(values, spec.seed)),
        own_diverged=int(np.isnan(values[0]).sum()),
        replicates=values.shape[1],
        largest_share=largest_share(values[0]),
        comparisons=tuple(
            _compare(entry, values[0], row, outside, exact=exact, is_same=entry is entries[0])
            for entry, row in zip(entries, values, strict=True)
        ),
        deterministic=exact,
        is_nonnegative=not isinstance(spec.objective, FunctionSpec),
    )


def _compare(
    entry: RaceCandidate, own: Values, other: Values, outside: int, *, exact: bool, is_same: bool
) -> Comparison:
    difference = None if is_same else mean_interval(own - other, exact=exact)
    chance = None if difference is None else probability_better(own - other)
    level = (1.0 - CONFIDENCE) / 2.0 / max(1, outside)
    return Comparison(
        entry=entry,
        other=loss_interval(other, exact=exact),
        diverged=int(np.isnan(other).sum()),
        difference=difference,
        is_surely_worse=not entry.is_eligible and chance is not None and chance < level,
        wins_most=difference is not None and _wins_most(own, other),
        probability_better=chance,
    )


def _wins_most(own: Values, other: Values) -> bool:
    """Return whether a fair coin would rarely, in 2.5 % of cases, show as many lower losses."""
    lower, decided = int((own < other).sum()), int((own != other).sum())
    return decided > 0 and float(bdtrc(lower - 1, decided, 0.5)) <= (1.0 - CONFIDENCE) / 2.0
