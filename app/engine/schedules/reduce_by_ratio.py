"""The schedule that reduces by a ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array, State
from app.engine.hyper import Hyper
from app.engine.schedules.lengths import length
from app.engine.schedules.loss_driven import LossDriven


@dataclass(frozen=True, kw_only=True)
class ReduceByRatio(LossDriven):
    """Multiplies the rate by `reduce_ratio` at regular intervals, or whenever the loss falls too little.

    Rule: with `reduce_frequency` > 0, once every F updates, F = `reduce_frequency` of the horizon; with 0,
    after each update whose loss fell by less than `reduce_error_ratio` |the one before it| (with a
    `reduce_error_ratio` of 0: that rose)

    Source: microsoftml's sgd_optimizer: l_rate_red_ratio, l_rate_red_freq and l_rate_red_error_ratio, as
    its documentation states them.

    Deviation: the documentation does not define a part of a loss below zero; here it is that part of the
    loss's magnitude. The documentation does not say which of the two triggers takes precedence; here a
    frequency above 0 does. An iteration there is a pass over the data; here it is an update with the loss of
    its minibatch.
    """

    kind: ClassVar[str] = "reduce_by_ratio"
    no_reference: ClassVar[str] = (
        "microsoftml is not published any more; tests follow the rule of its documentation"
    )

    reduce_ratio: Annotated[
        float, Hyper("factor of the rate at each reduction", gt=0, le=1, search=(0.5, 0.99))
    ] = 0.9
    reduce_frequency: Annotated[
        float,
        Hyper("part of the horizon between reductions; 0: the losses decide", ge=0, le=1, search=(0.01, 0.2)),
    ] = 0.0
    reduce_error_ratio: Annotated[
        float,
        Hyper(
            "part of |last loss| by which the loss must fall, or the rate drops; 0: the loss must not rise",
            ge=0,
            lt=1,
            search=(0.0, 0.05),
        ),
    ] = 0.0

    def begin(self, rows: int) -> State:
        """Return the state before any loss: nan, for which every comparison is false."""
        return {"factor": np.ones((rows, 1)), "loss": np.full((rows, 1), np.nan)}

    def observe(self, k: Array, loss: Array, horizon: Any, state: State) -> State:
        """Reduce the factor by count or by loss."""
        frequency, before = np.asarray(self.reduce_frequency), state["loss"]
        counted = np.mod(k + 1.0, length(frequency, horizon)) == 0.0
        falls_too_little = before - loss < self.reduce_error_ratio * np.abs(before)
        reduces = np.where(frequency > 0.0, counted, falls_too_little)
        factor = state["factor"]
        return {"factor": np.where(reduces, factor * self.reduce_ratio, factor), "loss": loss}
