"""The split of a dataset in one replicate: which examples train, validate and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.inputs.base import Inputs
from app.engine.inputs.features import standardised
from app.engine.models import Model
from app.engine.seeds import Purpose, stream

LEAST_ROWS = 5  # with fewer rows a part of the split would be empty
_HELD_OUT_DIVISOR = 5  # a fifth of the rows validates, and a fifth tests


def training_rows(rows: int) -> int:
    """Return the number of training rows: all rows but those that validate and those that test."""
    return rows - 2 * validation_rows(rows)


def validation_rows(rows: int) -> int:
    """Return the number of validation rows: a fifth, rounded down. There are as many test rows."""
    return rows // _HELD_OUT_DIVISOR


@dataclass(frozen=True, eq=False)
class Part:
    """Some examples of a dataset, as the model takes them."""

    inputs: Inputs
    targets: NDArray[Any]  # (N,), classes (intp) or numbers in the dtype of the run


@dataclass(frozen=True, eq=False)
class Split:
    """The three parts of one replicate."""

    training: Part
    validation: Part
    test: Part


def split(
    model: Model,
    raw: NDArray[Any],
    targets: NDArray[Any],
    *,
    has_classes: bool,
    seed: int,
    replicate: int,
    dtype: type,
) -> Split:
    """Cut a permutation of the rows 60/20/20.

    raw: (N, ...), prepared by the model. targets: (N,), classes or numbers; numbers are standardised by the
    training part.
    """
    order = stream(seed, Purpose.SPLIT, replicate).permutation(len(raw))
    first, last = training_rows(len(raw)), len(raw) - validation_rows(len(raw))
    training = order[:first]
    inputs = model.inputs(raw, training, dtype)
    targets = targets.astype(np.intp) if has_classes else standardised(targets, training).astype(dtype)

    def part(rows: NDArray[np.int64]) -> Part:
        return Part(inputs.select(rows), targets[rows])

    return Split(part(training), part(order[first:last]), part(order[last:]))
