"""DoG, distance over gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.adaptation import column, dots, norms
from app.engine.optimizers.base import Optimizer, add_decay, cast, coupled_decay
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import CoupledDecay, RateFactor
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Rule, coupled


@dataclass(frozen=True, kw_only=True)
class DoG(Optimizer):
    """Gradient descent whose rate is the farthest distance from the start over the root of all squares.

    Rule: g += weight_decay x;  r = max over i <= k of |x_i - x_0|, at least initial_distance (1 + |x_0|);
    G = G + |g|^2, from eps;  x -= learning_rate r / sqrt(G) g

    Source: Ivgi, Hinder & Carmon 2023, arXiv:2302.12022; as `dog.DoG` of the package dog-optimizer 1.0.3,
    which optax.contrib.dog equals.

    Deviation: the paper asks for an average of the iterates; as in the package's optimizer the last iterate
    is the result, and a decaying schedule may stand in for the average. The norms are those of all
    parameters together, not of each tensor (L-DoG).
    The export to optax contains the rule: the state of optax.contrib.dog shares memory with the parameters,
    and a jitted update cannot donate both.
    """

    kind: ClassVar[str] = "dog"
    finds_its_rate: ClassVar[bool] = True
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(always=True),)
    reference: ClassVar[Reference | None] = Reference(
        module="dog",
        distribution="dog-optimizer",
        version="1.0.3",
        call=(
            "dog.DoG(parameters, lr=PEAK, reps_rel={initial_distance}, eps={eps},"
            " weight_decay={weight_decay})"
        ),
        attributes=("_first_step",),
    )
    learning_rate: RateFactor = 1.0
    initial_distance: Annotated[
        float,
        Hyper("first distance, in units of 1 + |x_0|", gt=0, le=1e3, search=(1e-6, 1e-1), log=True),
    ] = 1e-6
    eps: Annotated[
        float, Hyper("initial value of the sum of squared norms", gt=0, le=1, search=(1e-10, 1e-4), log=True)
    ] = 1e-8
    weight_decay: CoupledDecay = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay."""
        return (self.weight_decay != 0.0,)

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        lines = (
            *coupled(self.weight_decay),
            "distance = maximum(distance, sqrt(total((x - start) ** 2)))",
            "squares = squares + total(g**2)",
            "x = x - rate * distance / sqrt(squares) * g",
        )
        state = {
            "start": "x",
            "distance": "initial_distance * (1.0 + sqrt(total(x**2)))",
            "squares": "full_like(total(x), eps)",
        }
        return Rule(lines=lines, state=state, is_whole=True)

    def init(self, x: Array) -> State:
        """Return the start, the first distance and an empty sum."""
        first = np.asarray(self.initial_distance)
        return {
            "start": x.copy(),
            "distance": first * (1.0 + column(norms(x), first)),
            "squares": np.array(self.eps, dtype=np.float64),
            "rate": cast(np.zeros_like(first), x),
            **coupled_decay(self.weight_decay, x),
        }

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the update in five passes in place, two of them sums."""
        add_decay(x, g, state, work)
        distance, squares, rate = state["distance"], state["squares"], state["rate"]
        # In the names of the rule: distance is r, squares is G;  x -= learning_rate r / sqrt(G) g.
        np.subtract(x, state["start"], out=work)
        np.maximum(distance, column(norms(work), distance), out=distance)
        np.add(squares, dots(g, g, squares), out=squares)
        np.divide(learning_rate * distance, np.sqrt(squares), out=rate, casting="same_kind")
        np.multiply(g, rate, out=work)
        np.subtract(x, work, out=x)
