"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import Optimizer, add_decay, coupled_decay
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import AdaptiveRate, Beta1, Beta2, CoupledDecay, Eps
from app.engine.optimizers.moments import descend, gather, planned_moments, renew_moments, start_moments
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import (
    ADAM_STEP,
    GATHER,
    KERAS_EPS,
    MAX_KERAS_EPS,
    MOMENTS,
    Native,
    Rule,
    coupled,
)


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Moving averages of the gradient and its square, both corrected for their start at zero.

    Rule: g += weight_decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
    x -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps),  t = k + 1

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1; as `torch.optim.Adam`.

    Deviation: Keras and the paper's faster form fold the corrections into the rate, which scales eps.
    Keras decouples the weight decay, as `adamw` does.
    """

    kind: ClassVar[str] = "adam"
    normalises: ClassVar[bool] = True
    default_candidate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(always=True),)
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.Adam(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay})"
        )
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(framework="optax", call="optax.adam(schedule, b1={beta1}, b2={beta2}, eps={eps})"),
        Native(
            framework="keras",
            call="keras.optimizers.Adam(schedule, beta_1={beta1}, beta_2={beta2}, epsilon={eps})",
            suits=lambda adam: adam.eps <= MAX_KERAS_EPS,
            note=KERAS_EPS,
        ),
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
        lines = (*coupled(self.weight_decay), *GATHER, ADAM_STEP)
        return Rule(lines=lines, state=MOMENTS)

    def init(self, x: Array) -> State:
        """Return zero sums and the coefficient columns."""
        return start_moments(x, self.beta1, self.beta2, self.eps) | coupled_decay(self.weight_decay, x)

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the coefficients of the mean gradient."""
        renew_moments(state, self.beta1, self.beta2, before, k)

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the rates and shifts that correct the bias of both averages."""
        return planned_moments(learning_rates, state, self.beta1, self.beta2)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in ten passes in place; both bias corrections are columns."""
        # The paper's update, Algorithm 1, with t = k + 1:
        #   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
        #   m_hat = m / (1 - beta1^t);    v_hat = v / (1 - beta2^t)
        #   x -= learning_rate m_hat / (sqrt(v_hat) + eps)
        # The state holds the sums M = m / (1 - beta1) and V = v / (1 - beta2), which saves two passes.
        add_decay(x, g, state, work)  # g += weight_decay x, if there is a weight decay
        # `gather`: M = beta1 M + g;  V = beta2 V + g^2.
        gather(g, state)
        # `descend`: x -= rate M / (sqrt(V) + shift). This is the paper's step: its numerator and denominator
        # are multiplied by sqrt(1 - beta2^t) / sqrt(1 - beta2). `plan` has put into the state
        #   rate = learning_rate (1 - beta1) / (1 - beta1^t) sqrt(1 - beta2^t) / sqrt(1 - beta2),
        #   shift = eps sqrt(1 - beta2^t) / sqrt(1 - beta2).
        descend(x, state["m"], state["v"], state, work)
