"""What the confirmation says, as figures: the material of a recommendation and its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.spec.job import JobSpec
from app.spec.records import Configuration
from app.tuning.field import Entry, is_constant
from app.tuning.heats import Values
from app.tuning.objective import build_objective
from app.tuning.statistics import (
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

    other: None where that one diverged. difference: recommended minus other, None where either diverged or
    where both are the same configuration.
    """

    entry: Entry
    other: Mean | None
    diverged: int  # replicates on which the other one did
    difference: Mean | None
    probability_better: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Figures of all that ran on the seeds drawn after the choice.

    entries: the recommended one first. means, probabilities: of each of them; the latter of being the best.
    largest_share: the part of the recommended one's mean that comes from a single seed. baselines:
    comparisons, in the order of the entries.
    """

    entries: tuple[Entry, ...]
    means: tuple[Mean | None, ...]
    probabilities: tuple[float, ...]
    own_diverged: int
    replicates: int
    largest_share: float
    baselines: tuple[Comparison, ...]
    deterministic: bool

    @property
    def winner(self) -> Entry:
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
    def best_constant(self) -> Comparison | None:
        """The best constant learning rate of the search, where it is not recommended."""
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


def reach_verdict(spec: JobSpec, entries: Sequence[Entry], values: Values) -> Verdict:
    """Draws the figures from the values.

    entries: the recommended one first. values: (entries, replicates), nan where a run diverged.
    """
    exact = build_objective(spec.objective).deterministic
    return Verdict(
        entries=tuple(entries),
        means=tuple(loss_interval(row, exact=exact) for row in values),
        probabilities=tuple(probability_best(values, spec.seed)),
        own_diverged=int(np.isnan(values[0]).sum()),
        replicates=values.shape[1],
        largest_share=largest_share(values[0]),
        baselines=tuple(
            _compare(entry, values[0], row, exact=exact, is_same=entry is entries[0])
            for entry, row in zip(entries, values, strict=True)
            if entry.is_baseline
        ),
        deterministic=exact,
    )


def _compare(entry: Entry, own: Values, other: Values, *, exact: bool, is_same: bool) -> Comparison:
    difference = None if is_same else mean_interval(own - other, exact=exact)
    return Comparison(
        entry=entry,
        other=loss_interval(other, exact=exact),
        diverged=int(np.isnan(other).sum()),
        difference=difference,
        probability_better=None if difference is None else probability_better(own - other),
    )
