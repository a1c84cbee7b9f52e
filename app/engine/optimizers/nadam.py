"""NAdam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import (
    Optimizer,
    add_decay,
    cast,
    coupled_decay,
    decoupled_decay,
    planned_rates,
    running,
    shrink,
)
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import AdaptiveRate, Beta1, Beta2, EitherDecay, Eps
from app.engine.optimizers.moments import renew_moments, start_moments
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import GATHER, MOMENTS, Rule, coupled, decoupled

_WARMUP_BASE = 0.96  # base of the momentum's warmup, 1 - 0.5 * 0.96^(t momentum_decay)


@dataclass(frozen=True, kw_only=True)
class NAdam(Optimizer):
    """Adam with Nesterov's look-ahead, and a momentum that warms up.

    Rule: g += weight_decay x, or x -= learning_rate weight_decay x where it is decoupled;
    c_t = beta1 (1 - 0.5 * 0.96^(t momentum_decay)), C_t = product of c_1 to c_t;  m and v as in Adam;
    x -= learning_rate ((1 - c_t) g / (1 - C_t) + c_{t+1} m / (1 - C_{t+1})) /
    (sqrt(v / (1 - beta2^t)) + eps),  t = k + 1

    Source: Dozat 2016, ICLR workshop; as `torch.optim.NAdam`.

    Deviation: momentum_decay is 0.004 as in PyTorch; Keras has 1 (and eps 1e-7). The momentum of optax's
    nadam does not warm up: beta1 m / (1 - beta1^{t+1}) + (1 - beta1) g / (1 - beta1^t), which no
    momentum_decay gives. The weight decay is coupled unless decoupled_weight_decay is set; Keras always
    decouples it.
    """

    kind: ClassVar[str] = "nadam"
    normalises: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(), Baseline(always=True, warms_up=True))
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.NAdam(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay}, momentum_decay={momentum_decay},"
            " decoupled_weight_decay={decoupled_weight_decay})"
        ),
        note=(
            "NAdam keeps a product of its momenta in the default dtype: in double precision call"
            " torch.set_default_dtype(torch.float64) first."
        ),
    )

    learning_rate: AdaptiveRate = 2e-3
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    weight_decay: EitherDecay = 0.0
    momentum_decay: Annotated[
        float, Hyper("how fast the momentum warms up", ge=0, le=10, search=(1e-3, 1.0), log=True)
    ] = 4e-3
    decoupled_weight_decay: Annotated[
        bool, Hyper("decouple the weight decay from the gradient, as AdamW does", choices=(False, True))
    ] = False

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay, and whether the decay is decoupled."""
        return (self.weight_decay != 0.0, self.weight_decay != 0.0 and bool(self.decoupled_weight_decay))

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        decay = decoupled if self.decoupled_weight_decay else coupled
        lines = (
            *decay(self.weight_decay),
            f"now = beta1 * (1.0 - 0.5 * {_WARMUP_BASE} ** (t * momentum_decay))",
            f"following = beta1 * (1.0 - 0.5 * {_WARMUP_BASE} ** ((t + 1.0) * momentum_decay))",
            "product = product * now",
            *GATHER,
            "d = (1.0 - now) * g / (1.0 - product) + following * m / (1.0 - product * following)",
            "x = x - rate * d / (sqrt(v / (1.0 - beta2**t)) + eps)",
        )
        return Rule(lines=lines, state=MOMENTS | {"product": "full_like(total(x), 1.0)"})

    def init(self, x: Array) -> State:
        """Return zero sums M and V as Adam's, and the coefficient columns."""
        beta1 = np.asarray(self.beta1)
        decay = decoupled_decay if np.all(self.decoupled_weight_decay) else coupled_decay
        return {
            **start_moments(x, self.beta1, self.beta2, self.eps),
            **decay(self.weight_decay, x),
            "warming": np.ones_like(beta1),  # 0.96^(t momentum_decay)
            "warmer": _WARMUP_BASE ** np.asarray(self.momentum_decay),
            "product": np.ones_like(beta1),  # C_t
            "fresh_rate": cast(np.zeros_like(beta1), x),
        }

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the coefficients of the mean gradient."""
        renew_moments(state, self.beta1, self.beta2, before, k)

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the rates of the gradient and of its mean, and eps, each with its bias correction."""
        beta1, warmer = np.asarray(self.beta1), state["warmer"]
        steps = len(learning_rates)
        warming = running(state["warming"], warmer, steps)
        momenta = beta1 * (1.0 - 0.5 * warming)
        following = beta1 * (1.0 - 0.5 * warming * warmer)
        products = running(state["product"], momenta, steps)
        root = np.sqrt(1.0 - running(state["power2"], self.beta2, steps))
        factors = learning_rates * root * state["scale"]  # scale is (1 - beta1) / sqrt(1 - beta2)
        plan = planned_rates(learning_rates, state)
        plan["rate"] = cast(factors * following / (1.0 - products * following), state["rate"])
        plan["fresh_rate"] = cast(factors / (1.0 - beta1) * (1.0 - momenta) / (1.0 - products), state["rate"])
        plan["shift"] = cast(state["eps"] * root, state["shift"])
        return plan

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in twelve passes in place."""
        shrink(x, state)
        add_decay(x, g, state, work)
        m, v = state["m"], state["v"]
        # As in `adam.py`, M = m / (1 - beta1) and V = v / (1 - beta2):
        # M = beta1 M + g;  V = beta2 V + g^2;  x -= (fresh_rate g + rate M) / (sqrt(V) + shift).
        # `plan` has put (1 - c_t) / (1 - C_t) into fresh_rate and c_{t+1} / (1 - C_{t+1}) into rate.
        np.multiply(m, state["beta1"], out=m)
        np.add(m, g, out=m)
        np.multiply(v, state["beta2"], out=v)
        np.multiply(g, g, out=work)
        np.add(v, work, out=v)
        np.multiply(g, state["fresh_rate"], out=g)
        np.multiply(m, state["rate"], out=work)
        np.add(g, work, out=g)
        np.sqrt(v, out=work)
        np.add(work, state["shift"], out=work)
        np.divide(g, work, out=work)
        np.subtract(x, work, out=x)
