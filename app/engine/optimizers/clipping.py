"""Limits of the gradient, applied row by row before the optimizer sees it."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.arrays import Array, State

_EPS = 1e-6  # of PyTorch's clip_grad_norm_


def clipping_state(norm: Any, value: Any, x: Array) -> State:
    """The limits that any row of a stack has; all rows have the same ones, by their variant."""
    # Any: floats by their annotation, columns once stacked.
    state: State = {}
    if np.any(norm):
        state["clip_norm"] = np.array(norm, dtype=np.float64)[:, :1]
    if np.any(value):
        state["clip_value"] = np.asarray(value).astype(x.dtype)
    return state


def clip(g: Array, state: State) -> None:
    """Cuts components, then scales the row down, in place: as PyTorch's clip_grad_value_, clip_grad_norm_."""
    if "clip_value" in state:
        limit = state["clip_value"]
        np.minimum(g, limit, out=g)
        np.maximum(g, -limit, out=g)
    if "clip_norm" in state:
        norms = np.sqrt(squared_norms(g))[:, np.newaxis]
        factors = np.minimum(state["clip_norm"] / (norms + _EPS), 1.0)
        np.multiply(g, factors.astype(g.dtype), out=g)


def squared_norms(g: Array) -> Array:
    """Sums of squares of the rows, (B,) float64, also where a square is too large for single precision."""
    squares: Array = np.vecdot(g, g).astype(np.float64)
    if g.dtype != np.float64:
        large = ~np.isfinite(squares)
        if large.any():
            wide = g[large].astype(np.float64)
            squares[large] = np.vecdot(wide, wide)
    return squares
