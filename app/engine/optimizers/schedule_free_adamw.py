"""Schedule-free AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.averaging import (
    AVERAGING,
    average,
    average_expression,
    average_lines,
    averaged_point,
    start_average,
    training_expression,
    weight_of,
)
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay
from app.engine.optimizers.fields import (
    LEARNING_RATE,
    SCHEDULE_FREE_NOTE,
    AveragingPower,
    AveragingRatePower,
    Beta2,
    Eps,
)
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Rule, coupled


@dataclass(frozen=True, kw_only=True)
class ScheduleFreeAdamW(Optimizer):
    """Schedule-free descent with Adam's scaled gradients: the average of the steps is the result.

    Rule: g = gradient at y = (1 - beta1) z + beta1 x;  v = beta2 v + (1 - beta2) g^2;
    u = g / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y;
    w = t^averaging_power (largest rate so far)^averaging_rate_power, c = w / sum of all w;
    z -= learning_rate u;  x = (1 - c) x + c z,  t = k + 1

    Source: Defazio et al. 2024, arXiv:2405.15682; as `schedulefree.AdamWScheduleFree` 1.4.1.

    Deviation: the loss of a trajectory is the loss at y, where the gradient was taken; its parameters,
    validation losses and values are taken at x. In the last row too the loss is not the value of the trial.
    The weight decay acts on y, as in the package. The warmup comes from the job's schedule; the package and
    optax have other warmups. No schedule can cycle beta1, which here is a parameter of the average.
    """

    kind: ClassVar[str] = "schedule_free_adamw"
    normalises: ClassVar[bool] = True
    averages: ClassVar[bool] = True
    reference: ClassVar[Reference | None] = Reference(
        module="schedulefree",
        distribution="schedulefree",
        version="1.4.1",
        call=(
            "schedulefree.AdamWScheduleFree(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay}, r={averaging_power}, weight_lr_power={averaging_rate_power})"
        ),
        note=SCHEDULE_FREE_NOTE,
        setup="optimizer.train()",
    )

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-4, 1e-1), log=True, searched=True)
    ] = 2.5e-3
    beta1: Annotated[
        float, Hyper("share of the average in the point of the gradient", gt=0, lt=1, search=(0.5, 0.98))
    ] = 0.9
    beta2: Beta2 = 0.999
    eps: Eps = 1e-8
    weight_decay: Annotated[
        float,
        Hyper(
            "l2 penalty, added to the scaled gradient (decoupled)",
            ge=0,
            le=10,
            search=(1e-4, 1.0),
            log=True,
            regularises=True,
        ),
    ] = 0.0
    averaging_power: AveragingPower = 0.0
    averaging_rate_power: AveragingRatePower = 2.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            "v = beta2 * v + (1.0 - beta2) * g**2",
            "g = g / (sqrt(v / (1.0 - beta2**t)) + eps)",
            *coupled(self.weight_decay),
            *average_lines("beta1"),
        )
        state = AVERAGING | {"v": "zeros_like(x)"}
        return Rule(
            lines=lines,
            state=state,
            average=average_expression("beta1"),
            training_point=training_expression("beta1"),
        )

    def init(self, x: Array) -> State:
        """Return z at the start, a zero sum V = v / (1 - beta2), and the coefficient columns."""
        beta2 = np.asarray(self.beta2)
        root = np.sqrt(1.0 - beta2)
        return {
            **start_average(x, self.beta1),
            **coupled_decay(self.weight_decay, x),
            "v": np.zeros_like(x),
            "beta2": cast(beta2, x),
            "power2": np.ones_like(beta2),
            "root": root,
            "factor": cast(np.zeros_like(beta2), x),
            "shift": cast(np.zeros_like(beta2), x),
        }

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in fourteen passes in place."""
        v, power2, factor, shift = state["v"], state["power2"], state["factor"], state["shift"]
        # In the names of the rule, with V = v / (1 - beta2) and factor = sqrt(1 - beta2^t) / sqrt(1 - beta2):
        # V = beta2 V + g^2;  u = factor g / (sqrt(V) + factor eps) + weight_decay y; then the average.
        np.multiply(power2, self.beta2, out=power2)
        np.divide(np.sqrt(1.0 - power2), state["root"], out=factor, casting="same_kind")
        np.multiply(factor, self.eps, out=shift, casting="same_kind")
        np.multiply(v, state["beta2"], out=v)
        np.multiply(g, g, out=work)
        np.add(v, work, out=v)
        np.sqrt(v, out=work)
        np.add(work, shift, out=work)
        np.divide(g, work, out=g)
        np.multiply(g, factor, out=g)
        add_decay(x, g, state, work)
        weight = weight_of(learning_rate, k, state, self.averaging_power, self.averaging_rate_power)
        average(x, g, learning_rate, state, work, weight, self.beta1)

    def evaluation_point(self, x: Array, state: State, out: Array) -> None:
        """Write the average into out."""
        averaged_point(x, state, out)
