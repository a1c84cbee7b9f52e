"""The schedule of adaptive-rate backpropagation, the bold driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array, State
from app.engine.hyper import Hyper
from app.engine.schedules.loss_driven import LossDriven


@dataclass(frozen=True, kw_only=True)
class BoldDriver(LossDriven):
    """Raises the rate a little while the loss falls, and lowers the rate if the loss rises by too much.

    Rule: a loss below the one before it multiplies the factor by `increase`, up to `max_factor`; a loss above
    `tolerance` times the one before it multiplies the factor by `decrease`; any other loss leaves the
    factor unchanged

    Source: MATLAB's traingda and traingdx, gradient descent with an adaptive learning rate: their lr_inc,
    lr_dec and max_perf_inc; Vogl et al. 1988, Biological Cybernetics 59, 257-263. "Bold driver" is the name
    in Battiti 1989, Complex Systems 3, 331-342.

    Deviation: the learning rate of the optimizer is the start of this schedule and not the peak: factors go
    up to `max_factor`. The other kinds never exceed a factor of 1.

    Deviation: MATLAB undoes an update after which the loss rose by more than the tolerance. Here the update
    stays, and only the rate is lowered.

    Deviation: MATLAB has no limit like `max_factor`. The losses are those of the minibatches; MATLAB uses the
    whole training set. Losses of the warmup do not count. For a loss below zero the tolerance is
    (tolerance - 1) |loss|.
    """

    kind: ClassVar[str] = "bold_driver"
    no_reference: ClassVar[str] = (
        "MATLAB's function is not a package that could run here; tests follow the rule of its documentation"
    )
    begins_at: ClassVar[str] = "start"

    increase: Annotated[
        float,
        Hyper("factor of the rate while the loss falls", ge=1, le=10, search=(1.01, 1.2)),
    ] = 1.05
    decrease: Annotated[
        float,
        Hyper("factor of the rate after the loss rose too much", gt=0, le=1, search=(0.5, 0.9)),
    ] = 0.7
    tolerance: Annotated[
        float,
        Hyper(
            "ratio to the loss before, above which a loss has risen too much", ge=1, le=10, search=(1.0, 1.2)
        ),
    ] = 1.04
    max_factor: Annotated[
        float,
        Hyper(
            "largest factor of the given learning rate",
            ge=1,
            le=1e6,
            search=(1.0, 100.0),
            log=True,
        ),
    ] = 10.0

    def begin(self, rows: int) -> State:
        """Return the state before any loss: nan, for which every comparison is false."""
        return {"factor": np.ones((rows, 1)), "loss": np.full((rows, 1), np.nan)}

    def observe(self, k: Array, loss: Array, horizon: Any, state: State) -> State:
        """Raise, lower or keep the factor, by the loss before this one."""
        before, factor = state["loss"], state["factor"]
        raised = np.minimum(factor * self.increase, self.max_factor)
        rises = loss > before + (self.tolerance - 1.0) * np.abs(before)
        kept_or_raised = np.where(loss < before, raised, factor)
        return {"factor": np.where(rises, factor * self.decrease, kept_or_raised), "loss": loss}
