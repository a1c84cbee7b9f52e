"""The sweep over a configuration's peak learning rate: the peaks, the seeds and the values of the runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    Seeds,
    Steps,
    Values,
)
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import HALF_OCTAVES


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """The values of a configuration at its swept peaks.

    default: the best default of the search space, which runs as a last row; None if there is none. rates: the
    peaks, ascending, one for each other row. values: (rows, seeds), nan if a run diverged or was not
    requested. runs: (rows,), the number of seeds, from the first on, that each row ran on.
    """

    configuration: Configuration
    default: Configuration | None
    rates: tuple[float, ...]
    values: Values
    runs: NDArray[np.int64]

    @property
    def configured_row(self) -> int:
        """The row of the configured peak, at which the configuration itself runs."""
        return self.rates.index(float(self.configuration.optimizer["learning_rate"]))

    @property
    def configurations(self) -> list[Configuration]:
        """The configurations that run, in the order of the rows."""
        others = [] if self.default is None else [self.default]
        return [*(at_rate(self.configuration, rate) for rate in self.rates), *others]

    def of(self, row: int) -> Values:
        """Return the values of a row on the seeds that the row ran on."""
        values: Values = self.values[row, : self.runs[row]]
        return values

    def has_diverged(self, row: int) -> bool:
        """Return whether a run of the row diverged."""
        return bool(np.isnan(self.of(row)).any())

    def difference(self, row: int, other: int) -> Values:
        """Return row - other, paired by seed, on the shared seeds on which the other row did not diverge."""
        common = min(int(self.runs[row]), int(self.runs[other]))
        differences: Values = self.values[row, :common] - self.values[other, :common]
        return differences[~np.isnan(self.values[other, :common])]


def at_rate(configuration: Configuration, rate: float) -> Configuration:
    """Return the configuration with another peak."""
    return replace(configuration, optimizer=configuration.optimizer | {"learning_rate": rate})


def swept_rates(configuration: Configuration) -> list[float]:
    """Return the peaks of a sweep, ascending, within the optimizer's bounds.

    The peaks are 2^-4, 2^-3.5, ... 2^4 times the configured peak.
    """
    peak = float(configuration.optimizer["learning_rate"])
    return within_bounds(configuration, [peak * 2.0 ** (k / 2) for k in HALF_OCTAVES])


def within_bounds(configuration: Configuration, rates: Sequence[float]) -> list[float]:
    """Return the learning rates that lie within the optimizer's bounds."""
    fields = hyper_fields(OPTIMIZERS[configuration.optimizer["kind"]])
    hyper = next(field.hyper for field in fields if field.name == "learning_rate")
    return [rate for rate in rates if hyper.broken_bound(rate) is None]


def sweep(
    plan: Plan, configurations: Sequence[Configuration], default: Configuration | None
) -> Steps[list[Sweep]]:
    """Sweep several configurations on the same seeds, a quarter of the job's replicates."""
    seeds = plan.few_replicates
    sweeps = [_empty(configuration, default) for configuration in configurations]
    result = yield EvaluationRequest(
        configurations=tuple(row for empty in sweeps for row in empty.configurations),
        replicates=range(Seeds.SWEEP, Seeds.SWEEP + seeds),
        steps=plan.steps,
    )
    parts = np.split(result.values, np.cumsum([len(empty.runs) for empty in sweeps])[:-1])
    return [
        replace(empty, values=part, runs=np.full(len(part), seeds))
        for empty, part in zip(sweeps, parts, strict=True)
    ]


def more_seeds(plan: Plan, before: Sweep, rows: Sequence[int], seeds: int) -> Steps[Sweep]:
    """Run some rows of a sweep until each has `seeds` seeds, and return the new sweep."""
    values = np.full((len(before.runs), max(seeds, before.values.shape[1])), np.nan)
    values[:, : before.values.shape[1]] = before.values
    runs, configurations = before.runs.copy(), before.configurations
    for ran in sorted({int(runs[row]) for row in rows if runs[row] < seeds}):
        group = [row for row in rows if runs[row] == ran]
        result = yield EvaluationRequest(
            configurations=tuple(configurations[row] for row in group),
            replicates=range(Seeds.SWEEP + ran, Seeds.SWEEP + seeds),
            steps=plan.steps,
        )
        values[group, ran:seeds] = result.values
    for row in rows:
        runs[row] = max(seeds, int(runs[row]))
    return replace(before, values=values, runs=runs)


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
    """Return the distance between two learning rates in octaves, which is log2(high / low)."""
    return math.log2(high / low)
