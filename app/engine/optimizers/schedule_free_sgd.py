"""Schedule-free gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

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
from app.engine.optimizers.base import Optimizer, add_decay, coupled_decay
from app.engine.optimizers.fields import (
    LEARNING_RATE,
    SCHEDULE_FREE_NOTE,
    AveragingPower,
    AveragingRatePower,
    CoupledDecay,
)
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Rule, coupled


@dataclass(frozen=True, kw_only=True)
class ScheduleFreeSGD(Optimizer):
    """Gradient descent on z, gradients at y between z and its average x: no schedule, and x is the result.

    Rule: g = gradient at y = (1 - momentum) z + momentum x;  g += weight_decay y;
    w = t^averaging_power (largest rate so far)^averaging_rate_power, c = w / sum of all w;
    z -= learning_rate g;  x = (1 - c) x + c z,  t = k + 1

    Source: Defazio et al. 2024, arXiv:2405.15682; as `schedulefree.SGDScheduleFree` 1.4.1.

    Deviation: the loss of a trajectory is the loss at y, where the gradient was taken; its parameters,
    validation losses and values are taken at x. In the last row too the loss is not the value of the trial.
    The warmup comes from the job's schedule and begins at warmup_start_factor; the package's warmup begins
    at 1 / W, and optax has yet another. No schedule can cycle the momentum, which here is a parameter of
    the average.
    """

    kind: ClassVar[str] = "schedule_free_sgd"
    averages: ClassVar[bool] = True
    reference: ClassVar[Reference | None] = Reference(
        module="schedulefree",
        distribution="schedulefree",
        version="1.4.1",
        call=(
            "schedulefree.SGDScheduleFree(parameters, lr=PEAK, momentum={momentum},"
            " weight_decay={weight_decay}, r={averaging_power}, weight_lr_power={averaging_rate_power})"
        ),
        note=SCHEDULE_FREE_NOTE,
        setup="optimizer.train()",
    )

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-3, 10.0), log=True, searched=True)
    ] = 1.0
    momentum: Annotated[
        float, Hyper("share of the average in the point of the gradient", gt=0, lt=1, search=(0.5, 0.98))
    ] = 0.9
    weight_decay: CoupledDecay = 0.0
    averaging_power: AveragingPower = 0.0
    averaging_rate_power: AveragingRatePower = 2.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (*coupled(self.weight_decay), *average_lines("momentum"))
        return Rule(
            lines=lines,
            state=AVERAGING,
            average=average_expression("momentum"),
            training_point=training_expression("momentum"),
        )

    def init(self, x: Array) -> State:
        """Return z at the start and the coefficient columns."""
        return start_average(x, self.momentum) | coupled_decay(self.weight_decay, x)

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in seven passes in place."""
        add_decay(x, g, state, work)
        weight = weight_of(learning_rate, k, state, self.averaging_power, self.averaging_rate_power)
        average(x, g, learning_rate, state, work, weight, self.momentum)

    def evaluation_point(self, x: Array, state: State, out: Array) -> None:
        """Write the average into out."""
        averaged_point(x, state, out)
