"""The warnings of a dataset: targets without spread, rare classes, and a small validation part."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.data import Data
from app.engine.supervised.split import validation_rows
from app.tuning.recommendation.formatting import listed, number, percent

MIN_VALIDATION_ROWS = 100  # rows of the validation part below which its size is warned of
MIN_EXPECTED_ROWS = 3.0  # mean rows of a class in the validation part; at 3, one seed in twenty has none
MAX_NAMED_CLASSES = 5  # classes that a warning lists


def data_warnings(name: str, data: Data, *, is_confirmed: bool) -> Iterator[str]:
    """Yield the warnings of a dataset.

    Args:
        name: The name of the dataset in the sentences.
        data: The rows.
        is_confirmed: Whether the recommendation has intervals.
    """
    if data.classes is None:
        yield from number_warnings(data.targets)
    else:
        yield from class_warnings(data.targets, data.classes)
    rows = validation_rows(len(data.targets))
    if rows < MIN_VALIDATION_ROWS:
        way_out = "Compare means by their intervals" if is_confirmed else "Raise `replicates`"
        yield (
            f"The validation part of {name} has {rows} rows, so a value depends much on the split of its "
            f"seed. {way_out}."
        )


def class_warnings(targets: NDArray[np.int64], classes: int) -> Iterator[str]:
    """Warn of data of a single class, of classes without rows, and of classes with few rows.

    Args:
        targets: (N,), from 0 to classes - 1.
        classes: The number of classes.
    """
    counts = np.bincount(targets, minlength=classes)
    occurring = np.flatnonzero(counts)
    if len(occurring) == 1:
        yield (
            f"All {len(targets):,} rows have class {occurring[0]}, so there is nothing to classify. "
            "Give rows of another class."
        )
        return
    if len(occurring) < classes:
        missing = np.flatnonzero(counts == 0)
        yield (
            f"{_classes(missing)} no rows, so no model can learn to predict "
            f"{'the class' if len(missing) == 1 else 'the classes'}. Give rows of every class, or number the "
            f"{len(occurring)} classes that occur from 0."
        )
    rare = occurring[counts[occurring] < _min_rows(len(targets))]
    if len(rare):
        yield _rare(rare[np.argsort(counts[rare], kind="stable")], counts, len(targets))


def number_warnings(targets: NDArray[np.float64]) -> Iterator[str]:
    """Warn of targets that are the same number in all rows, or in nearly all rows.

    Args:
        targets: (N,).
    """
    values, counts = np.unique(targets, return_counts=True)
    rows, commonest = len(targets), int(np.argmax(counts))
    value, others = number(float(values[commonest])), rows - int(counts[commonest])
    if others == 0:
        yield (
            f"All {rows:,} targets are {value}, so there is nothing to predict. Check which column is the "
            "target."
        )
    elif others < _min_rows(rows):
        yield (
            f"{others} of {rows:,} targets differ from {value}. {_validated(others, rows)} Give more rows "
            "with other values."
        )


def _rare(rare: NDArray[np.intp], counts: NDArray[np.intp], rows: int) -> str:
    """Return the warning of classes with few rows.

    Args:
        rare: The classes with few rows, the rarest first.
        counts: The rows of each class.
        rows: The rows of the dataset.
    """
    least = int(counts[rare[0]])
    text = f"Class {rare[0]} has {least} of {rows:,} rows."
    if len(rare) > 1:
        text = (
            f"{len(rare)} of {np.count_nonzero(counts)} classes have fewer than {_min_rows(rows)} of "
            f"{rows:,} rows; the rarest, class {rare[0]}, has {least}."
        )
    return (
        f"{text} {_validated(least, rows)} The values hardly depend on class {rare[0]}. "
        "Give the class more rows, or leave the class out."
    )


def _validated(rows: int, of: int) -> str:
    """Return how many of some rows the validation part has: a random fifth of all rows.

    Args:
        rows: The number of rows in question.
        of: The rows of the dataset.
    """
    validation = validation_rows(of)
    mean = number(rows * validation / of)
    none = math.prod((of - validation - i) / (of - i) for i in range(rows))
    return f"The validation part has {mean} such rows on average, and none on {percent(none)} of seeds."


def _min_rows(rows: int) -> int:
    """Return the number of rows of which the validation part has MIN_EXPECTED_ROWS on average."""
    return math.ceil(MIN_EXPECTED_ROWS * rows / validation_rows(rows))


def _classes(missing: NDArray[np.intp]) -> str:
    """Return text such as "Class 2 has" or "Classes 2 and 5 have"."""
    names = [str(label) for label in missing[:MAX_NAMED_CLASSES]]
    if len(missing) > MAX_NAMED_CLASSES:
        names.append(f"{len(missing) - MAX_NAMED_CLASSES} more")
    return f"Class {names[0]} has" if len(missing) == 1 else f"Classes {listed(names)} have"
