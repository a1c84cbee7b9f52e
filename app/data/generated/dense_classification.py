"""A classification whose classes a small network assigns to correlated inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.data.dataset import Data
from app.data.generated.base import Generated
from app.data.generated.draws import rotation, rounded

_HIDDEN_UNITS = 8
_GAIN = 3.0  # input scale of the teacher's hidden units: larger values saturate the units
_MIN_SCALE = 0.1  # of the directions of the inputs; the largest scale is 1
_RELABELLED_SHARE = 0.02


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
        """Return mixed latent directions as inputs, and the teacher's classes as targets."""
        classes = 5
        latent = random.normal(size=(self.rows, self.features))
        mixture = rotation(random, self.features) * np.geomspace(1.0, _MIN_SCALE, self.features)
        inner = random.normal(size=(self.features, _HIDDEN_UNITS)) * (_GAIN / np.sqrt(self.features))
        outer = random.normal(size=(_HIDDEN_UNITS, classes))
        logits = np.tanh(latent @ inner) @ outer
        targets = np.argmax(logits - logits.mean(axis=0), axis=1)
        is_relabelled = random.uniform(size=self.rows) < _RELABELLED_SHARE
        targets[is_relabelled] = np.floor(classes * random.uniform(size=self.rows))[is_relabelled]
        return Data(rounded(latent @ mixture.T), targets.astype(np.int64), classes)
