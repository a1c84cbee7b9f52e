"""The verdict: the figures of the confirmation, from which a recommendation and its texts are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from app.domain.records import Configuration
from app.spec.objective import FunctionSpec
from app.tuning.decision.confirmation import Confirmation
from app.tuning.evaluation.requests import Values
from app.tuning.planning.plan import Plan
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
    """The recommended configuration compared with another entry on the same seeds.

    Attributes:
        entry: The other entry.
        other: The mean of the other entry; None if a run diverged.
        diverged: The number of replicates on which the other entry diverged.
        difference: Recommended minus other; None if either diverged, or if both are the same entry.
        is_surely_worse: Whether the recommended configuration is worse by a paired test, corrected for the
            number of such comparisons.
        wins_most: Whether the recommended configuration has the lower loss on more seeds than chance
            explains, by a sign test.
        probability_better: The probability that the recommended configuration has the lower mean.
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
    """The figures of all entries that ran on the seeds drawn after the choice.

    Attributes:
        entries: The candidates, the recommended one first, then the baselines.
        count: The number of candidates.
        means: The mean of each entry; None if a run diverged.
        probabilities: The probability of each entry to have the lowest mean.
        winner_diverged: The number of replicates on which the recommended entry diverged.
        replicates: The number of seeds.
        largest_share: The largest share of the recommended entry's mean that comes from a single seed.
        comparisons: The recommended entry compared with each entry, in the order of the entries.
        deterministic: Whether every run of the objective is the same.
        is_nonnegative: Whether no loss of the objective can be below zero.
    """

    entries: tuple[RaceCandidate, ...]
    count: int
    means: tuple[Mean | None, ...]
    probabilities: tuple[float, ...]
    winner_diverged: int
    replicates: int
    largest_share: float
    comparisons: tuple[Comparison, ...]
    deterministic: bool
    is_nonnegative: bool

    @property
    def baselines(self) -> list[Comparison]:
        """The comparisons with the baselines."""
        return [comparison for comparison in self.comparisons if comparison.entry.is_baseline]

    @property
    def winner(self) -> RaceCandidate:
        """The recommended entry."""
        return self.entries[0]

    @property
    def winner_mean(self) -> Mean | None:
        """The mean of the recommended entry; None if a run diverged."""
        return self.means[0]

    @property
    def configuration(self) -> Configuration:
        """The configuration of the recommended entry."""
        return self.winner.configuration

    @property
    def is_default(self) -> bool:
        """Return whether the recommended entry is a default."""
        return self.winner.is_default

    @property
    def other_defaults(self) -> list[Comparison]:
        """The comparisons with the defaults that are not recommended."""
        return [
            comparison
            for comparison in self.baselines
            if comparison.entry.is_default and comparison.entry != self.winner
        ]

    @property
    def outside_space(self) -> Comparison | None:
        """The best default outside the search space that is certainly better; None if there is none."""
        better = [comparison for comparison in self.other_defaults if comparison.is_surely_worse]
        means = [(default.other.mean, i) for i, default in enumerate(better) if default.other is not None]
        return better[min(means)[1]] if means else None

    @property
    def adam(self) -> Comparison | None:
        """The comparison with Adam at its defaults; None if that default did not run or is recommended."""
        kinds = ((default.entry.configuration.optimizer["kind"], default) for default in self.other_defaults)
        return next((default for kind, default in kinds if kind == "adam"), None)

    @property
    def best_constant(self) -> Comparison | None:
        """The comparison with the best searched constant learning rate; None if no such baseline ran."""
        return next(
            (
                comparison
                for comparison in self.baselines
                if not comparison.entry.is_default
                and is_constant(comparison.entry.configuration)
                and comparison.entry != self.winner
            ),
            None,
        )


def reach_verdict(plan: Plan, confirmation: Confirmation) -> Verdict:
    """Return the figures of a confirmation."""
    exact = plan.is_exact
    entries, values = confirmation.entries, confirmation.values
    outside = sum(not entry.is_eligible for entry in entries)
    return Verdict(
        entries=entries,
        count=confirmation.count,
        means=tuple(loss_interval(row, exact=exact) for row in values),
        probabilities=tuple(probability_best(values, plan.spec.seed)),
        winner_diverged=int(np.isnan(values[0]).sum()),
        replicates=values.shape[1],
        largest_share=largest_share(values[0]),
        comparisons=tuple(
            _compare(entry, values[0], row, outside, exact=exact, is_same=entry is entries[0])
            for entry, row in zip(entries, values, strict=True)
        ),
        deterministic=exact,
        is_nonnegative=not isinstance(plan.spec.objective, FunctionSpec),
    )


def _compare(
    entry: RaceCandidate, recommended: Values, other: Values, outside: int, *, exact: bool, is_same: bool
) -> Comparison:
    """Return the comparison of the recommended entry with another one.

    Args:
        entry: The other entry.
        recommended: (replicates,), the values of the recommended entry; nan where a run diverged.
        other: (replicates,), the values of the other entry.
        outside: The number of entries outside the search space, for the Bonferroni correction.
        exact: Whether every run of the objective is the same.
        is_same: Whether the other entry is the recommended one itself.
    """
    difference = None if is_same else mean_interval(recommended - other, exact=exact)
    chance = None if difference is None else probability_better(recommended - other)
    level = (1.0 - CONFIDENCE) / 2.0 / max(1, outside)
    return Comparison(
        entry=entry,
        other=loss_interval(other, exact=exact),
        diverged=int(np.isnan(other).sum()),
        difference=difference,
        is_surely_worse=not entry.is_eligible and chance is not None and chance < level,
        wins_most=difference is not None and _wins_most(recommended, other),
        probability_better=chance,
    )


def _wins_most(recommended: Values, other: Values) -> bool:
    """Return whether chance explains as many lower losses in at most 2.5 % of cases, by a sign test."""
    lower, decided = int((recommended < other).sum()), int((recommended != other).sum())
    return decided > 0 and float(bdtrc(lower - 1, decided, 0.5)) <= (1.0 - CONFIDENCE) / 2.0
