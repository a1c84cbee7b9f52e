"""LFM, learning-rate-free momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.adaptation import column, dots, norms
from app.engine.optimizers.base import Optimizer, cast
from app.engine.optimizers.fields import RateFactor
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Rule

_SOURCE = '''
class LFM(torch.optim.Optimizer):
    """Learning-rate-free momentum: the rate is the farthest distance over the root of all squared means."""

    def __init__(self, params, lr=1.0, momentum=0.9, eps=1e-6):
        # A group's entries are part of state_dict() and of a copy; other attributes are not.
        super().__init__(params, dict(lr=lr, momentum=momentum, eps=eps, distance=0.0, squares=0.0))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        tensors = [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        for p, _ in tensors:
            if not self.state[p]:
                self.state[p]["start"], self.state[p]["mean"] = p.clone(), torch.zeros_like(p)
        whole = self.param_groups[0]  # whose entries describe the whole model
        away = sum(float(((p - self.state[p]["start"]) ** 2).sum()) for p, _ in tensors) ** 0.5
        distance = whole["distance"] = max(whole["distance"], away)
        rate = distance / (whole["eps"] + whole["squares"]) ** 0.5 if distance > 0.0 else whole["eps"]
        for p, group in tensors:
            mean = self.state[p]["mean"]
            mean.mul_(group["momentum"]).add_(p.grad, alpha=1.0 - group["momentum"])
            whole["squares"] += float((mean**2).sum())
            p.add_(mean, alpha=-group["lr"] * rate)
        return loss
'''


@dataclass(frozen=True, kw_only=True)
class LFM(Optimizer):
    """Momentum whose rate is the farthest distance from the start over the root of all squared means.

    Rule: r = max over i <= k of |x_i - x_0|;  e = r / sqrt(eps + M), or eps while r = 0;
    m = momentum m + (1 - momentum) g;  M = M + |m|^2, after e was taken;  x -= learning_rate e m

    Source: Hu, Xiao, Liu & Toh 2024, Learning-rate-free momentum SGD, arXiv:2406.18287, as re-implemented
    for arXiv:2503.15878 (lfmsgd.cpp).

    Deviation: the rule follows that public re-implementation; the text of its paper was not at hand. The
    re-implementation also keeps r within the box of its problems; problems here have no box.
    """

    kind: ClassVar[str] = "lfm"
    finds_its_rate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "momentum"
    reference: ClassVar[Reference | None] = Reference(
        call="LFM(parameters, lr=PEAK, momentum={momentum}, eps={eps})",
        source=_SOURCE,
        no_parity="no package has LFM: the class is written here, and the tests compare with the formula",
    )

    learning_rate: RateFactor = 1.0
    momentum: Annotated[float, Hyper("decay of the mean gradient", ge=0, lt=1, search=(0.5, 0.99))] = 0.9
    eps: Annotated[
        float,
        Hyper(
            "the first rate, and added to the sum of squared norms", gt=0, le=1, search=(1e-8, 1e-2), log=True
        ),
    ] = 1e-6

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            "distance = maximum(distance, sqrt(total((x - start) ** 2)))",
            "adapted = where(distance > 0.0, distance / sqrt(squares), eps)",
            "m = momentum * m + (1.0 - momentum) * g",
            "squares = squares + total(m**2)",
            "x = x - rate * adapted * m",
        )
        state = {
            "start": "x",
            "m": "zeros_like(x)",
            "distance": "full_like(total(x), 0.0)",
            "squares": "full_like(total(x), eps)",
        }
        return Rule(lines=lines, state=state, is_whole=True)

    def init(self, x: Array) -> State:
        """Return the start, a zero mean and an empty sum."""
        momentum = np.asarray(self.momentum)
        return {
            "start": x.copy(),
            "m": np.zeros_like(x),
            "momentum": cast(momentum, x),
            "fresh": cast(1.0 - momentum, x),
            "distance": np.zeros_like(momentum),
            "squares": np.array(self.eps, dtype=np.float64),
            "rate": cast(np.zeros_like(momentum), x),
        }

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute both coefficients of the mean gradient."""
        super().renew_momentum(before, k, state)
        np.subtract(1.0, self.momentum, out=state["fresh"], casting="same_kind")

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in eight passes in place, two of them sums."""
        m, distance, squares, rate = state["m"], state["distance"], state["squares"], state["rate"]
        # In the names of the rule: distance is r, squares eps + M, adapted e; `fresh` is 1 - momentum.
        np.subtract(x, state["start"], out=work)
        np.maximum(distance, column(norms(work), distance), out=distance)
        adapted = np.where(distance > 0.0, distance / np.sqrt(squares), self.eps)
        np.multiply(learning_rate, adapted, out=rate, casting="same_kind")
        np.multiply(m, state["momentum"], out=m)
        np.multiply(g, state["fresh"], out=g)
        np.add(m, g, out=m)
        np.add(squares, dots(m, m, squares), out=squares)
        np.multiply(m, rate, out=work)
        np.subtract(x, work, out=x)
