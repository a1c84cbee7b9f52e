"""AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer, decoupled_decay, shrink
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import DECOUPLED, AdaptiveRate, Beta1, Beta2, Eps
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
    decoupled,
)


@dataclass(frozen=True, kw_only=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay: the decay shrinks the parameters and does not enter the averages.

    Rule: x -= learning_rate weight_decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
    x -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps),  t = k + 1

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2; as `torch.optim.AdamW`.

    Deviation: the decay is multiplied by the whole learning rate, as in PyTorch, optax and Keras; the paper's
    follows the schedule alone. Defaults of weight_decay: PyTorch 0.01, optax 0.0001, Keras 0.004.
    """

    kind: ClassVar[str] = "adamw"
    normalises: ClassVar[bool] = True
    default_candidate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(always=True), Baseline(always=True, warms_up=True))
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.AdamW(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay})"
        )
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(
            framework="optax",
            call="optax.adamw(schedule, b1={beta1}, b2={beta2}, eps={eps}, weight_decay={weight_decay})",
            decays=True,
        ),
        Native(
            framework="keras",
            call=(
                "keras.optimizers.AdamW(schedule, beta_1={beta1}, beta_2={beta2}, epsilon={eps},"
                " weight_decay={weight_decay})"
            ),
            decays=True,
            suits=lambda adamw: adamw.eps <= MAX_KERAS_EPS,
            note=KERAS_EPS,
        ),
    )

    learning_rate: AdaptiveRate = 1e-3
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    weight_decay: Annotated[
        float,
        Hyper(DECOUPLED, ge=0, le=10, search=(5e-3, 1.0), log=True, searched=True, regularises=True),
    ] = 1e-2

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (*decoupled(self.weight_decay), *GATHER, ADAM_STEP)
        return Rule(lines=lines, state=MOMENTS)

    def init(self, x: Array) -> State:
        """Return zero sums and the coefficient columns."""
        return start_moments(x, self.beta1, self.beta2, self.eps) | decoupled_decay(self.weight_decay, x)

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the coefficients of the mean gradient."""
        renew_moments(state, self.beta1, self.beta2, before, k)

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the rates and shifts that correct the bias of both averages."""
        return planned_moments(learning_rates, state, self.beta1, self.beta2)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in eleven passes in place."""
        # As `adam.py` explains, with M = m / (1 - beta1) and V = v / (1 - beta2):
        # x -= learning_rate weight_decay x;  M = beta1 M + g;  V = beta2 V + g^2;
        # x -= rate M / (sqrt(V) + shift).
        shrink(x, state)
        gather(g, state)
        descend(x, state["m"], state["v"], state, work)
