"""What the race and its confirmation say, as figures: the material of a recommendation and its sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.schedules.constant import Constant
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

    entry: int  # of the field
    label: str
    configuration: Configuration
    other: Mean | None
    diverged: int  # replicates on which the other one did
    difference: Mean | None
    probability_better: float | None


@dataclass(frozen=True, kw_only=True)
class Finalists:
    """Who runs on the seeds drawn after the choice: the winner, then its rival if it has one, then baselines.

    entries: which entry of the field each row is; none is there twice. rival: an entry.
    """

    entries: tuple[int, ...]
    rival: int | None
    configurations: tuple[Configuration, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of a race.

    raced, probabilities: of each entry, from the race. own, baselines, rival: from the seeds drawn after the
    choice. rival: the best entry of the race whose schedule is constant where the winner's is not, or the
    reverse.
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

    @property
    def is_default(self) -> bool:
        """Whether a baseline won."""
        return self.field.is_baseline(self.winner)

    @property
    def other_defaults(self) -> list[Comparison]:
        """The baselines that did not win."""
        return [baseline for baseline in self.baselines if baseline.entry != self.winner]


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


def confirm_entries(field: RaceField, race_values: Values, winner: int) -> Finalists:
    """The finalists of a race, who meet again on the seeds of `confirm_replicates`.

    The rival is among them because the race chose it too: its values there flatter it, as the winner's do.
    """
    rival = _rival(field, race_values, winner)
    baselines = range(len(field.candidates), len(field.entries))
    entries = tuple(dict.fromkeys([winner, *(() if rival is None else (rival,)), *baselines]))
    return Finalists(
        entries=entries, rival=rival, configurations=tuple(field.entries[entry] for entry in entries)
    )


def reach_verdict(
    spec: JobSpec, field: RaceField, race_values: Values, winner: int, confirm_values: Values
) -> Verdict:
    """Draws the figures from the values.

    race_values: (entries, replicates). confirm_values: (finalists, replicates), in the order of
    `confirm_entries`.
    """
    exact = build_objective(spec.objective).deterministic
    finalists = confirm_entries(field, race_values, winner)
    rows = dict(zip(finalists.entries, confirm_values, strict=True))
    compared = {
        entry: _compare(field, entry, rows[winner], values, exact=exact, is_same=entry == winner)
        for entry, values in rows.items()
    }
    return Verdict(
        field=field,
        winner=winner,
        raced=[mean_interval(values, exact=exact) for values in race_values],
        probabilities=probability_best(race_values, spec.seed),
        own=mean_interval(rows[winner], exact=exact),
        own_diverged=int(np.isnan(rows[winner]).sum()),
        replicates=confirm_values.shape[1],
        baselines=[compared[entry] for entry in sorted(compared) if field.is_baseline(entry)],
        rival=None if finalists.rival is None else compared[finalists.rival],
        deterministic=exact,
    )


def _compare(
    field: RaceField, entry: int, winner: Values, other: Values, *, exact: bool, is_same: bool
) -> Comparison:
    difference = None if is_same else mean_interval(winner - other, exact=exact)
    return Comparison(
        entry=entry,
        label=field.labels[entry],
        configuration=field.entries[entry],
        other=mean_interval(other, exact=exact),
        diverged=int(np.isnan(other).sum()),
        difference=difference,
        probability_better=None if difference is None else probability_better(winner - other),
    )


def _rival(field: RaceField, race_values: Values, winner: int) -> int | None:
    """The entry with the lowest mean of those that diverged nowhere and have the other sort of schedule."""
    is_constant = [entry.schedule["kind"] == Constant.kind for entry in field.entries]
    means = race_values.mean(axis=1)  # nan where any replicate diverged
    rivals = [
        (float(means[i]), i)
        for i in range(len(means))
        if not np.isnan(means[i]) and is_constant[i] is not is_constant[winner]
    ]
    return min(rivals)[1] if rivals else None
