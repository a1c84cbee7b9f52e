"""A quadratic bowl that moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.objectives.functions.base import Point
from app.engine.objectives.functions.quadratic import Quadratic

_SPEED = 0.05  # radians per step: one turn in 126 steps


@dataclass(frozen=True, kw_only=True)
class DriftingQuadratic(Quadratic):
    """The quadratic bowl on a circular path: a run that stops moving loses the minimum.

    Rule: f(x) = 0.5 sum of a_i (x_i - c_i(k))^2 at step k, a_i spaced evenly in the logarithm from 1 to 100;
    c_i(k) = cos(0.05 k) for the first, third, ... parameter, and sin(0.05 k) for the others. The loss of a
    step is taken at the bowl's position in that step, the value of a run at its last position.

    Source: Simonetto et al. 2016, arXiv:1509.05196 (a minimum that moves as a cosine does); Tieleman & Hinton
    2012, Neural Networks for Machine Learning, Lecture 6e (RMSProp, which forgets old gradients).
    """

    kind: ClassVar[str] = "drifting_quadratic"

    def default_start(self, dimension: int) -> Point:
        """Return -1 everywhere, opposite to the first position of the minimum."""
        return np.full(dimension, -1.0)

    def optimum(self, dimension: int) -> tuple[float, Point]:
        """Return 0, the least value at every step, and (1, 0, 1, 0, ...), its point at the first step."""
        return 0.0, self.centres(0, 1, dimension)[0]

    def centres(self, first: int, steps: int, dimension: int) -> NDArray[np.float64]:
        """Return positions on a circle for each pair of parameters; bits do not depend on the chunk."""
        positions = np.empty((steps, dimension))
        angles = [_SPEED * k for k in range(first, first + steps)]
        positions[:, 0::2] = np.array([[math.cos(angle)] for angle in angles])
        positions[:, 1::2] = np.array([[math.sin(angle)] for angle in angles])
        return positions
