"""Dense features: a number for each of F features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.inputs.base import Inputs


class FeatureBatch(NamedTuple):
    """Some examples in both orders of axes, with a last input that is always one."""

    columns: Array  # (F + 1, batch)
    examples: Array  # (batch, F + 1)


@dataclass(frozen=True, eq=False)
class FeatureMinibatches:
    """The minibatches of S steps in both orders of axes, both contiguous."""

    columns: Array  # (S, F + 1, batch)
    examples: Array  # (S, batch, F + 1)

    def __getitem__(self, step: int) -> FeatureBatch:
        return FeatureBatch(self.columns[step], self.examples[step])


@dataclass(frozen=True, eq=False)
class Features(Inputs):
    """Examples in both orders of axes."""

    examples: Array  # (N, F + 1)
    columns: Array  # (F + 1, N), the same transposed, in memory too

    @classmethod
    def prepare(cls, raw: NDArray[np.float64], training: NDArray[np.int64], dtype: type) -> Features:
        """Standardise (N, F) by the training rows; a feature that is constant in these is only centred."""
        ones = np.ones((len(raw), 1))
        examples: Array = np.concatenate([standardised(raw, training), ones], axis=1).astype(dtype)
        return cls(examples, np.ascontiguousarray(examples.T))

    def __len__(self) -> int:
        return len(self.examples)

    def select(self, rows: NDArray[np.int64]) -> Features:
        """Return the examples of the given rows."""
        examples = self.examples[rows]
        return Features(examples, np.ascontiguousarray(examples.T))

    def between(self, low: int, high: int) -> FeatureBatch:
        """Return views of the examples from low to high."""
        return FeatureBatch(self.columns[:, low:high], self.examples[low:high])

    def draw(self, rows: NDArray[np.int64]) -> FeatureMinibatches:
        """Gather the examples of all minibatches at once."""
        examples = self.examples[rows]
        return FeatureMinibatches(np.ascontiguousarray(examples.transpose(0, 2, 1)), examples)

    def drawn_bytes(self, batch: int) -> int:
        """Return the memory of a minibatch in both orders of axes."""
        return int(2 * batch * self.examples[0].nbytes)


def standardised(values: NDArray[np.float64], training: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return values, (N,) or (N, F), less the mean of the training rows, over their standard deviation."""
    mean = values[training].mean(axis=0)
    deviation = values[training].std(axis=0)
    # A constant column's deviation can come out as rounding error instead of zero.
    is_constant = np.ptp(values[training], axis=0) == 0.0
    result: NDArray[np.float64] = (values - mean) / np.where(is_constant, 1.0, deviation)
    return result
