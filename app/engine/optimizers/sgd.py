"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates
from app.engine.optimizers.fields import CoupledDecay, DescentRate
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """A step against the gradient.

    Rule: g += weight_decay x;  x -= learning_rate g

    Source: Robbins & Monro 1951, doi:10.1214/aoms/1177729586; as `torch.optim.SGD`.

    Deviation: Keras decouples its weight decay from the gradient, here and in PyTorch it is coupled;
    microsoftml shrinks the parameters after the update.
    """

    kind: ClassVar[str] = "sgd"
    reference: ClassVar[Reference | None] = Reference(
        call="torch.optim.SGD(parameters, lr=PEAK, weight_decay={weight_decay})"
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(framework="optax", call="optax.sgd(schedule)"),
        Native(framework="keras", call="keras.optimizers.SGD(schedule)"),
    )

    learning_rate: DescentRate = 1e-2
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *coupled(self.weight_decay),
            "x = x - rate * g",
        )
        return Rule(lines=lines, state={})

    def init(self, x: Array) -> State:
        """Return the coefficient columns; gradient descent remembers nothing else."""
        return {"rate": cast(np.zeros_like(self.learning_rate), x), **coupled_decay(self.weight_decay, x)}

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates of the updates."""
        return planned_rates(learning_rates, state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in two passes in place."""
        add_decay(x, g, state, work)
        rate = state["rate"]
        np.multiply(g, rate, out=work)
        np.subtract(x, work, out=x)
