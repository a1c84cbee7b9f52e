"""AMSGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import Optimizer, add_decay, coupled_decay
from app.engine.optimizers.fields import AdaptiveRate, Beta1, Beta2, CoupledDecay, Eps
from app.engine.optimizers.moments import descend, gather, planned_moments, renew_moments, start_moments
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import ADAM_STEP, GATHER, MOMENTS, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class AMSGrad(Optimizer):
    """Adam that divides by the largest mean square so far, so that no step grows again.

    Rule: g += weight_decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
    w = max(w, v);  x -= learning_rate (m / (1 - beta1^t)) / (sqrt(w / (1 - beta2^t)) + eps),  t = k + 1

    Source: Reddi, Kale & Kumar 2018, ICLR, arXiv:1904.09237, Algorithm 2; as `torch.optim.Adam` with
    amsgrad=True.

    Deviation: the maximum is taken of v before its bias is corrected, as in PyTorch and Keras; optax takes
    the maximum of the corrected averages, which differs much. The paper corrects no bias. Keras decouples the
    weight decay.
    """

    kind: ClassVar[str] = "amsgrad"
    normalises: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.Adam(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay}, amsgrad=True)"
        )
    )

    learning_rate: AdaptiveRate = 1e-3
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *coupled(self.weight_decay),
            *GATHER,
            "w = maximum(w, v)",
            ADAM_STEP.replace("sqrt(v", "sqrt(w"),
        )
        return Rule(lines=lines, state=MOMENTS | {"w": "zeros_like(x)"})

    def init(self, x: Array) -> State:
        """Return zero sums and the coefficient columns."""
        state = start_moments(x, self.beta1, self.beta2, self.eps) | coupled_decay(self.weight_decay, x)
        return state | {"largest": np.zeros_like(x)}

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the coefficients of the mean gradient."""
        renew_moments(state, self.beta1, self.beta2, before, k)

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the rates and shifts that correct the bias of both averages."""
        return planned_moments(learning_rates, state, self.beta1, self.beta2)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in eleven passes in place."""
        # As `adam.py` explains, with M = m / (1 - beta1), V = v / (1 - beta2) and W = w / (1 - beta2):
        # M = beta1 M + g;  V = beta2 V + g^2;  W = max(W, V);  x -= rate M / (sqrt(W) + shift).
        add_decay(x, g, state, work)
        gather(g, state)
        largest = state["largest"]
        np.maximum(largest, state["v"], out=largest)
        descend(x, state["m"], largest, state, work)
