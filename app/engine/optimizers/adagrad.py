"""AdaGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay, planned_rates
from app.engine.optimizers.fields import CoupledDecay, DescentRate, Eps
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Rule, coupled


@dataclass(frozen=True, kw_only=True)
class AdaGrad(Optimizer):
    """The gradient over the root of the sum of all squares so far: rare features keep large steps.

    Rule: g += weight_decay x;  a = a + g^2, from initial_accumulator;
    x -= learning_rate / (1 + k learning_rate_decay) g / (sqrt(a) + eps)

    Source: Duchi, Hazan & Singer 2011, JMLR 12, 2121-2159; as `torch.optim.Adagrad`.

    Deviation: optax and Keras put eps inside the root, start the sum at 0.1 and have no
    learning_rate_decay; where the sum is 0 optax does not move. Keras decouples the weight decay. The sum
    only grows, so that the step only shrinks.
    """

    kind: ClassVar[str] = "adagrad"
    normalises: ClassVar[bool] = True
    reference: ClassVar[Reference | None] = Reference(
        call=(
            "torch.optim.Adagrad(parameters, lr=PEAK, lr_decay={learning_rate_decay},"
            " weight_decay={weight_decay}, initial_accumulator_value={initial_accumulator}, eps={eps})"
        )
    )

    learning_rate: DescentRate = 1e-2
    learning_rate_decay: Annotated[
        float,
        Hyper(
            "additional decay of the rate, as 1 / (1 + k decay)", ge=0, le=1, search=(1e-5, 1e-1), log=True
        ),
    ] = 0.0
    weight_decay: CoupledDecay = 0.0
    initial_accumulator: Annotated[
        float, Hyper("initial value of the sum of squares", ge=0, le=1e6, search=(1e-6, 1.0), log=True)
    ] = 0.0
    eps: Eps = 1e-10

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay and a decay of the rate."""
        return (self.weight_decay != 0.0, self.learning_rate_decay != 0.0)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        rate_decay = "rate = rate / (1.0 + k * learning_rate_decay)"
        lines = (
            *coupled(self.weight_decay),
            *((rate_decay,) if self.learning_rate_decay else ()),
            "a = a + g**2",
            "x = x - rate * g / (sqrt(a) + eps)",
        )
        return Rule(lines=lines, state={"a": "full_like(x, initial_accumulator)"})

    def init(self, x: Array) -> State:
        """Return the initial sum and the coefficient columns."""
        state = {
            "a": np.zeros_like(x) + cast(self.initial_accumulator, x),
            "eps": cast(self.eps, x),
            "rate": cast(np.zeros_like(self.learning_rate), x),
            **coupled_decay(self.weight_decay, x),
        }
        if np.any(self.learning_rate_decay):
            state["rate_decay"] = np.array(self.learning_rate_decay, dtype=np.float64)
        return state

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the learning rates of the updates, divided by 1 + k learning_rate_decay."""
        if "rate_decay" in state:
            updates = k + np.arange(len(learning_rates))[:, np.newaxis, np.newaxis]
            learning_rates = learning_rates / (1.0 + updates * state["rate_decay"])
        return planned_rates(learning_rates, state)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in seven passes in place."""
        add_decay(x, g, state, work)
        a, rate = state["a"], state["rate"]
        # a = a + g^2;  x -= rate g / (sqrt(a) + eps), with the rate that `plan` has decayed.
        np.multiply(g, g, out=work)
        np.add(a, work, out=a)
        np.sqrt(a, out=work)
        np.add(work, state["eps"], out=work)
        np.divide(g, work, out=work)
        np.multiply(work, rate, out=work)
        np.subtract(x, work, out=x)
