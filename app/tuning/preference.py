"""The choice among configurations that the data cannot tell apart: margin, simplicity, width of the range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.table import Table
from app.spec.job import JobSpec
from app.spec.recommendation import SafeLearningRate
from app.spec.records import Configuration
from app.tuning.elimination import Standing
from app.tuning.field import Entry, at_peak, is_constant
from app.tuning.final import best_row, is_own_default
from app.tuning.heats import Steps
from app.tuning.peaks import first_seen_to_diverge, lowest_peak
from app.tuning.safe_range import (
    Needs,
    SafeRange,
    as_rates,
    first_divergence,
    in_doubt,
    recommended_peak,
    safe_range,
)
from app.tuning.statistics import CONFIDENCE, probability_better
from app.tuning.sweep import Sweep, more_seeds, octaves, seed_looks, sweep
from app.tuning.worth import negligible

MOST_SWEPT = 3
TOSS = 0.25  # standard errors: the better one is the other in two of five cases

# How much a reader has to take over: nothing, a formula, a rule and its losses, a list of numbers.
CONSTANT, FORMULA, LOSS_DRIVEN, TABLE = 0, 1, 3, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """The entry that is recommended, and why not the leader if it is another.

    entry: its place in the final. recommended: the entry itself, its peak lowered where the margin to the
    first divergence asks for it. tied: the places that cannot be told from the leader, by their mean, the
    leader first. sweeps: what was swept, by place. needs: of the chosen one. range: None where there is none.
    """

    entry: int
    recommended: Entry
    tied: tuple[int, ...]
    sweeps: Mapping[int, Sweep]
    needs: Needs
    range: SafeRange | None

    @property
    def sweep(self) -> Sweep:
        """That of the chosen one, whose own peak is the one before lowering."""
        return self.sweeps[self.entry]

    @property
    def safe(self) -> SafeLearningRate | None:
        """The range as the answer has it."""
        return None if self.range is None else as_rates(self.sweep, self.range)

    @property
    def lowered_from(self) -> float | None:
        """The peak before lowering; None where it stayed."""
        own = self.sweep.rates[self.sweep.own]
        return None if self.recommended.configuration.optimizer["learning_rate"] == own else own

    @property
    def diverges(self) -> float:
        """The first peak at which a run of this configuration diverged; inf where none did."""
        return first_divergence(self.sweep, self.needs)


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


def choose(
    spec: JobSpec,
    standing: Standing,
    floor: float,
    diverged: Sequence[Configuration],
    among: Sequence[int] | None = None,
    sweeps: Mapping[int, Sweep] | None = None,
) -> Steps[Choice]:
    """Sweep the simplest of the tied, at most three, and return the one to recommend.

    First goes a peak that has an octave of margin, then a simpler schedule, a wider margin, a wider range and
    the lower mean. Where a range is narrow, its ends run on more seeds. Where the chosen one has no range,
    the next takes its place.

    floor: of the tolerance in loss. diverged: the configurations that any stage saw diverge. among: the
    places to choose from; None for the tied ones. sweeps: those that ran before.
    """
    same = tied(standing)
    ranked = sorted(among or same, key=lambda row: complexity(standing.entries[row].configuration))[
        :MOST_SWEPT
    ]
    default = best_row(standing, partial(is_own_default, spec))
    needs = {row: _needs(spec, standing, row, default, floor, diverged) for row in ranked}
    swept = dict(sweeps or {})
    new = [row for row in ranked if row not in swept]
    if new:
        usual = None if default is None else standing.entries[default].configuration
        configurations = [standing.entries[row].configuration for row in new]
        swept |= dict(zip(new, (yield from sweep(spec, configurations, usual)), strict=True))
    ranked.sort(key=lambda row: _preference(standing.entries[row], swept[row], needs[row]))
    for row in ranked:
        swept[row] = yield from _settled(spec, swept[row], needs[row])
        found = safe_range(swept[row], needs[row])
        if found is not None:
            break
    else:
        row, found = ranked[0], None
    entry = standing.entries[row]
    if found is not None and found.peak != swept[row].own:
        entry = at_peak(entry, swept[row].rates[found.peak])
    return Choice(entry=row, recommended=entry, tied=same, sweeps=swept, needs=needs[row], range=found)


def _needs(
    spec: JobSpec,
    standing: Standing,
    row: int,
    default: int | None,
    floor: float,
    diverged: Sequence[Configuration],
) -> Needs:
    entry = standing.entries[row]
    return Needs(
        floor=floor,
        beats_default=default is not None and row != default and _is_certain(standing, row, default),
        diverged=first_seen_to_diverge(entry.configuration, diverged),
        lowest=lowest_peak(spec, entry),
    )


def _is_certain(standing: Standing, row: int, default: int) -> bool:
    """Return whether a row is surely better than the default, on the seeds that both ran on."""
    common = min(standing.runs[row], standing.runs[default])
    differences = (standing.values[row] - standing.values[default])[:common]
    if not common or not bool((differences == differences).all()):  # nan
        return False
    return probability_better(differences) >= (1.0 + CONFIDENCE) / 2.0


def _preference(entry: Entry, swept: Sweep, needs: Needs) -> tuple[float, ...]:
    """Return the sorting key of an entry: the lowest goes first."""
    peak = recommended_peak(swept, needs, is_certain=False)
    if peak is None:
        return (1.0,)
    found = safe_range(swept, needs)
    width = 0.0 if found is None else octaves(swept.rates[found.low], swept.rates[found.high])
    end = min(first_divergence(swept, needs), 2.0 * swept.rates[-1])
    return (
        0.0,
        float(peak != swept.own),
        complexity(entry.configuration),
        -octaves(swept.rates[peak], end),
        -width,
    )


def _settled(spec: JobSpec, swept: Sweep, needs: Needs) -> Steps[Sweep]:
    """Run the ends that are in doubt on more seeds, look after look."""
    for seeds in seed_looks(spec):
        rows = in_doubt(swept, needs)
        if rows:
            swept = yield from more_seeds(spec, swept, rows, seeds)
    return swept
