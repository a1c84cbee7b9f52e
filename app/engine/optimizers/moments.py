"""The moving averages of the Adam family: the gradient's and its square's, and the correction of their bias.

The sums kept are m / (1 - beta1) and v / (1 - beta2): that saves two passes an update, and the missing
factors go into the rate and into eps, which are columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.arrays import Array, State
from app.engine.optimizers.base import cast, planned_rates, running

# Up to this width a widened column is written number by number; a broadcast over so few costs twice as much.
_FEW = 4

# Any below: floats by their annotation, columns once stacked.


def start_moments(x: Array, beta1: Any, beta2: Any, eps: Any) -> State:
    """Zero sums, and the coefficients."""
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
    """A plan: the rates and shifts, which undo the bias and the scale of both sums; and the decay, if any.

    Where columns are as wide as rows, their numbers are alike: one of each row is computed.
    """
    one = np.s_[..., :1]
    root = np.sqrt(1.0 - _powers(state["power2"], beta2, len(learning_rates)))
    factor = learning_rates[one] * state["scale"][one]
    np.multiply(factor, root, out=factor)
    np.divide(factor, 1.0 - _powers(state["power1"], beta1, len(learning_rates)), out=factor)
    plan = planned_rates(learning_rates, state)
    plan["rate"] = _widened(factor, state["rate"])
    plan["shift"] = _widened(np.multiply(state["eps"][one], root, out=root), state["shift"])
    return plan


def _powers(last: Array, beta: Any, steps: int) -> Array:
    """The next powers of a column, (B, width), of which `last` becomes the last one: (S, B, 1)."""
    own = last[:, :1]
    found = running(own, beta[:, :1], steps)
    last[...] = found[-1]
    return found


def _widened(values: Array, column: Array) -> Array:
    """(S, B, 1) in the width and dtype of a column: (S, B, width)."""
    width = column.shape[1]
    wide = np.empty((*values.shape[:2], width), dtype=column.dtype)
    if width > _FEW:
        wide[...] = values
        return wide
    for i in range(width):
        wide[:, :, i] = values[:, :, 0]
    return wide


def renew_moments(state: State, beta1: Any, beta2: Any, before: Any, k: int) -> None:
    """Goes on with another beta1 from update k on; the sum that is kept is one over 1 - beta1 from then on.

    As in PyTorch the correction of the bias is that of a beta1 which was always the one of the update.
    """
    fresh = 1.0 - beta1
    np.multiply(beta1, (1.0 - before) / fresh, out=state["beta1"], casting="same_kind")
    # NumPy's own power takes other ways to the last bit in long arrays than in short ones.
    np.float_power(beta1, k, out=state["power1"])
    np.divide(fresh, np.sqrt(1.0 - beta2), out=state["scale"])


def gather(g: Array, state: State) -> None:
    """Takes the gradient into both sums; g becomes its square."""
    m, v = state["m"], state["v"]
    np.multiply(m, state["beta1"], out=m)
    np.add(m, g, out=m)
    np.multiply(g, g, out=g)
    np.multiply(v, state["beta2"], out=v)
    np.add(v, g, out=v)


def descend(x: Array, direction: Array, squares: Array, state: State, work: Array) -> None:
    """X -= rate * direction / (sqrt(squares) + shift)"""
    np.sqrt(squares, out=work)
    np.add(work, state["shift"], out=work)
    np.divide(direction, work, out=work)
    np.multiply(work, state["rate"], out=work)
    np.subtract(x, work, out=x)
