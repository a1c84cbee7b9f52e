"""Nesterov's accelerated gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates
from app.engine.optimizers.fields import CoupledDecay, DescentRate, MomentumDecay
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class Nesterov(Optimizer):
    """Momentum with a look-ahead: the gradient counts as if the momentum step had been made already.

    Rule: g += weight_decay x;  b = momentum b + g;  x -= learning_rate (g + momentum b)

    Source: Nesterov 1983, Soviet Mathematics Doklady 27, 372-376; Sutskever et al. 2013, ICML; as
    `torch.optim.SGD` with nesterov=True.

    Deviation: Keras has the rate inside the sum, v = momentum v - learning_rate g; x += momentum v -
    learning_rate g, which is the same only if the rate is constant. Nesterov's own sequence of momenta
    is not used; PyTorch allows no dampening here. Keras decouples the weight decay.
    """

    kind: ClassVar[str] = "nesterov"
    default_candidate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "momentum"
    reference: ClassVar[Reference | None] = Reference(
        call=(
            # PyTorch refuses a look-ahead without momentum, which is plain descent.
            "torch.optim.SGD(parameters, lr=PEAK, momentum={momentum}, nesterov={momentum} > 0.0,"
            " weight_decay={weight_decay})"
        )
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(framework="optax", call="optax.sgd(schedule, momentum={momentum}, nesterov=True)"),
    )

    learning_rate: DescentRate = 1e-2
    momentum: MomentumDecay = 0.9
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *coupled(self.weight_decay),
            "b = momentum * b + g",
            "x = x - rate * (g + momentum * b)",
        )
        return Rule(lines=lines, state={"b": "zeros_like(x)"})

    def init(self, x: Array) -> State:
        """Return b = 0 and the coefficient columns."""
        return {
            "b": np.zeros_like(x),
            "momentum": cast(self.momentum, x),
            "rate": cast(np.zeros_like(self.learning_rate), x),
            **coupled_decay(self.weight_decay, x),
        }

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates of the updates."""
        return planned_rates(learning_rates, state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in six passes in place."""
        add_decay(x, g, state, work)
        b, rate, momentum = state["b"], state["rate"], state["momentum"]
        # b = momentum b + g;  x -= rate (g + momentum b).
        np.multiply(b, momentum, out=b)
        np.add(b, g, out=b)
        np.multiply(b, momentum, out=work)
        np.add(work, g, out=work)
        np.multiply(work, rate, out=work)
        np.subtract(x, work, out=x)
