"""The nonlinearities of hidden layers, forward and backward, in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.engine.arrays import Array


@dataclass(frozen=True)
class Activation:
    """A nonlinearity whose derivative can be told from its value.

    forward(z): pre-activations become activations. backward(a, delta): deltas of activations become those of
    pre-activations, and the activations are spent.
    """

    forward: Callable[[Array], None]
    backward: Callable[[Array, Array], None]


def _relu(z: Array) -> None:
    np.maximum(z, 0, out=z)  # unlike a mask of the sign bit it lets nan through, which divergence must show


def _relu_backward(a: Array, delta: Array) -> None:
    """Clears the deltas of dead units.

    a is never negative, so the sign bit of -a, spread over the word, masks the living ones. On integers of
    the same width that is a shift and an AND; a `where` would take ten times as long.
    """
    width = a.dtype.itemsize
    bits = a.view(f"i{width}")
    np.negative(bits, out=bits)
    np.right_shift(bits, 8 * width - 1, out=bits)
    masked = delta.view(f"i{width}")
    np.bitwise_and(masked, bits, out=masked)


def _tanh(z: Array) -> None:
    np.tanh(z, out=z)


def _tanh_backward(a: Array, delta: Array) -> None:
    np.multiply(a, a, out=a)
    np.subtract(1, a, out=a)
    np.multiply(delta, a, out=delta)


ACTIVATIONS = {
    "relu": Activation(_relu, _relu_backward),
    "tanh": Activation(_tanh, _tanh_backward),
}
