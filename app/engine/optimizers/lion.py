"""Lion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer, cast, decoupled_decay, planned_rates, shrink
from app.engine.optimizers.fields import LEARNING_RATE, DecoupledDecay
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, decoupled


@dataclass(frozen=True, kw_only=True)
class Lion(Optimizer):
    """The sign of a moving average of gradients: every component moves by the learning rate.

    Rule: x -= learning_rate weight_decay x;  x -= learning_rate sign(beta1 m + (1 - beta1) g);
    m = beta2 m + (1 - beta2) g

    Source: Chen et al. 2023, arXiv:2302.06675, Algorithm 2; as `lion_pytorch.Lion`.

    Deviation: the default weight_decay is lion-pytorch's 0; optax has 0.001. lion-pytorch can divide the
    decay by the initial rate (decoupled_weight_decay), which is not offered here: give the product.
    """

    kind: ClassVar[str] = "lion"
    normalises: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    reference: ClassVar[Reference | None] = Reference(
        module="lion_pytorch",
        distribution="lion-pytorch",
        version="0.2.5",
        call=(
            "lion_pytorch.Lion(parameters, lr=PEAK, betas=({beta1}, {beta2}), weight_decay={weight_decay})"
        ),
        attributes=("update_fn", "decoupled_wd", "_init_lr"),
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(
            framework="optax",
            call="optax.lion(schedule, b1={beta1}, b2={beta2}, weight_decay={weight_decay})",
            decays=True,
        ),
        Native(
            framework="keras",
            call=(
                "keras.optimizers.Lion(schedule, beta_1={beta1}, beta_2={beta2}, weight_decay={weight_decay})"
            ),
            decays=True,
            suits=lambda lion: lion.beta1 > 0.0,  # Keras refuses the sign of the gradient alone
        ),
    )

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-5, 1e-2), log=True, searched=True)
    ] = 1e-4
    beta1: Annotated[
        float, Hyper("share of the mean gradient in the direction", ge=0, lt=1, search=(0.8, 0.99))
    ] = 0.9
    beta2: Annotated[float, Hyper("decay of the mean gradient", ge=0, lt=1, search=(0.9, 0.999))] = 0.99
    weight_decay: DecoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *decoupled(self.weight_decay),
            "x = x - rate * sign(beta1 * m + (1.0 - beta1) * g)",
            "m = beta2 * m + (1.0 - beta2) * g",
        )
        return Rule(lines=lines, state={"m": "zeros_like(x)"})

    def init(self, x: Array) -> State:
        """Return a zero sum M = m / (1 - beta2) and the coefficients; the sign needs no common factor."""
        beta1, beta2 = np.asarray(self.beta1), np.asarray(self.beta2)
        return {
            "m": np.zeros_like(x),
            "share": cast(beta1 * (1.0 - beta2) / (1.0 - beta1), x),
            "beta2": cast(beta2, x),
            "rate": cast(np.zeros_like(beta1), x),
            **decoupled_decay(self.weight_decay, x),
        }

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the share of the mean in the direction."""
        beta1, beta2 = np.asarray(self.beta1), np.asarray(self.beta2)
        np.divide(beta1 * (1.0 - beta2), 1.0 - beta1, out=state["share"], casting="same_kind")

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates of the updates."""
        return planned_rates(learning_rates, state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in seven passes in place."""
        shrink(x, state)
        m, rate = state["m"], state["rate"]
        # In the names of the paper, with M = m / (1 - beta2) and share = beta1 (1 - beta2) / (1 - beta1):
        # sign(beta1 m + (1 - beta1) g) = sign(share M + g);  M = beta2 M + g.
        np.multiply(m, state["share"], out=work)
        np.add(work, g, out=work)
        np.sign(work, out=work)
        np.multiply(work, rate, out=work)
        np.subtract(x, work, out=x)
        np.multiply(m, state["beta2"], out=m)
        np.add(m, g, out=m)
