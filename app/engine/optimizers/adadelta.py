"""Adadelta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates
from app.engine.optimizers.fields import LEARNING_RATE, CoupledDecay
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class Adadelta(Optimizer):
    """The gradient in units of the parameters, scaled by the root mean squares of past steps and gradients.

    Rule: g += weight_decay x;  v = rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;
    u = rho u + (1 - rho) d^2;  x -= learning_rate d

    Source: Zeiler 2012, arXiv:1212.5701, Algorithm 1; as `torch.optim.Adadelta`.

    Deviation: the step is scaled by u of the update before; texts that use u of the same update define u by
    itself. eps stands inside both roots, as in every reference. The default learning rate is the paper's 1;
    that of Keras, 0.001, hardly moves. Keras decouples the weight decay.
    """

    kind: ClassVar[str] = "adadelta"
    normalises: ClassVar[bool] = True
    reference: ClassVar[Reference | None] = Reference(
        call="torch.optim.Adadelta(parameters, lr=PEAK, rho={rho}, eps={eps}, weight_decay={weight_decay})"
    )
    natives: ClassVar[tuple[Native, ...]] = (
        Native(framework="optax", call="optax.adadelta(schedule, rho={rho}, eps={eps})"),
        Native(framework="keras", call="keras.optimizers.Adadelta(schedule, rho={rho}, epsilon={eps})"),
    )

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-2, 1e2), log=True, searched=True)
    ] = 1.0
    rho: Annotated[float, Hyper("decay of both mean squares", ge=0, lt=1, search=(0.8, 0.99))] = 0.9
    eps: Annotated[
        float,
        Hyper(
            "added inside both roots; it sets the size of the first step",
            gt=0,
            le=1,
            search=(1e-8, 1e-2),
            log=True,
        ),
    ] = 1e-6
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *coupled(self.weight_decay),
            "v = rho * v + (1.0 - rho) * g**2",
            "d = sqrt(u + eps) / sqrt(v + eps) * g",
            "u = rho * u + (1.0 - rho) * d**2",
            "x = x - rate * d",
        )
        return Rule(lines=lines, state={"u": "zeros_like(x)", "v": "zeros_like(x)"})

    def init(self, x: Array) -> State:
        """Return zero averages and the coefficient columns.

        The state holds V = v / (1 - rho) and U = u / (1 - rho), which saves two passes. The quotient of the
        roots is the same with eps / (1 - rho) in both.
        """
        fresh = 1.0 - np.asarray(self.rho)
        return {
            "v": np.zeros_like(x),
            "u": np.zeros_like(x),
            "rho": cast(self.rho, x),
            "eps": cast(np.asarray(self.eps) / fresh, x),
            "rate": cast(np.zeros_like(fresh), x),
            **coupled_decay(self.weight_decay, x),
        }

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates of the updates."""
        return planned_rates(learning_rates, state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in thirteen passes in place."""
        add_decay(x, g, state, work)
        v, u, rho, eps, rate = state["v"], state["u"], state["rho"], state["eps"], state["rate"]
        # In the names of the paper, with V = v / (1 - rho), U = u / (1 - rho) and e = eps / (1 - rho):
        # V = rho V + g^2;  d = sqrt(U + e) / sqrt(V + e) g;  U = rho U + d^2;  x -= rate d.
        np.multiply(v, rho, out=v)
        np.multiply(g, g, out=work)
        np.add(v, work, out=v)
        np.add(v, eps, out=work)
        np.divide(g, work, out=g)
        np.sqrt(work, out=work)
        np.multiply(g, work, out=g)
        np.add(u, eps, out=work)
        np.sqrt(work, out=work)
        np.multiply(g, work, out=g)
        np.multiply(g, g, out=work)
        np.multiply(u, rho, out=u)
        np.add(u, work, out=u)
        np.multiply(g, rate, out=g)
        np.subtract(x, g, out=x)
