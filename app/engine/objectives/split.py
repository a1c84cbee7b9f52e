"""One replicate's view of a dataset: which examples train, validate and test, standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.seeds import Purpose, stream

LEAST_ROWS = 5  # fewer leave a part of the split empty


def training_rows(rows: int) -> int:
    """How many of a dataset's rows train: all but a fifth each (rounded down) to validate and to test."""
    return rows - 2 * validation_rows(rows)


def validation_rows(rows: int) -> int:
    """How many of a dataset's rows validate, and how many test: a fifth each, rounded down."""
    return rows // LEAST_ROWS


@dataclass(frozen=True, eq=False)
class Part:
    """Some examples of a dataset in the dtype of the run, with an input that is always one as the last."""

    examples: Array  # (N, F + 1)
    columns: Array  # (F + 1, N), the same transposed, in memory too
    targets: NDArray[Any]  # (N,), classes (intp) or numbers in the dtype of the run


@dataclass(frozen=True, eq=False)
class Split:
    """The three parts of one replicate."""

    training: Part
    validation: Part
    test: Part


def split(
    inputs: NDArray[np.float64],
    targets: NDArray[Any],
    *,
    regression: bool,
    seed: int,
    replicate: int,
    dtype: type,
) -> Split:
    """Cuts a permutation of the rows 60/20/20 and standardises by the training part.

    inputs: (N, F). targets: (N,), classes or numbers; numbers are standardised too. A feature that is
    constant in training is centred only.
    """
    order = stream(seed, Purpose.SPLIT, replicate).permutation(len(inputs))
    first, last = training_rows(len(inputs)), len(inputs) - validation_rows(len(inputs))
    training = order[:first]
    inputs = _standardised(inputs, training)
    if regression:
        targets = _standardised(targets, training).astype(dtype)
    else:
        targets = targets.astype(np.intp)
    ones = np.ones((len(inputs), 1))
    augmented: Array = np.concatenate([inputs, ones], axis=1).astype(dtype)

    def part(rows: NDArray[np.int64]) -> Part:
        examples = augmented[rows]
        return Part(examples, np.ascontiguousarray(examples.T), targets[rows])

    return Split(part(training), part(order[first:last]), part(order[last:]))


def _standardised(values: NDArray[np.float64], training: NDArray[np.int64]) -> NDArray[np.float64]:
    mean = values[training].mean(axis=0)
    deviation = values[training].std(axis=0)
    # A constant column's deviation can come out as rounding error instead of zero.
    is_constant = np.ptp(values[training], axis=0) == 0.0
    standardised: NDArray[np.float64] = (values - mean) / np.where(is_constant, 1.0, deviation)
    return standardised
