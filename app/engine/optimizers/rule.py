"""An optimizer's update as source, for frameworks without an equal implementation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One update of one tensor as Python statements that NumPy, JAX and Keras run alike.

    The statements read x (the parameters), g (the gradient, clipped), rate (the learning rate of the update),
    k (the number of the update, from 0), t = k + 1, every hyperparameter and every state by its name. They
    may call functions of NumPy that all frameworks have, and `total`, the sum. They assign x and the states
    anew.

    state: names to expressions of the value before the first update. is_whole: x is the whole model as one
    vector, since the update needs sums over all parameters. skips_zero_rates: an update at a rate of zero
    changes nothing.
    average: the point of measurement, an expression of x and the states; None for x. training_point: its
    inverse, an expression of the states and of x, which here is the average.
    """

    lines: tuple[str, ...]
    state: dict[str, str]
    is_whole: bool = False
    skips_zero_rates: bool = False
    average: str | None = None
    training_point: str | None = None


@dataclass(frozen=True, kw_only=True)
class Native:
    """A framework's implementation of an optimizer: an expression of `schedule`, {name} for hyperparameters.

    suits: whether the call equals the optimizer with these hyperparameters. decays: whether the call takes
    the weight decay; otherwise the decay is coupled. note: how little the results differ, for readers of the
    export.
    """

    framework: Literal["keras", "optax"]
    call: str
    suits: Callable[[Any], bool] = lambda _: True  # Any: an instance of the kind's own class
    decays: bool = False
    note: str = ""


def coupled(weight_decay: float) -> tuple[str, ...]:
    """Return the line that adds the gradient of the l2 penalty, or no line if there is no penalty."""
    return ("g = g + weight_decay * x",) if weight_decay else ()


def decoupled(weight_decay: float) -> tuple[str, ...]:
    """Return the line that shrinks the parameters by rate * weight_decay, or no line if that is zero."""
    return ("x = x - rate * weight_decay * x",) if weight_decay else ()


CORRECTION = "sqrt(1.0 - beta2 ** (updates + 1.0)) / (1.0 - beta1 ** (updates + 1.0))"
MOMENTS = {"m": "zeros_like(x)", "v": "zeros_like(x)"}
GATHER = ("m = beta1 * m + (1.0 - beta1) * g", "v = beta2 * v + (1.0 - beta2) * g**2")
ADAM_STEP = "x = x - rate * (m / (1.0 - beta1**t)) / (sqrt(v / (1.0 - beta2**t)) + eps)"
KERAS_EPS = (
    "Keras scales eps by the correction of the bias, PyTorch and the search did not: the updates agree"
    " wherever gradients are much larger than eps."
)
# Keras multiplies eps by 1 / sqrt(1 - beta2**t), about 32 at first: a larger eps makes another optimizer.
MAX_KERAS_EPS = 1e-8
