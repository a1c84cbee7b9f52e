"""RAdam."""

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
from app.engine.optimizers.fields import AdaptiveRate, Beta1, Beta2, EitherDecay, Eps
from app.engine.optimizers.moments import gather, renew_moments, start_moments
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import GATHER, MOMENTS, Rule, coupled, decoupled

_MIN_LENGTH = 5.0  # length p of the average above which the variance of the step is corrected


@dataclass(frozen=True, kw_only=True)
class RAdam(Optimizer):
    """Adam whose steps are damped while the mean square averages few gradients: a built-in warmup.

    Rule: g += weight_decay x, or x -= learning_rate weight_decay x where it is decoupled;  m and v as in
    Adam;  R = 2 / (1 - beta2) - 1;  p = R - 2 t beta2^t / (1 - beta2^t);  where p > 5:
    r = sqrt((p - 4) (p - 2) R / ((R - 4) (R - 2) p)),
    x -= learning_rate r (m / (1 - beta1^t)) sqrt(1 - beta2^t) / (sqrt(v) + eps);
    else x -= learning_rate m / (1 - beta1^t),  t = k + 1

    Source: Liu et al. 2020, arXiv:1908.03265, Algorithm 2; as `torch.optim.RAdam`.

    Deviation: the paper divides where p > 4, PyTorch where p > 5, optax where p >= 5. PyTorch adds eps to
    sqrt(v), before the correction of its bias, optax after it.
    """

    kind: ClassVar[str] = "radam"
    normalises: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.RAdam(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay}, decoupled_weight_decay={decoupled_weight_decay})"
        )
    )

    learning_rate: AdaptiveRate = 1e-3
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    weight_decay: EitherDecay = 0.0
    decoupled_weight_decay: Annotated[
        bool, Hyper("decouple the weight decay from the gradient, as AdamW does", choices=(False, True))
    ] = False

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay, and whether the decay is decoupled."""
        return (self.weight_decay != 0.0, self.weight_decay != 0.0 and bool(self.decoupled_weight_decay))

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        decay = decoupled if self.decoupled_weight_decay else coupled
        lines = [*decay(self.weight_decay), *GATHER]
        longest = 2.0 / (1.0 - self.beta2) - 1.0
        if longest > _MIN_LENGTH:
            scale = longest / ((longest - 4.0) * (longest - 2.0))
            lines += [
                f"p = {longest!r} - 2.0 * t * beta2**t / (1.0 - beta2**t)",
                f"r = sqrt(maximum((p - 4.0) * (p - 2.0) * {scale!r} / p * (1.0 - beta2**t), 0.0))",
                f"m_scaled = m * where(p > {_MIN_LENGTH}, r / (sqrt(v) + eps), 1.0)",
                "x = x - rate * m_scaled / (1.0 - beta1**t)",
            ]
        else:  # the average never gets long enough to divide by its root
            lines.append("x = x - rate * m / (1.0 - beta1**t)")
        return Rule(lines=tuple(lines), state=MOMENTS)

    def init(self, x: Array) -> State:
        """Return zero sums M and V as Adam's, and the coefficient columns."""
        decay = decoupled_decay if np.all(self.decoupled_weight_decay) else coupled_decay
        state = start_moments(x, self.beta1, self.beta2, self.eps) | decay(self.weight_decay, x)
        # eps is not corrected.
        return state | {"shift": cast(state["eps"], x), "is_short": np.zeros_like(np.asarray(self.beta1))}

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the coefficients of the mean gradient."""
        renew_moments(state, self.beta1, self.beta2, before, k)

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the rates, and, as ones among zeros, which rows average too few gradients to divide."""
        steps = len(learning_rates)
        updates = k + np.arange(steps)[:, np.newaxis, np.newaxis]
        power1 = running(state["power1"], self.beta1, steps)
        power2 = running(state["power2"], self.beta2, steps)
        longest = 2.0 / (1.0 - np.asarray(self.beta2)) - 1.0
        length = longest - 2.0 * (updates + 1) * power2 / (1.0 - power2)
        is_short = length <= _MIN_LENGTH
        ratio = (length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)
        divided = np.sqrt(np.where(is_short, 0.0, ratio * (1.0 - power2))) * state["scale"]
        plain = 1.0 - np.asarray(self.beta1)
        factors = np.where(is_short, plain, divided)
        plan = planned_rates(learning_rates, state)
        plan["rate"] = cast(learning_rates * factors / (1.0 - power1), state["rate"])
        plan["is_short"] = is_short.astype(np.float64)
        return plan

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in eleven passes in place."""
        shrink(x, state)
        add_decay(x, g, state, work)
        # As in `adam.py`, with M = m / (1 - beta1) and V = v / (1 - beta2):
        # x -= rate M / (sqrt(V) + shift) where p > 5, else x -= rate M;  shift = eps / sqrt(1 - beta2).
        # `plan` has put r, the bias corrections and the factors of M and V into the rate.
        gather(g, state)
        np.sqrt(state["v"], out=work)
        np.add(work, state["shift"], out=work)
        is_short = state["is_short"] > 0.0
        if is_short.any():
            np.copyto(work, 1, where=is_short)
        np.divide(state["m"], work, out=work)
        np.multiply(work, state["rate"], out=work)
        np.subtract(x, work, out=x)
