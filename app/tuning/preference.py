"""Among configurations that the data cannot tell apart: the simpler schedule, then the wider safe range."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.table import Table
from app.spec.job import JobSpec
from app.spec.recommendation import SafeLearningRate
from app.spec.records import Configuration
from app.tuning.elimination import Standing
from app.tuning.field import is_constant
from app.tuning.heats import Heat, Seeds, Steps, Values, some_replicates
from app.tuning.sweep import safe_learning_rate, sweep_entries
from app.tuning.worth import negligible

MOST_SWEPT = 2
TOSS = 0.25  # standard errors: the better one is the other in two of five cases

# How much a reader has to take over: nothing, a formula, a rule and its losses, a list of numbers.
CONSTANT, FORMULA, LOSS_DRIVEN, TABLE = 0, 1, 3, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """The entry that is recommended, and why not the leader if it is another.

    tied: who cannot be told from the leader, by their mean, the leader first. simplest: those of them with
    the simplest schedule. safe: of the chosen one. swept: the values of its sweep, by `sweep_entries`.
    """

    entry: int
    tied: tuple[int, ...]
    simplest: tuple[int, ...]
    safe: SafeLearningRate | None
    swept: Values


def complexity(configuration: Configuration) -> int:
    """Of a schedule: 0 where it is constant, 1 of a formula, 3 where it follows losses, 4 of a table."""
    if is_constant(configuration):
        return CONSTANT
    schedule = configuration.schedule_instance()
    if isinstance(schedule, Table):
        return TABLE
    return LOSS_DRIVEN if isinstance(schedule, LossDriven) else FORMULA


def tied(standing: Standing) -> tuple[int, ...]:
    """The survivors that may as well be taken as the leader: by their mean, the leader first.

    Their mean is above the leader's by at most one standard error of the paired difference, the rule of
    Breiman, Friedman, Olshen & Stone 1984 (Classification and Regression Trees, section 3.4.3). And by no
    more than is negligible, since where seeds scatter a standard error can be as much as the whole gain; or
    by a quarter of the standard error, which is no more than a toss of a coin: so a default, which is never
    behind by less than a part of what it is behind, can be taken too.
    """
    most = negligible(standing)

    def is_tied(row: int) -> bool:
        doubt = standing.doubt(row)
        return standing.behind(row) <= min(doubt, max(most, TOSS * doubt))

    return tuple(row for row in standing.survivors if row == standing.leader or is_tied(row))


def choose(spec: JobSpec, standing: Standing, floor: float) -> Steps[Choice]:
    """Sweeps the simplest of the tied, at most two, and takes the one with the widest safe range.

    Ties go to the lower mean. floor: of the tolerance in loss, by which a range ends.
    """
    same = tied(standing)
    least = min(complexity(standing.entries[entry].configuration) for entry in same)
    simplest = tuple(e for e in same if complexity(standing.entries[e].configuration) == least)
    configurations = [standing.entries[entry].configuration for entry in simplest[:MOST_SWEPT]]
    sweeps = [sweep_entries(configuration) for configuration in configurations]
    result = yield Heat(
        configurations=tuple(entry for sweep in sweeps for entry in sweep),
        replicates=some_replicates(spec, Seeds.SWEEP),
        steps=spec.budget.steps,
    )
    parts = np.split(result.values, np.cumsum([len(sweep) for sweep in sweeps])[:-1])
    ranges = [
        safe_learning_rate(configuration, values, floor)
        for configuration, values in zip(configurations, parts, strict=True)
    ]
    best = max(range(len(ranges)), key=lambda i: (_octaves(ranges[i]), -i))
    return Choice(entry=simplest[best], tied=same, simplest=simplest, safe=ranges[best], swept=parts[best])


def _octaves(found: SafeLearningRate | None) -> float:
    return -1.0 if found is None else math.log2(found.high / found.low)
