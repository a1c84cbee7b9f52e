"""Which entries of a final count as equal, which schedule is the simpler one, and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.records import Configuration
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.table import Table
from app.spec.resources.recommendations import SafeLearningRate
from app.tuning.learning_rates.safe_range import Needs, SafeRange, as_rates, first_divergence
from app.tuning.learning_rates.sweep import Sweep
from app.tuning.racing.candidates import RaceCandidate, is_constant
from app.tuning.racing.elimination import Standing
from app.tuning.racing.practical_equivalence import negligible

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
    recommended: RaceCandidate
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
