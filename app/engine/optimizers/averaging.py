"""Shared parts of the schedule-free optimizers: the weighted average of the iterates.

The average replaces a schedule. Three sequences: z makes the steps, x is the average of z, and gradients are
taken at y = (1 - b) z + b x. As in the reference, x is not stored: the array of the parameters holds y, and x
follows from y and z.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.base import cast

# The states of the average as source: see `Rule`.
AVERAGING = {"z": "x", "largest": "full_like(total(x), 0.0)", "weights": "full_like(total(x), 0.0)"}


def average_lines(share: str) -> tuple[str, ...]:
    """Return the statements that move x, here y, and z; share: the name of b."""
    return (
        "largest = maximum(largest, rate)",
        "weight = t**averaging_power * largest**averaging_rate_power",
        "weights = weights + weight",
        "part = weight / where(weights > 0.0, weights, 1.0)",
        f"x = x + part * (z - x) + rate * ({share} * (1.0 - part) - 1.0) * g",
        "z = z - rate * g",
    )


def average_expression(share: str) -> str:
    """Return the average as an expression of x, here y, and z."""
    return f"x + (1.0 - 1.0 / {share}) * (z - x)"


def training_expression(share: str) -> str:
    """Return y as an expression of x, here the average, and z."""
    return f"x + (1.0 - {share}) * (z - x)"


# Any below: floats by their annotation, columns once stacked.


def start_average(x: Array, share: Any) -> State:
    """Return z at the start, weights of zero, and the coefficients; share: b, the part of x in y."""
    share = np.asarray(share)
    return {
        "z": x.copy(),
        "largest_rate": np.zeros_like(share),
        "weights": np.zeros_like(share),
        "rate": cast(np.zeros_like(share), x),
        "back": cast(1.0 - 1.0 / share, x),
    }


def average(
    y: Array, g: Array, learning_rate: Column, state: State, work: Array, weight: Any, share: Any
) -> None:
    """Move y towards z by the new point's part of all weights, then move both against g.

    weight: of this update, (B, 1). A rate of zero with no earlier update at another rate has weight zero.
    """
    z, weights, rate = state["z"], state["weights"], state["rate"]
    np.add(weights, weight, out=weights)
    part = weight / np.where(weights > 0.0, weights, 1.0)
    np.subtract(z, y, out=work)
    np.copyto(rate, part, casting="same_kind")
    np.multiply(work, rate, out=work)
    np.add(y, work, out=y)
    np.multiply(learning_rate, share * (1.0 - part) - 1.0, out=rate, casting="same_kind")
    np.multiply(g, rate, out=work)
    np.add(y, work, out=y)
    np.copyto(rate, learning_rate, casting="same_kind")
    np.multiply(g, rate, out=g)
    np.subtract(z, g, out=z)


def weight_of(learning_rate: Column, k: int, state: State, power: Any, rate_power: Any) -> Column:
    """Return the weight of update k: (k + 1)^power times the largest rate so far to `rate_power`."""
    largest = state["largest_rate"]
    np.maximum(largest, learning_rate, out=largest)
    return np.asarray((k + 1.0) ** np.asarray(power) * largest ** np.asarray(rate_power))


def averaged_point(y: Array, state: State, out: Array) -> None:
    """Write x, the average, into out: y + (1 - 1 / b) (z - y)."""
    np.subtract(state["z"], y, out=out)
    np.multiply(out, state["back"], out=out)
    np.add(y, out, out=out)
