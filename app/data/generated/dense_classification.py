"""Classes that a small network gave to correlated inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.data.dataset import Data
from app.data.generated.base import Generated
from app.data.generated.draws import rotation, rounded

_HIDDEN = 8
_GAIN = 3.0  # how far the teacher's hidden units saturate
_SMALLEST = 0.1  # scale of the smallest direction of the inputs
_RELABELLED = 0.02


@dataclass(frozen=True, kw_only=True)
class DenseClassification(Generated):
    """Five classes that a network with 8 hidden units gave to 10 correlated features, 2 % relabelled.

    Rule: z ~ N(0, I), x = R (s_k z_k) with R a rotation and s evenly spaced in the logarithm from 1 to 0.1
    (condition 100); the class is the largest of V tanh(3 U z / sqrt(10)) less its mean over the rows, all
    entries of U (8 x 10) and V (5 x 8) from N(0, 1); 2 % of the rows draw their class anew, evenly. The
    classes need every direction of x, the small ones too, and no linear model tells them apart well.

    Source: a teacher as in Saad & Solla 1995, doi:10.1103/PhysRevE.52.4225 (soft committee machine).
    """

    kind: ClassVar[str] = "dense_classification"
    seed: ClassVar[int] = 1995
    objective: ClassVar[str] = "classification"
    rows: ClassVar[int] = 5000
    features: ClassVar[int] = 10
    classes: ClassVar[int | None] = 5

    def generate(self, random: np.random.RandomState) -> Data:
        """Latent directions, their mixture, and the teacher's choice."""
        count = 5
        latent = random.normal(size=(self.rows, self.features))
        mixture = rotation(random, self.features) * np.geomspace(1.0, _SMALLEST, self.features)
        inner = random.normal(size=(self.features, _HIDDEN)) * (_GAIN / np.sqrt(self.features))
        outer = random.normal(size=(_HIDDEN, count))
        logits = np.tanh(latent @ inner) @ outer
        targets = np.argmax(logits - logits.mean(axis=0), axis=1)
        anew = random.uniform(size=self.rows) < _RELABELLED
        targets[anew] = np.floor(count * random.uniform(size=self.rows))[anew]
        return Data(rounded(latent @ mixture.T), targets.astype(np.int64), count)
