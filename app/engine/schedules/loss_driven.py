"""What schedules are whose factors depend on the losses of the run."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from app.engine.arrays import Array, State
from app.engine.schedules.base import Schedule


class DependsOnLosses(ValueError):
    """A table was asked of a schedule that has none before its run."""


@dataclass(frozen=True, kw_only=True)
class LossDriven(Schedule):
    """A rule that moves the rate by the training losses that the updates saw, each run by its own.

    The factor of update k depends on the losses of updates 0 to k - 1 (their minibatches; exact for
    functions), as where a scheduler's step(loss) follows the optimizer's. Losses of the warmup do not count.
    """

    # What the optimizer's learning rate is of the rates after the warmup: the "peak", or the "start" alone.
    begins_at: ClassVar[str] = "peak"

    @abstractmethod
    def begin(self, rows: int) -> State:
        """The state before the first loss: (B, 1) float64 columns, "factor" among them."""

    @abstractmethod
    def observe(self, k: Array, loss: Array, horizon: Any, state: State) -> State:
        """The state, and in it the factor of the next update, once update k of the body has seen its loss.

        k, loss: (B, 1) float64. horizon: (B, 1), of the body. Fields are (B, 1) columns. A new state; nothing
        is changed in place.
        """

    def body(self, k: Array, horizon: Any) -> Array:
        """Raises DependsOnLosses: there is none without a run."""
        raise DependsOnLosses(
            f"{self.kind} follows the losses of a run, so that it has no table before one; choose another "
            "kind, or look at the learning rates that a trial took in its trajectory"
        )
