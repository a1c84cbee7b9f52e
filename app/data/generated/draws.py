"""What several generated datasets draw: correlated inputs, and numbers without their last bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DECIMALS = 9


def rotation(random: np.random.RandomState, size: int) -> NDArray[np.float64]:
    """A rotation drawn uniformly, (size, size): the orthogonal factor of a Gaussian matrix."""
    factor, triangle = np.linalg.qr(random.normal(size=(size, size)))
    # LAPACK leaves the signs open; Mezzadri 2007, arXiv:math-ph/0609050.
    return np.asarray(factor * np.sign(np.diag(triangle)))


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values to nine decimals: the bits that processors and libraries disagree about are gone."""
    return np.round(values, _DECIMALS)
