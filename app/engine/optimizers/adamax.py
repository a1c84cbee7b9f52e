"""Adamax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates, running
from app.engine.optimizers.fields import AdaptiveRate, Beta1, Beta2, CoupledDecay, PositiveEps
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class Adamax(Optimizer):
    """Adam with the largest magnitude in place of the root mean square.

    Rule: g += weight_decay x;  m = beta1 m + (1 - beta1) g;  u = max(beta2 u, |g| + eps);
    x -= learning_rate / (1 - beta1^t) m / u,  t = k + 1

    Source: Kingma & Ba 2015, arXiv:1412.6980, Section 7.1; as `torch.optim.Adamax`.

    Deviation: PyTorch adds eps to each magnitude, inside the maximum; Keras adds it to u in the denominator,
    the paper has none. eps must be positive: a component whose gradient is always zero would be 0 / 0.
    Keras decouples the weight decay.
    """

    kind: ClassVar[str] = "adamax"
    normalises: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.Adamax(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay})"
        )
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(framework="optax", call="optax.adamax(schedule, b1={beta1}, b2={beta2}, eps={eps})"),
    )

    learning_rate: AdaptiveRate = 2e-3
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: PositiveEps = 1e-8
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *coupled(self.weight_decay),
            "m = beta1 * m + (1.0 - beta1) * g",
            "u = maximum(beta2 * u, absolute(g) + eps)",
            "x = x - rate / (1.0 - beta1**t) * m / u",
        )
        return Rule(lines=lines, state={"m": "zeros_like(x)", "u": "zeros_like(x)"})

    def init(self, x: Array) -> State:
        """Return a zero sum M = m / (1 - beta1), a zero maximum, and the coefficient columns."""
        beta1 = np.asarray(self.beta1)
        return {
            "m": np.zeros_like(x),
            "u": np.zeros_like(x),
            "beta1": cast(beta1, x),
            "beta2": cast(self.beta2, x),
            "eps": cast(self.eps, x),
            "power1": np.ones_like(beta1),
            "rate": cast(np.zeros_like(beta1), x),
            **coupled_decay(self.weight_decay, x),
        }

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the decay of M, which is m over the new 1 - beta1 from now on, and the bias."""
        beta1 = np.asarray(self.beta1)
        np.multiply(beta1, (1.0 - before) / (1.0 - beta1), out=state["beta1"], casting="same_kind")
        np.float_power(beta1, k, out=state["power1"])

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the rates that undo the bias and the scale of the sum."""
        factors = learning_rates * (1.0 - np.asarray(self.beta1))
        powers = running(state["power1"], self.beta1, len(learning_rates))
        return planned_rates(factors / (1.0 - powers), state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in nine passes in place."""
        add_decay(x, g, state, work)
        m, u, rate = state["m"], state["u"], state["rate"]
        # In the names of the paper, with M = m / (1 - beta1) as state["m"]:
        # M = beta1 M + g;  u = max(beta2 u, |g| + eps);  x -= rate M / u,
        # rate = learning_rate (1 - beta1) / (1 - beta1^t).
        np.multiply(m, state["beta1"], out=m)
        np.add(m, g, out=m)
        np.abs(g, out=g)
        np.add(g, state["eps"], out=g)
        np.multiply(u, state["beta2"], out=u)
        np.maximum(u, g, out=u)
        np.divide(m, u, out=work)
        np.multiply(work, rate, out=work)
        np.subtract(x, work, out=x)
