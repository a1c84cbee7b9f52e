"""A quadratic bowl that moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.objectives.functions.base import Point
from app.engine.objectives.functions.quadratic import Quadratic

_SPEED = 0.05  # radians a step: once around in 126 steps


@dataclass(frozen=True, kw_only=True)
class DriftingQuadratic(Quadratic):
    """The quadratic bowl, going round: to come to rest is to fall behind.

    Rule: f(x) = 0.5 sum of a_i (x_i - c_i(k))^2 at step k, a_i spaced evenly in the logarithm from 1 to 100;
    c_i(k) = cos(0.05 k) for the first, third, ... parameter, and sin(0.05 k) for the others. The loss of a
    step is that of the bowl where it is then; the value of a run, that of the bowl where it is in the end.

    Source: Simonetto et al. 2016, arXiv:1509.05196 (a minimum that moves as a cosine does); Tieleman & Hinton
    2012, Neural Networks for Machine Learning, Lecture 6e (RMSProp, which forgets old gradients).
    """

    kind: ClassVar[str] = "drifting_quadratic"

    def default_start(self, dimension: int) -> Point:
        """All -1, opposite to where the minimum sets out."""
        return np.full(dimension, -1.0)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Zero at every step; (1, 0, 1, 0, ...) has it at the first."""
        return 0.0, self.centres(0, 1, dimension)[0]

    def centres(self, first: int, steps: int, dimension: int) -> NDArray[np.float64]:
        """On a circle in each pair of parameters, by sines and cosines that do not depend on the chunk."""
        found = np.empty((steps, dimension))
        angles = [_SPEED * k for k in range(first, first + steps)]
        found[:, 0::2] = np.array([[math.cos(angle)] for angle in angles])
        found[:, 1::2] = np.array([[math.sin(angle)] for angle in angles])
        return found
