"""What every optimizer is: hyperparameters as fields, and one update for a batch of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.registry import Kind

LEARNING_RATE = "peak learning rate; the schedule multiplies it"
EPS = "added to the root, against division by zero"
WEIGHT_DECAY = "l2 penalty, added to the gradient (coupled)"


@dataclass(frozen=True, kw_only=True)
class Optimizer(Kind, ABC):
    """An update rule. In a batch the instance is stacked: each field is a (B, 1) float64 column.

    A class is written once for both: a formula over its fields broadcasts.
    """

    # Whether a job that names no optimizers tries this one.
    default_candidate: ClassVar[bool] = True

    learning_rate: Annotated[float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-4, 1e-1), log=True)]

    def variant(self) -> tuple[bool, ...]:
        """Which optional terms this instance has; asked of single instances, before they are stacked.

        Only instances of one variant are stacked together, so `init` and `step` may leave a term out for
        the whole stack, and no row is touched by a term that only its neighbours have.
        """
        return ()

    @abstractmethod
    def init(self, x: Array) -> State:
        """The state before the first update, with the coefficient columns that `step` wants.

        x: (B, D), the start. Every array returned has B as its first axis and the dtype of x where it
        meets x or the gradient (a float64 column there would turn the whole product to float64).
        """

    @abstractmethod
    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Applies update k (from 0) to x, in place, row by row.

        x, g, work: (B, D). g is the gradient at x and may be overwritten; work is scratch.
        learning_rate: (B, 1) float64, the peak times the schedule's factor of update k.
        Reads self only for scalars of a row: a stacked instance holds (B, 1) columns. Where D is small all
        columns come as wide as x, which is faster than broadcasting; formulas are the same.
        """


def cast(coefficient: Any, x: Array) -> Array:
    """A coefficient, computed in double, in the dtype of x."""
    # Any: a float by its annotation, a column once stacked.
    return np.asarray(coefficient).astype(x.dtype)


def add_decay(x: Array, g: Array, state: State, work: Array) -> None:
    """Adds the gradient of the l2 penalty to g, where the stack has one (coupled weight decay)."""
    if "weight_decay" in state:
        np.multiply(x, state["weight_decay"], out=work)
        np.add(g, work, out=g)
