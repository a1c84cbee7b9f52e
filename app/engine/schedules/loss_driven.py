"""The base class of schedules whose factors depend on the losses of the run."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from app.engine.arrays import Array, State
from app.engine.schedules.base import Schedule


class DependsOnLosses(ValueError):
    """A request for the table of a schedule whose factors depend on the losses of a run."""


@dataclass(frozen=True, kw_only=True)
class LossDriven(Schedule):
    """A rule that changes the rate by the training losses that the updates saw, for each run separately.

    The factor of update k depends on the losses of updates 0 to k - 1, as if a scheduler's step(loss)
    followed each step of the optimizer. These are losses of minibatches, exact for functions. Losses of the
    warmup do not count.
    """

    # The role of the optimizer's learning rate after the warmup: "peak" of the rates, or only their "start".
    begins_at: ClassVar[str] = "peak"

    @abstractmethod
    def begin(self, rows: int) -> State:
        """Return the state before the first loss: (B, 1) float64 columns, "factor" among them."""

    @abstractmethod
    def observe(self, k: Array, loss: Array, horizon: Any, state: State) -> State:
        """Return the new state, with the factor of the next update, after update k of the body saw its loss.

        k, loss: (B, 1) float64. horizon: (B, 1), of the body. Fields are (B, 1) columns. The former state
        stays unchanged.
        """

    def body(self, k: Array, horizon: Any) -> Array:
        """Raise DependsOnLosses: without a run there are no factors."""
        raise DependsOnLosses(
            f"{self.kind} follows the losses of a run, so that it has no table before one; choose another "
            "kind, or look at the learning rates that a trial took in its trajectory"
        )
