"""The arithmetic that schedules share: whole updates from fractions of a horizon, and powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.arrays import Array


def updates(fraction: Any, horizon: Any) -> Array:
    """Return the whole updates in a fraction of the horizon, rounded half up; may be 0.

    Arguments are scalars or (B, 1) columns.
    """
    return np.asarray(np.floor(np.asarray(fraction, dtype=np.float64) * horizon + 0.5))


def length(fraction: Any, horizon: Any) -> Array:
    """Return the whole updates in a fraction of the horizon, rounded half up, at least 1."""
    return np.asarray(np.maximum(updates(fraction, horizon), 1.0))


def power(base: Any, exponent: Any) -> Array:
    """Return base ** exponent in float64.

    NumPy's `power` rounds the last bit differently in long arrays, in short arrays and at exponents such as
    2. This function calls the C library for every element, so that a row equals the run alone.
    """
    return np.asarray(np.float_power(base, exponent))


def half_cosine(progress: Any) -> Array:
    """Return half a cosine, from 1 at progress 0 to 0 at progress 1."""
    return np.asarray(0.5 * (1.0 + np.cos(np.pi * progress)))
