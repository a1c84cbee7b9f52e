"""D-Adaptation of gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.adaptation import SkippingOptimizer, column, dots, grown, norms
from app.engine.optimizers.base import add_decay, cast, coupled_decay
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import CoupledDecay, InitialDistance, RateFactor
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Rule, coupled

_SOURCE = '''
class DAdaptSGD(dadaptation.DAdaptSGD):
    """Leaves out updates at a rate of zero, and those before the first gradient that is not zero.

    The package divides by the norm of its first gradient, and by the sum of those that had a rate.
    """

    def step(self, closure=None):
        loss = None if closure is None else closure()
        groups = self.param_groups
        starts = groups[0]["k"] == 0
        gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        is_idle = all(group["lr"] == 0.0 for group in groups)
        if not is_idle and not (starts and not any(g.any() for g in gradients)):
            super().step()
        return loss
'''


@dataclass(frozen=True, kw_only=True)
class DAdaptSGD(SkippingOptimizer):
    """Dual averaging whose rate grows with a lower bound of the distance to the solution.

    Rule: l = d learning_rate / |g_0|;  g += weight_decay x;  n = n + l <g, s>;  s = s + l g;
    d = max(d, 2 n / |s|), from initial_distance;  x = momentum x + (1 - momentum) (x_0 - s)

    Source: Defazio & Mishchenko 2023, arXiv:2301.07733; as `dadaptation.DAdaptSGD` 3.2.

    Deviation: the default momentum is 0.9; the package has 0. Without momentum the rate, which is derived for
    nonsmooth problems, can be too large for curved ones: the quadratic in ten dimensions diverges. |g_0|
    leaves the weight decay out, as in the package. An update at a learning rate of zero is skipped; the
    package divides by zero if the first update has such a rate.
    """

    kind: ClassVar[str] = "dadapt_sgd"
    finds_its_rate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "momentum"
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(always=True),)
    reference: ClassVar[Reference | None] = Reference(
        module="dadaptation",
        distribution="dadaptation",
        version="3.2",
        source=_SOURCE,
        call=(
            "DAdaptSGD(parameters, lr=PEAK, momentum={momentum}, weight_decay={weight_decay},"
            " d0={initial_distance})"
        ),
    )

    learning_rate: RateFactor = 1.0
    momentum: Annotated[
        float, Hyper("share of the old parameters in the new ones", ge=0, lt=1, search=(0.0, 0.95))
    ] = 0.9
    weight_decay: CoupledDecay = 0.0
    initial_distance: InitialDistance = 1e-6

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            "first_norm = where(first_norm == 0.0, sqrt(total(g**2)), first_norm)",
            # A gradient of zero moves nothing, whatever it is divided by.
            "scale = distance * rate / where(first_norm == 0.0, 1.0, first_norm)",
            *coupled(self.weight_decay),
            "numerator = numerator + scale * total(g * s)",
            "s = s + scale * g",
            "norm = sqrt(total(s**2))",
            "estimate = where(norm > 0.0, 2.0 * numerator / where(norm > 0.0, norm, 1.0), distance)",
            "distance = maximum(distance, estimate)",
            "x = momentum * x + (1.0 - momentum) * (start - s)",
        )
        state = {
            "start": "x",
            "s": "zeros_like(x)",
            "distance": "full_like(total(x), initial_distance)",
            "first_norm": "full_like(total(x), 0.0)",
            "numerator": "full_like(total(x), 0.0)",
        }
        return Rule(lines=lines, state=state, is_whole=True, skips_zero_rates=True)

    def init(self, x: Array) -> State:
        """Return the start, empty sums and the first estimate of the distance."""
        momentum = np.asarray(self.momentum)
        return {
            "start": x.copy(),
            "s": np.zeros_like(x),
            "momentum": cast(momentum, x),
            "fresh": cast(1.0 - momentum, x),
            "distance": np.array(self.initial_distance, dtype=np.float64),
            "first_norm": np.zeros_like(momentum),  # zero until there was a gradient
            "numerator": np.zeros_like(momentum),
            "rate": cast(np.zeros_like(momentum), x),
            **coupled_decay(self.weight_decay, x),
        }

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the shares of the old and of the new parameters."""
        super().renew_momentum(before, k, state)
        np.subtract(1.0, self.momentum, out=state["fresh"], casting="same_kind")

    def advance(self, x: Array, g: Array, learning_rate: Column, state: State, work: Array) -> None:
        """Apply the update in eight passes in place, two of them sums."""
        first, distance, numerator = state["first_norm"], state["distance"], state["numerator"]
        s, rate = state["s"], state["rate"]
        # In the names of the rule: first is |g_0|, scale l, distance d, numerator n; `fresh` is 1 - momentum.
        if not first.all():
            np.copyto(first, column(norms(g), first), where=first == 0.0)
        scale = distance * learning_rate / np.where(first == 0.0, np.inf, first)
        add_decay(x, g, state, work)
        np.add(numerator, scale * dots(g, s, scale), out=numerator)
        np.copyto(rate, scale, casting="same_kind")
        np.multiply(g, rate, out=work)
        np.add(s, work, out=s)
        distance[...] = grown(distance, 2.0 * numerator, column(norms(s), distance))
        np.subtract(state["start"], s, out=work)
        np.multiply(work, state["fresh"], out=work)
        np.multiply(x, state["momentum"], out=x)
        np.add(x, work, out=x)
