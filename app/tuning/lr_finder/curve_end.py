"""The end of a range test and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.tuning.lr_finder.fastai_rules import Vector

RISE = 4.0  # ratio to the lowest smoothed loss above which the test has diverged


class Reason(StrEnum):
    """The reason why a range test ended."""

    LAST_UPDATE = "last_update"
    LOSS_ROSE = "loss_rose"
    NOT_FINITE = "not_finite"
    RUN_STOPPED = "run_stopped"


@dataclass(frozen=True, kw_only=True)
class End:
    """The end of a range test.

    update, learning_rate: of the last update that is analysed, numbered from 0; None if there is none.
    detail: the reason in a sentence, with its figures.
    """

    reason: Reason
    update: int | None
    learning_rate: float | None
    detail: str

    @property
    def count(self) -> int:
        """The number of updates that are analysed."""
        return 0 if self.update is None else self.update + 1

    @property
    def diverged(self) -> bool:
        """Return whether the test ended before its last update."""
        return self.reason is not Reason.LAST_UPDATE


def end_of(rates: Vector, smoothed: Vector, made: int, planned: int) -> End:
    """Return the end of a range test.

    smoothed: (known,), the smoothed losses before the first loss that is not finite.
    made: number of updates with a loss, finite or not. planned: number of updates planned.
    """
    risen, limit = _rise(smoothed)
    last = len(smoothed) - 1 if risen is None else risen
    at = f"update {last}" + (f", at learning rate {rates[last]:.3g}" if last >= 0 else "")
    if risen is not None:
        reason = Reason.LOSS_ROSE
        detail = (
            f"the test ends with {at}: the smoothed loss there, {smoothed[risen]:.4g}, is above {limit:.4g}, "
            f"{_limit_in_words(smoothed, risen)}"
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


def _limit_in_words(smoothed: Vector, risen: int) -> str:
    """Return a phrase that says from which loss the limit follows."""
    lowest = smoothed[: risen + 1].min()
    if lowest > 0.0:
        return f"four times the lowest, {lowest:.4g}"
    return f"which is too far above the start, {smoothed[0]:.4g}, for a test whose lowest is {lowest:.4g}"


def _rise(smoothed: Vector) -> tuple[int | None, float]:
    """Return the first update whose loss exceeds the limit, and the limit there; (None, 0) without a rise.

    The limit is four times the lowest loss so far. If the lowest loss is not positive, the limit is the loss
    at the start plus three times the larger of two sizes: the decrease so far, and the loss at the start.
    """
    if not len(smoothed):
        return None, 0.0
    lowest = np.minimum.accumulate(smoothed)
    scale = np.maximum(smoothed[0] - lowest, abs(smoothed[0]))  # the decrease at the start is 0
    limit = np.where(lowest > 0.0, RISE * lowest, smoothed[0] + (RISE - 1.0) * scale)
    above = smoothed > limit
    if not above.any():
        return None, 0.0
    first = int(np.argmax(above))
    return first, float(limit[first])
