"""The choice from a final: ties with the leader, the complexity of schedules, and the chosen candidate."""

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

# Standard errors of a gap that proves little: the candidate behind is truly better in two of five cases.
TIE_ERRORS = 0.25

# Complexity of a schedule: nothing to implement, a formula, a rule that needs losses, a list of numbers.
CONSTANT, FORMULA, LOSS_DRIVEN, TABLE = 0, 1, 3, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """The candidate that is recommended, with the reasons for it.

    row: the candidate's row in the final. recommended: the candidate, its peak lowered if the margin to
    the first divergence requires that. tied: the rows that tie with the leader, by their mean, the leader
    first. sweeps: the sweeps that ran, by row. needs: the requirements on the candidate's peaks.
    range: the safe range; None if no peak is safe.
    """

    row: int
    recommended: RaceCandidate
    tied: tuple[int, ...]
    sweeps: Mapping[int, Sweep]
    needs: Needs
    range: SafeRange | None

    @property
    def sweep(self) -> Sweep:
        """The sweep of the chosen candidate, around its peak before lowering."""
        return self.sweeps[self.row]

    @property
    def safe(self) -> SafeLearningRate | None:
        """The safe range as the recommendation states it."""
        return None if self.range is None else as_rates(self.sweep, self.range)

    @property
    def lowered_from(self) -> float | None:
        """The peak before lowering; None if the peak was not lowered."""
        original = self.sweep.rates[self.sweep.configured_row]
        return None if self.recommended.configuration.optimizer["learning_rate"] == original else original

    @property
    def diverges(self) -> float:
        """The lowest peak at which a run of this configuration diverged; inf if none did."""
        return first_divergence(self.sweep, self.needs)


def complexity(configuration: Configuration) -> int:
    """Return the complexity of a schedule: 0 constant, 1 formula, 3 driven by losses, 4 table."""
    if is_constant(configuration):
        return CONSTANT
    schedule = configuration.schedule_instance()
    if isinstance(schedule, Table):
        return TABLE
    return LOSS_DRIVEN if isinstance(schedule, LossDriven) else FORMULA


def tied(standing: Standing) -> tuple[int, ...]:
    """Return the survivors that tie with the leader, by their mean, the leader first.

    A tie has two conditions. First, the gap is at most one standard error of the paired difference. This is
    the rule of Breiman, Friedman, Olshen & Stone 1984 (Classification and Regression Trees, section 3.4.3).
    Second, the gap is negligible or at most a quarter of the standard error.

    The second condition is needed because one standard error can be the whole gain if seeds scatter much. Its
    alternative lets a default tie: the negligible gap is a share of the default's own gap, so a default is
    never within it.
    """
    negligible_gap = negligible(standing)

    def is_tied(row: int) -> bool:
        error = standing.standard_error(row)
        return standing.behind(row) <= min(error, max(negligible_gap, TIE_ERRORS * error))

    return tuple(row for row in standing.survivors if row == standing.leader or is_tied(row))
