"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import LEARNING_RATE, WEIGHT_DECAY, Optimizer, add_decay, cast


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """A step against the gradient.

    Rule: g += weight_decay x;  x -= learning_rate g

    Source: Robbins & Monro 1951, doi:10.1214/aoms/1177729586; as `torch.optim.SGD`.

    Deviation: Keras decouples its weight decay from the gradient, here and in PyTorch it is coupled.
    """

    kind: ClassVar[str] = "sgd"

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-4, 1.0), log=True, searched=True)
    ] = 1e-2
    weight_decay: Annotated[float, Hyper(WEIGHT_DECAY, ge=0, le=10, search=(1e-6, 1e-2), log=True)] = 0.0

    def variant(self) -> tuple[bool, ...]:
        """With or without weight decay."""
        return (self.weight_decay != 0.0,)

    def init(self, x: Array) -> State:
        """Nothing to remember but the coefficients."""
        state = {"rate": cast(np.zeros_like(self.learning_rate), x)}
        if np.any(self.weight_decay):
            state["weight_decay"] = cast(self.weight_decay, x)
        return state

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Two passes in place."""
        add_decay(x, g, state, work)
        rate = state["rate"]
        np.copyto(rate, learning_rate, casting="same_kind")
        np.multiply(g, rate, out=work)
        np.subtract(x, work, out=x)
