"""The sweep over a configuration's peak learning rate: what runs, on which seeds, and what each run gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.spec.job import JobSpec
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    Seeds,
    Steps,
    Values,
    reduced_seed_count,
    replicates_of,
)

HALF_OCTAVES = range(-8, 9)  # factors 2^-4 to 2^4
MORE_SEEDS = 48  # beyond R, where an end of the range is in doubt


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """What a configuration gave at its swept peaks.

    rates: the peaks, ascending. own: the place of the configuration's own peak among them. default: the best
    default of the space, which runs beside them as a last row, or None. values: (rows, seeds), nan where a
    run diverged or was not asked for. runs: (rows,), on how many of the seeds, from the first on, each ran.
    """

    configuration: Configuration
    default: Configuration | None
    rates: tuple[float, ...]
    values: Values
    runs: NDArray[np.int64]

    @property
    def own(self) -> int:
        """The place of the configuration's own peak."""
        return self.rates.index(float(self.configuration.optimizer["learning_rate"]))

    @property
    def configurations(self) -> list[Configuration]:
        """What runs, in the order of the rows."""
        others = [] if self.default is None else [self.default]
        return [*(at_rate(self.configuration, rate) for rate in self.rates), *others]

    def of(self, row: int) -> Values:
        """Return what a row gave on the seeds that it ran on."""
        found: Values = self.values[row, : self.runs[row]]
        return found

    def has_diverged(self, row: int) -> bool:
        """Return whether a run of that row diverged."""
        return bool(np.isnan(self.of(row)).any())

    def less(self, row: int, other: int) -> Values:
        """Return row - other, paired by seed, on the seeds on which the other did not diverge."""
        common = min(int(self.runs[row]), int(self.runs[other]))
        difference = self.values[row, :common] - self.values[other, :common]
        found: Values = difference[~np.isnan(self.values[other, :common])]
        return found


def at_rate(configuration: Configuration, rate: float) -> Configuration:
    """Return the configuration with another peak."""
    return replace(configuration, optimizer=configuration.optimizer | {"learning_rate": rate})


def swept_rates(configuration: Configuration) -> list[float]:
    """Return the peaks of a sweep, ascending: 2^-4, 2^-3.5, ... 2^4 times the own, as far as bounds allow."""
    peak = float(configuration.optimizer["learning_rate"])
    return within_bounds(configuration, [peak * 2.0 ** (k / 2) for k in HALF_OCTAVES])


def within_bounds(configuration: Configuration, rates: Sequence[float]) -> list[float]:
    """Return those of the rates that the optimizer allows."""
    fields = hyper_fields(OPTIMIZERS[configuration.optimizer["kind"]])
    hyper = next(field.hyper for field in fields if field.name == "learning_rate")
    return [rate for rate in rates if hyper.broken_bound(rate) is None]


def sweep(
    spec: JobSpec, configurations: Sequence[Configuration], default: Configuration | None
) -> Steps[list[Sweep]]:
    """Sweep several configurations on the same seeds, a quarter of the job's."""
    seeds = reduced_seed_count(spec)
    begun = [_empty(found, default) for found in configurations]
    result = yield EvaluationRequest(
        configurations=tuple(entry for one in begun for entry in one.configurations),
        replicates=range(Seeds.SWEEP, Seeds.SWEEP + seeds),
        steps=spec.budget.steps,
    )
    parts = np.split(result.values, np.cumsum([len(one.runs) for one in begun])[:-1])
    return [
        replace(one, values=part, runs=np.full(len(part), seeds))
        for one, part in zip(begun, parts, strict=True)
    ]


def more_seeds(spec: JobSpec, before: Sweep, rows: Sequence[int], seeds: int) -> Steps[Sweep]:
    """Run some rows of a sweep on further seeds, until each of them ran on so many."""
    values = np.full((len(before.runs), max(seeds, before.values.shape[1])), np.nan)
    values[:, : before.values.shape[1]] = before.values
    runs, configurations = before.runs.copy(), before.configurations
    for ran in sorted({int(runs[row]) for row in rows if runs[row] < seeds}):
        behind = [row for row in rows if runs[row] == ran]
        result = yield EvaluationRequest(
            configurations=tuple(configurations[row] for row in behind),
            replicates=range(Seeds.SWEEP + ran, Seeds.SWEEP + seeds),
            steps=spec.budget.steps,
        )
        values[behind, ran:seeds] = result.values
    for row in rows:
        runs[row] = max(seeds, int(runs[row]))
    return replace(before, values=values, runs=runs)


def seed_looks(spec: JobSpec) -> list[int]:
    """Return on how many seeds an end of a range may run in all, ascending, beyond those of the sweep."""
    replicates = replicates_of(spec)
    return [] if replicates == 1 else [replicates, replicates + MORE_SEEDS]


def _empty(configuration: Configuration, default: Configuration | None) -> Sweep:
    rates = tuple(swept_rates(configuration))
    rows = len(rates) + (default is not None)
    return Sweep(
        configuration=configuration,
        default=default,
        rates=rates,
        values=np.empty((rows, 0)),
        runs=np.zeros(rows, dtype=np.int64),
    )


def octaves(low: float, high: float) -> float:
    """Return how often the lower rate is doubled until it is the higher one."""
    return math.log2(high / low)
