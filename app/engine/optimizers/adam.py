"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import EPS, LEARNING_RATE, WEIGHT_DECAY, Optimizer, add_decay, cast


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Moving averages of the gradient and its square, both corrected for their start at zero.

    Rule: g += weight_decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
    x -= learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps),  t = k + 1

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1; as `torch.optim.Adam`.

    Deviation: Keras and the paper's faster form fold the corrections into the rate, which scales eps.
    """

    kind: ClassVar[str] = "adam"

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-4, 1e-1), log=True, searched=True)
    ] = 1e-3
    beta1: Annotated[float, Hyper("decay of the mean gradient", ge=0, lt=1, search=(0.8, 0.99))] = 0.9
    beta2: Annotated[float, Hyper("decay of the mean squared gradient", ge=0, lt=1, search=(0.9, 0.9999))] = (
        0.999
    )
    eps: Annotated[float, Hyper(EPS, ge=0, le=1, search=(1e-10, 1e-4), log=True)] = 1e-8
    weight_decay: Annotated[float, Hyper(WEIGHT_DECAY, ge=0, le=10, search=(1e-6, 1e-2), log=True)] = 0.0

    def variant(self) -> tuple[bool, ...]:
        """With or without weight decay."""
        return (self.weight_decay != 0.0,)

    def init(self, x: Array) -> State:
        """Zero sums, and the coefficients.

        The state holds m / (1 - beta1) and v / (1 - beta2): that saves two passes an update, and the
        missing factors go into the rate and eps, which are columns.
        """
        beta1, beta2 = np.asarray(self.beta1), np.asarray(self.beta2)
        root = np.sqrt(1.0 - beta2)
        state = {
            "m": np.zeros_like(x),
            "v": np.zeros_like(x),
            "beta1": cast(beta1, x),
            "beta2": cast(beta2, x),
            "power1": np.ones_like(beta1),
            "power2": np.ones_like(beta2),
            "scale": (1.0 - beta1) / root,
            "eps": np.asarray(self.eps) / root,
            "rate": cast(np.zeros_like(beta1), x),
            "shift": cast(np.zeros_like(beta2), x),
        }
        if np.any(self.weight_decay):
            state["weight_decay"] = cast(self.weight_decay, x)
        return state

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Ten passes in place; both bias corrections are columns."""
        add_decay(x, g, state, work)
        m, v = state["m"], state["v"]
        rate, shift = self._corrected(learning_rate, state)
        np.multiply(m, state["beta1"], out=m)
        np.add(m, g, out=m)
        np.multiply(g, g, out=g)
        np.multiply(v, state["beta2"], out=v)
        np.add(v, g, out=v)
        np.sqrt(v, out=work)
        np.add(work, shift, out=work)
        np.divide(m, work, out=work)
        np.multiply(work, rate, out=work)
        np.subtract(x, work, out=x)

    def _corrected(self, learning_rate: Column, state: State) -> tuple[Array, Array]:
        """The rate and eps of this update, which undo the bias and the scale of both sums."""
        power1, power2, rate, shift = state["power1"], state["power2"], state["rate"], state["shift"]
        np.multiply(power1, self.beta1, out=power1)
        np.multiply(power2, self.beta2, out=power2)
        root = np.sqrt(1.0 - power2)
        factor = learning_rate * state["scale"]
        np.multiply(factor, root, out=factor)
        np.divide(factor, 1.0 - power1, out=rate, casting="same_kind")
        np.multiply(state["eps"], root, out=shift, casting="same_kind")
        return rate, shift
