"""Momentum, the heavy ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import CoupledDecay, DescentRate, MomentumDecay
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class Momentum(Optimizer):
    """Steps along a decaying sum of the gradients.

    Rule: g += weight_decay x;  b = g in the first update, then b = momentum b + (1 - dampening) g;
    x -= learning_rate b

    Source: Polyak 1964, doi:10.1016/0041-5553(64)90137-5; as `torch.optim.SGD` with momentum.

    Deviation: Keras puts the rate inside the sum, v = momentum v - learning_rate g; x += v, which is the
    same only if the rate is constant. The first update is not dampened, as in PyTorch; optax has no
    dampening. Keras decouples the weight decay.
    """

    kind: ClassVar[str] = "momentum"
    default_candidate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "momentum"
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(always=True),)
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.SGD(parameters, lr=PEAK, momentum={momentum}, dampening={dampening},"
            " weight_decay={weight_decay})"
        )
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(
            framework="optax",
            call="optax.sgd(schedule, momentum={momentum})",
            suits=lambda momentum: momentum.dampening == 0.0,
        ),
    )

    learning_rate: DescentRate = 1e-2
    momentum: MomentumDecay = 0.9
    dampening: Annotated[
        float, Hyper("part of each new gradient that is left out of the sum", ge=0, le=1, search=(0.0, 0.9))
    ] = 0.0
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay and a dampening."""
        return (self.weight_decay != 0.0, self.dampening != 0.0)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        summed = "momentum * b + g"
        if self.dampening:
            summed = "where(k == 0, g, momentum * b + (1.0 - dampening) * g)"
        lines = (*coupled(self.weight_decay), f"b = {summed}", "x = x - rate * b")
        return Rule(lines=lines, state={"b": "zeros_like(x)"})

    def init(self, x: Array) -> State:
        """Return an empty sum and the coefficient columns."""
        state = {
            "b": np.zeros_like(x),
            "momentum": cast(self.momentum, x),
            "rate": cast(np.zeros_like(self.learning_rate), x),
            **coupled_decay(self.weight_decay, x),
        }
        if np.any(self.dampening):
            state["fresh"] = cast(1.0 - np.asarray(self.dampening), x)
        return state

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates of the updates."""
        return planned_rates(learning_rates, state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in four passes in place, five with dampening."""
        add_decay(x, g, state, work)
        b, rate = state["b"], state["rate"]
        # b = momentum b + (1 - dampening) g, undampened at k = 0;  x -= rate b.
        np.multiply(b, state["momentum"], out=b)
        if "fresh" in state and k > 0:
            np.multiply(g, state["fresh"], out=g)
        np.add(b, g, out=b)
        np.multiply(b, rate, out=work)
        np.subtract(x, work, out=x)
