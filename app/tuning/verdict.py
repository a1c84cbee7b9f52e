"""What the race and its confirmation say, as figures: the material of a recommendation and its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.spec.job import JobSpec
from app.spec.records import Configuration
from app.tuning.objective import build_objective
from app.tuning.race import RaceField
from app.tuning.statistics import Mean, mean_interval, probability_best, probability_better

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The winner against another configuration on the same seeds.

    other: None where that one diverged. difference: winner minus other, None where either diverged or where
    both are the same configuration.
    """

    label: str
    configuration: Configuration
    other: Mean | None
    diverged: int  # replicates on which the other one did
    difference: Mean | None
    probability_better: float | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of a race.

    raced, probabilities: of each entry, from the race. own, baselines: from the seeds drawn after the choice.
    rival: the best entry of the race whose schedule is constant where the winner's is not, or the reverse.
    """

    field: RaceField
    winner: int
    raced: list[Mean | None]
    probabilities: list[float]
    own: Mean | None
    own_diverged: int
    replicates: int
    baselines: list[Comparison]
    rival: Comparison | None
    deterministic: bool

    @property
    def configuration(self) -> Configuration:
        """The recommended one."""
        return self.field.entries[self.winner]


def choose(field: RaceField, race_values: Values) -> int:
    """The entry with the lowest mean among those that diverged on no replicate; ties go to the first.

    race_values: (entries, replicates), nan where a run diverged. Baselines can win too. Where every entry
    diverged somewhere, those that diverged least are compared by the mean of their other replicates.
    """
    diverged = np.isnan(race_values).sum(axis=1)
    least = diverged == diverged.min()
    finite = np.where(np.isnan(race_values), 0.0, race_values)
    means = finite.sum(axis=1) / np.maximum(1, race_values.shape[1] - diverged)
    assert len(means) == len(field.entries)
    return int(np.argmin(np.where(least, means, np.inf)))


def reach_verdict(
    spec: JobSpec, field: RaceField, race_values: Values, winner: int, confirm_values: Values
) -> Verdict:
    """Draws the figures from the values.

    race_values: (entries, replicates). confirm_values: (1 + baselines, replicates), the winner first.
    """
    deterministic = build_objective(spec.objective).deterministic
    baselines = [
        _compare(spec, field, entry, confirm_values[0], values, is_same=entry == winner)
        for entry, values in enumerate(confirm_values[1:], start=len(field.candidates))
    ]
    raced = [mean_interval(values, exact=deterministic) for values in race_values]
    rival_entry = _rival(field, raced, winner)
    rival = None
    if rival_entry is not None:
        rival = _compare(spec, field, rival_entry, race_values[winner], race_values[rival_entry])
    return Verdict(
        field=field,
        winner=winner,
        raced=raced,
        probabilities=probability_best(race_values, spec.seed),
        own=mean_interval(confirm_values[0], exact=deterministic),
        own_diverged=int(np.isnan(confirm_values[0]).sum()),
        replicates=confirm_values.shape[1],
        baselines=baselines,
        rival=rival,
        deterministic=deterministic,
    )


def _compare(
    spec: JobSpec, field: RaceField, entry: int, winner: Values, other: Values, *, is_same: bool = False
) -> Comparison:
    exact = build_objective(spec.objective).deterministic
    difference = None if is_same else mean_interval(winner - other, exact=exact)
    return Comparison(
        label=field.labels[entry],
        configuration=field.entries[entry],
        other=mean_interval(other, exact=exact),
        diverged=int(np.isnan(other).sum()),
        difference=difference,
        probability_better=None if difference is None else probability_better(winner - other, spec.seed),
    )


def _rival(field: RaceField, raced: Sequence[Mean | None], winner: int) -> int | None:
    is_constant = [entry.schedule["kind"] == "constant" for entry in field.entries]
    rivals = [
        (result.mean, i)
        for i, result in enumerate(raced)
        if result is not None and is_constant[i] is not is_constant[winner]
    ]
    return min(rivals)[1] if rivals else None
