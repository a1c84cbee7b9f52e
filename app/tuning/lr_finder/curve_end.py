"""Where a range test ends, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.tuning.lr_finder.fastai_rules import Vector

RISE = 4.0  # times the lowest smoothed loss: there the test has diverged


class Reason(StrEnum):
    """Why a range test ended where it did."""

    LAST_UPDATE = "last_update"
    LOSS_ROSE = "loss_rose"
    NOT_FINITE = "not_finite"
    RUN_STOPPED = "run_stopped"


@dataclass(frozen=True, kw_only=True)
class End:
    """The last update that counts: its number from 0 and its learning rate, None where none counts.

    detail: the reason in a sentence, with its figures.
    """

    reason: Reason
    update: int | None
    learning_rate: float | None
    detail: str

    @property
    def count(self) -> int:
        """How many updates count."""
        return 0 if self.update is None else self.update + 1

    @property
    def diverged(self) -> bool:
        """Whether it ended before its last update."""
        return self.reason is not Reason.LAST_UPDATE


def end_of(rates: Vector, smoothed: Vector, made: int, planned: int) -> End:
    """Return where a test ends.

    smoothed: (known,), up to the first loss that is not finite. made: how many updates have a loss, finite or
    not. planned: how many updates there were to be.
    """
    risen, limit = _rise(smoothed)
    last = len(smoothed) - 1 if risen is None else risen
    at = f"update {last}" + (f", at learning rate {rates[last]:.3g}" if last >= 0 else "")
    if risen is not None:
        reason = Reason.LOSS_ROSE
        detail = (
            f"the test ends with {at}: the smoothed loss there, {smoothed[risen]:.4g}, is above {limit:.4g}, "
            f"{_measure(smoothed, risen)}"
        )
    elif len(smoothed) < made:
        reason = Reason.NOT_FINITE
        missing = f"the loss of update {last + 1} is not finite"
        detail = f"the test ends with {at}: {missing}" if last >= 0 else f"no update counts: {missing}"
    elif made < planned:
        reason = Reason.RUN_STOPPED
        detail = f"the test ends with {at}: the run stopped there, before its {planned} updates"
    else:
        reason = Reason.LAST_UPDATE
        detail = f"the test ends with {at}, its last"
    return End(
        reason=reason,
        update=last if last >= 0 else None,
        learning_rate=float(rates[last]) if last >= 0 else None,
        detail=detail,
    )


def _measure(smoothed: Vector, risen: int) -> str:
    """Return what the limit is, in words."""
    lowest = smoothed[: risen + 1].min()
    if lowest > 0.0:
        return f"four times the lowest, {lowest:.4g}"
    return f"which is too far above the start, {smoothed[0]:.4g}, for a test whose lowest is {lowest:.4g}"


def _rise(smoothed: Vector) -> tuple[int | None, float]:
    """Return the first update whose loss is four times the lowest before it, and that limit; None if none is.

    That is no measure where losses can be negative: there it is one that rose above the start by three times
    what had been gained until then, or the size of the loss at the start where that is more.
    """
    if not len(smoothed):
        return None, 0.0
    lowest = np.minimum.accumulate(smoothed)
    scale = np.maximum(smoothed[0] - lowest, abs(smoothed[0]))  # at the start nothing has been gained
    limit = np.where(lowest > 0.0, RISE * lowest, smoothed[0] + (RISE - 1.0) * scale)
    above = smoothed > limit
    if not above.any():
        return None, 0.0
    first = int(np.argmax(above))
    return first, float(limit[first])
