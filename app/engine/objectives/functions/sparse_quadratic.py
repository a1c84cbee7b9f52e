"""A quadratic bowl with sparse gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.objectives.functions.base import Point
from app.engine.objectives.functions.quadratic import Quadratic

_FREQUENCY = 0.1  # probability that a parameter has a gradient at a step


@dataclass(frozen=True, kw_only=True)
class SparseQuadratic(Quadratic):
    """The quadratic bowl, seen through sparse features: each parameter has a gradient at one step in ten.

    Rule: f(x) = 0.5 sum of a_i x_i^2, a_i spaced evenly in the logarithm from 1 to 100; at each step each
    parameter is drawn with probability 0.1, and its gradient is then a_i x_i / 0.1, else zero. Divided by the
    probability the gradient is unbiased: its mean is the gradient of f. Only drawn parameters get `noise`.

    Source: Duchi, Hazan & Singer 2011, https://jmlr.org/papers/v12/duchi11a.html (AdaGrad, for sparse
    gradients).
    """

    kind: ClassVar[str] = "sparse_quadratic"
    default_dimension: ClassVar[int] = 20

    def frequencies(self, dimension: int) -> Point | None:
        """Return one in ten for all parameters."""
        return np.full(dimension, _FREQUENCY)
