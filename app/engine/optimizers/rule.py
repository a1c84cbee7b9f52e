"""An optimizer's update as source, for frameworks that have no implementation that equals it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One update of one tensor as Python statements, which NumPy, JAX and Keras run alike.

    They read x (the parameters), g (the gradient, clipped), rate (the learning rate of the update), k (its
    number, from 0), t = k + 1, every hyperparameter and every state by its name; they may call functions of
    NumPy that all of them have, and `total`, the sum; and they assign x and the states anew.

    state: names to expressions of the value before the first update. is_whole: x is the whole model as one
    vector, since the update needs sums over all of it. skips_zero_rates: an update at a rate of zero leaves
    everything as it was. average: where the run is measured, an expression of x and the states; None for x.
    """

    lines: tuple[str, ...]
    state: dict[str, str]
    is_whole: bool = False
    skips_zero_rates: bool = False
    average: str | None = None


@dataclass(frozen=True, kw_only=True)
class Native:
    """A framework's own implementation: an expression of `schedule`, {name} for hyperparameters.

    suits: whether it equals the optimizer with these hyperparameters. decays: whether the call takes the
    weight decay; where not, it is coupled. note: by how little it differs, for whoever reads the export.
    """

    framework: Literal["keras", "optax"]
    call: str
    suits: Callable[[Any], bool] = lambda optimizer: True  # Any: an instance of the kind's own class
    decays: bool = False
    note: str = ""


def coupled(weight_decay: float) -> tuple[str, ...]:
    """The line that adds the gradient of the l2 penalty, where there is one."""
    return ("g = g + weight_decay * x",) if weight_decay else ()


def decoupled(weight_decay: float) -> tuple[str, ...]:
    """The line that shrinks the parameters by rate * weight_decay, where that is not zero."""
    return ("x = x - rate * weight_decay * x",) if weight_decay else ()


CORRECTION = "sqrt(1.0 - beta2 ** (updates + 1.0)) / (1.0 - beta1 ** (updates + 1.0))"
MOMENTS = {"m": "zeros_like(x)", "v": "zeros_like(x)"}
GATHER = ("m = beta1 * m + (1.0 - beta1) * g", "v = beta2 * v + (1.0 - beta2) * g**2")
ADAM_STEP = "x = x - rate * (m / (1.0 - beta1**t)) / (sqrt(v / (1.0 - beta2**t)) + eps)"
KERAS_EPS = (
    "Keras scales eps by the correction of the bias, PyTorch and the search did not: the updates agree"
    " wherever gradients are much larger than eps."
)
