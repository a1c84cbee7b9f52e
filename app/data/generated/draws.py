"""Draws that several generated datasets share: rotations, and numbers without their last bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DECIMALS = 9  # on which processors and libraries agree


def rotation(random: np.random.RandomState, size: int) -> NDArray[np.float64]:
    """Return a rotation drawn uniformly, (size, size): the orthogonal factor of a Gaussian matrix."""
    factor, triangle = np.linalg.qr(random.normal(size=(size, size)))
    # LAPACK does not define the signs of the factor; Mezzadri 2007, arXiv:math-ph/0609050.
    return np.asarray(factor * np.sign(np.diag(triangle)))


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values to nine decimals, without the bits that differ between processors and libraries."""
    return np.round(values, _DECIMALS)
