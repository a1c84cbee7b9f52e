"""Orthogonal initialisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.initialisations.base import Initialisation, without_biases


@dataclass(frozen=True, kw_only=True)
class Orthogonal(Initialisation):
    """Weights with orthonormal rows, or orthonormal columns if there are more rows; biases are zero.

    Rule: w = Q of the QR decomposition of a normal matrix, with the signs that make the diagonal of R
    positive; b = 0

    Source: Saxe, McClelland & Ganguli 2013, arXiv:1312.6120; the signs are those of Mezzadri 2006,
    arXiv:math-ph/0609050; `torch.nn.init.orthogonal_`.
    """

    kind: ClassVar[str] = "orthogonal"

    def draw(self, generator: np.random.Generator, units: int, inputs: int) -> NDArray[np.float64]:
        """Return the orthogonal factor of a tall matrix, transposed if there are fewer units than inputs."""
        tall = generator.normal(size=(max(units, inputs), min(units, inputs)))
        factor, triangle = np.linalg.qr(tall)
        factor = factor * np.where(np.diag(triangle) < 0.0, -1.0, 1.0)
        return without_biases(factor if units >= inputs else factor.T)
