"""Limits of the gradient, applied row by row before the optimizer's update."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.arrays import Array, State

_EPS = 1e-6  # added to the norm, as in PyTorch's clip_grad_norm_


def clipping_state(norm: Any, value: Any, x: Array) -> State:
    """Return the limits of a stack; all rows have the same kinds of limits, by their variant."""
    # Any: floats by their annotation, columns once stacked.
    state: State = {}
    if np.any(norm):
        state["clip_norm"] = np.array(norm, dtype=np.float64)[:, :1]
    if np.any(value):
        state["clip_value"] = np.asarray(value).astype(x.dtype)
    return state


def clip(g: Array, state: State) -> None:
    """Clip the components, then the norm of each row, in place.

    The results are those of PyTorch's clip_grad_value_ and clip_grad_norm_.
    """
    if "clip_value" in state:
        limit = state["clip_value"]
        np.minimum(g, limit, out=g)
        np.maximum(g, -limit, out=g)
    if "clip_norm" in state:
        norms = np.sqrt(squared_norms(g))[:, np.newaxis]
        factors = np.minimum(state["clip_norm"] / (norms + _EPS), 1.0)
        np.multiply(g, factors.astype(g.dtype), out=g)


def squared_norms(g: Array) -> Array:
    """Return the sums of squares of the rows, (B,) float64, without overflow of single precision."""
    squares: Array = np.vecdot(g, g).astype(np.float64)
    if g.dtype != np.float64:
        large = ~np.isfinite(squares)
        if large.any():
            wide = g[large].astype(np.float64)
            squares[large] = np.vecdot(wide, wide)
    return squares
