"""The moving averages of the Adam family, m and v, with the correction of their bias.

The state holds M = m / (1 - beta1) and V = v / (1 - beta2), which saves two passes per update. The missing
factors go into the rate and into eps, which are columns. Multiply the numerator and the denominator of Adam's
step, learning_rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps), by sqrt(1 - beta2^t) / sqrt(1 -
beta2). The step is then rate M / (sqrt(V) + shift), with
rate = learning_rate (1 - beta1) / sqrt(1 - beta2) sqrt(1 - beta2^t) / (1 - beta1^t) and
shift = eps sqrt(1 - beta2^t) / sqrt(1 - beta2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.arrays import Array, State
from app.engine.optimizers.base import cast, planned_rates, running

# Largest width of a widened column that is written number by number; a broadcast would cost twice as much.
_MAX_LOOP_WIDTH = 4

# Any below: floats by their annotation, columns once stacked.


def start_moments(x: Array, beta1: Any, beta2: Any, eps: Any) -> State:
    """Return zero sums M and V, and the coefficient columns."""
    beta1, beta2 = np.asarray(beta1), np.asarray(beta2)
    root = np.sqrt(1.0 - beta2)
    return {
        "m": np.zeros_like(x),
        "v": np.zeros_like(x),
        "beta1": cast(beta1, x),
        "beta2": cast(beta2, x),
        "power1": np.ones_like(beta1),
        "power2": np.ones_like(beta2),
        "scale": (1.0 - beta1) / root,
        "eps": np.asarray(eps) / root,
        "rate": cast(np.zeros_like(beta1), x),
        "shift": cast(np.zeros_like(beta2), x),
    }


def planned_moments(learning_rates: Array, state: State, beta1: Any, beta2: Any) -> State:
    """Return a plan: the rates and shifts of the module's formula, and the weight decay, if any.

    The numbers of a widened column are equal, so only the first of each row is computed.
    """
    first = np.s_[..., :1]
    root = np.sqrt(1.0 - _powers(state["power2"], beta2, len(learning_rates)))
    factor = learning_rates[first] * state["scale"][first]
    np.multiply(factor, root, out=factor)
    np.divide(factor, 1.0 - _powers(state["power1"], beta1, len(learning_rates)), out=factor)
    plan = planned_rates(learning_rates, state)
    plan["rate"] = _widened(factor, state["rate"])
    plan["shift"] = _widened(np.multiply(state["eps"][first], root, out=root), state["shift"])
    return plan


def _powers(last: Array, beta: Any, steps: int) -> Array:
    """Return the next powers of a column, (B, width), as (S, B, 1); `last` becomes the last power."""
    powers = running(last[:, :1], beta[:, :1], steps)
    last[...] = powers[-1]
    return powers


def _widened(values: Array, column: Array) -> Array:
    """Return values, (S, B, 1), in the width and dtype of a column: (S, B, width)."""
    width = column.shape[1]
    wide = np.empty((*values.shape[:2], width), dtype=column.dtype)
    if width > _MAX_LOOP_WIDTH:
        wide[...] = values
        return wide
    for i in range(width):
        wide[:, :, i] = values[:, :, 0]
    return wide


def renew_moments(state: State, beta1: Any, beta2: Any, before: Any, k: int) -> None:
    """Continue with another beta1 from update k on; M is then m over the new 1 - beta1.

    As in PyTorch, the bias is corrected as if beta1 had always been the value of this update.
    """
    fresh = 1.0 - beta1
    np.multiply(beta1, (1.0 - before) / fresh, out=state["beta1"], casting="same_kind")
    # NumPy's `power` rounds the last bit differently in long and in short arrays.
    np.float_power(beta1, k, out=state["power1"])
    np.divide(fresh, np.sqrt(1.0 - beta2), out=state["scale"])


def gather(g: Array, state: State) -> None:
    """Add the gradient to both sums: M = beta1 M + g and V = beta2 V + g^2; g becomes g^2."""
    m, v = state["m"], state["v"]
    np.multiply(m, state["beta1"], out=m)
    np.add(m, g, out=m)
    np.multiply(g, g, out=g)
    np.multiply(v, state["beta2"], out=v)
    np.add(v, g, out=v)


def descend(x: Array, direction: Array, squares: Array, state: State, work: Array) -> None:
    """Compute x -= rate * direction / (sqrt(squares) + shift) in place."""
    np.sqrt(squares, out=work)
    np.add(work, state["shift"], out=work)
    np.divide(direction, work, out=work)
    np.multiply(work, state["rate"], out=work)
    np.subtract(x, work, out=x)
