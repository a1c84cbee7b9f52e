"""A linear regression whose inputs are correlated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.data.dataset import Data
from app.data.generated.base import Generated
from app.data.generated.draws import rotation, rounded

_NOISE = 0.3  # standard deviation; the noise-free targets have 1


@dataclass(frozen=True, kw_only=True)
class LinearRegression(Generated):
    """Numbers linear in 20 correlated features, to which every direction adds alike, with noise.

    Rule: z ~ N(0, I), x = R (z_k / k) with R a rotation, so that the covariance of x has the eigenvalues
    1 / k^2, k = 1 ... 20 (condition 400); y = sum of z_k / sqrt(20) + 0.3 N(0, 1). The noise is 8 % of the
    variance: about the least loss that any model attains on standardised targets.

    Source: after the least-squares experiment of Bach & Moulines 2013, arXiv:1306.2119, Section 4.
    """

    kind: ClassVar[str] = "linear_regression"
    seed: ClassVar[int] = 1306_2119
    objective: ClassVar[str] = "regression"
    rows: ClassVar[int] = 2000
    features: ClassVar[int] = 20

    def generate(self, random: np.random.RandomState) -> Data:
        """Return mixed latent directions as inputs, and their noisy sum as targets."""
        latent = random.normal(size=(self.rows, self.features))
        mixture = rotation(random, self.features) / np.arange(1, self.features + 1)
        noise = random.normal(size=self.rows)
        targets = latent.sum(axis=1) / np.sqrt(self.features) + _NOISE * noise
        return Data(rounded(latent @ mixture.T), rounded(targets), None)
