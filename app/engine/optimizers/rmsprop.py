"""RMSProp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates
from app.engine.optimizers.fields import AdaptiveRate, CoupledDecay, Eps
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class RMSProp(Optimizer):
    """The gradient over the root of a moving average of its square.

    Rule: g += weight_decay x;  v = alpha v + (1 - alpha) g^2;  plain: u = g / (sqrt(v) + eps);
    centered: a = alpha a + (1 - alpha) g, u = g / (sqrt(v - a^2) + eps);
    x -= learning_rate u, or with momentum b = momentum b + u; x -= learning_rate b

    Source: Tieleman & Hinton 2012, Coursera lecture 6.5; centered: Graves 2013, arXiv:1308.0850;
    as `torch.optim.RMSprop`.

    Deviation: optax and Keras put eps inside the root and the rate inside the momentum; Keras decouples the
    weight decay. If rounding makes v - a^2 negative, the variance counts as zero; PyTorch gives nan.
    """

    kind: ClassVar[str] = "rmsprop"
    normalises: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "momentum"
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.RMSprop(parameters, lr=PEAK, alpha={alpha}, eps={eps},"
            " weight_decay={weight_decay}, momentum={momentum}, centered={centered})"
        )
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(
            framework="optax",
            call="optax.rmsprop(schedule, decay={alpha}, eps={eps}, eps_in_sqrt=False)",
            suits=lambda rmsprop: not rmsprop.centered and rmsprop.momentum == 0.0,
        ),
    )

    learning_rate: AdaptiveRate = 1e-2
    alpha: Annotated[float, Hyper("decay of the mean squared gradient", ge=0, lt=1, search=(0.9, 0.999))] = (
        0.99
    )
    eps: Eps = 1e-8
    weight_decay: CoupledDecay = 0.0
    momentum: Annotated[
        float, Hyper("decay of the summed updates; 0 for none", ge=0, lt=1, search=(0.0, 0.95))
    ] = 0.0
    centered: Annotated[
        bool, Hyper("divide by the standard deviation, not the root mean square", choices=(False, True))
    ] = False

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay, a momentum and centring."""
        return (self.weight_decay != 0.0, self.momentum != 0.0, bool(self.centered))

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        state = {"v": "zeros_like(x)"}
        lines = [*coupled(self.weight_decay), "v = alpha * v + (1.0 - alpha) * g**2"]
        root = "sqrt(v)"
        if self.centered:
            state["a"] = "zeros_like(x)"
            lines.append("a = alpha * a + (1.0 - alpha) * g")
            root = "sqrt(maximum(v - a**2, 0.0))"
        lines.append(f"u = g / ({root} + eps)")
        if self.momentum:
            state["b"] = "zeros_like(x)"
            lines += ["b = momentum * b + u", "u = b"]
        return Rule(lines=(*lines, "x = x - rate * u"), state=state)

    def init(self, x: Array) -> State:
        """Return zero sums and the coefficient columns.

        The state holds V = v / (1 - alpha) and A = a / (1 - alpha), which saves passes. The missing factors
        go into the rate and eps, which are columns.
        """
        alpha = np.asarray(self.alpha)
        root = np.sqrt(1.0 - alpha)
        state = {
            "v": np.zeros_like(x),
            "alpha": cast(alpha, x),
            "shift": cast(np.asarray(self.eps) / root, x),
            "scale": 1.0 / root,
            "rate": cast(np.zeros_like(alpha), x),
            **coupled_decay(self.weight_decay, x),
        }
        if np.any(self.momentum):
            state["b"] = np.zeros_like(x)
            state["momentum"] = cast(self.momentum, x)
        if np.any(self.centered):
            state["a"] = np.zeros_like(x)
            state["fresh"] = cast(1.0 - alpha, x)
        return state

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates divided by sqrt(1 - alpha), the factor that V leaves out of the root."""
        return planned_rates(learning_rates * state["scale"], state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in eight passes in place; two more with momentum, six more when centred."""
        add_decay(x, g, state, work)
        v, rate = state["v"], state["rate"]
        # In the names of the rule, with V = v / (1 - alpha) and A = a / (1 - alpha):
        # V = alpha V + g^2;  u = g / (sqrt(V) + shift), centred g / (sqrt(V - (1 - alpha) A^2) + shift);
        # x -= rate u;  rate = learning_rate / sqrt(1 - alpha), shift = eps / sqrt(1 - alpha).
        np.multiply(v, state["alpha"], out=v)
        np.multiply(g, g, out=work)
        np.add(v, work, out=v)
        if "a" in state:
            _variance(g, state, work)
            np.sqrt(work, out=work)
        else:
            np.sqrt(v, out=work)
        np.add(work, state["shift"], out=work)
        np.divide(g, work, out=g)
        if "b" in state:
            b = state["b"]
            np.multiply(b, state["momentum"], out=b)
            np.add(b, g, out=b)
            g = b
        np.multiply(g, rate, out=work)
        np.subtract(x, work, out=x)


def _variance(g: Array, state: State, out: Array) -> None:
    """Write the variance of the gradient over 1 - alpha, V - (1 - alpha) A^2, at least zero, into out."""
    a = state["a"]
    np.multiply(a, state["alpha"], out=a)
    np.add(a, g, out=a)
    np.multiply(a, a, out=out)
    np.multiply(out, state["fresh"], out=out)
    np.subtract(state["v"], out, out=out)
    np.maximum(out, 0, out=out)
