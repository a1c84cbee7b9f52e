"""The warnings of a dataset: targets that teach nothing, rare classes, and a small validation part."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.data import Data
from app.engine.supervised.split import validation_rows
from app.tuning.recommendation.formatting import listed, number, percent

MIN_VALIDATION_ROWS = 100
MIN_EXPECTED_ROWS = 3.0  # of a class in the validation part: of fewer, one seed in twenty sees none
MAX_NAMED_CLASSES = 5


def data_warnings(name: str, data: Data, *, is_confirmed: bool) -> Iterator[str]:
    """Return the warnings of a dataset of that name.

    is_confirmed: whether the recommendation has intervals.
    """
    if data.classes is None:
        yield from number_warnings(data.targets)
    else:
        yield from class_warnings(data.targets, data.classes)
    rows = validation_rows(len(data.targets))
    if rows < MIN_VALIDATION_ROWS:
        way_out = "compare means by their intervals" if is_confirmed else "raise `replicates`"
        yield (
            f"the validation part of {name} has {rows} rows, so a value depends much on the split of its "
            f"seed; {way_out}"
        )


def class_warnings(targets: NDArray[np.int64], classes: int) -> Iterator[str]:
    """Warn of data of a single class, of classes without rows, and of classes with few.

    targets: (N,), from 0 to classes - 1.
    """
    counts = np.bincount(targets, minlength=classes)
    occurring = np.flatnonzero(counts)
    if len(occurring) == 1:
        yield (
            f"all {len(targets):,} rows have class {occurring[0]}, so there is nothing to tell apart; "
            "give rows of another class"
        )
        return
    if len(occurring) < classes:
        missing = np.flatnonzero(counts == 0)
        yield (
            f"{_classes(missing)} no rows, which no model can learn from; give rows of every class, or "
            f"number the {len(occurring)} classes that occur from 0"
        )
    rare = occurring[counts[occurring] < _min_rows(len(targets))]
    if len(rare):
        yield _rare(rare[np.argsort(counts[rare], kind="stable")], counts, len(targets))


def number_warnings(targets: NDArray[np.float64]) -> Iterator[str]:
    """Warn of targets that are the same number in all rows, or in nearly all. targets: (N,)."""
    values, counts = np.unique(targets, return_counts=True)
    rows, commonest = len(targets), int(np.argmax(counts))
    value, others = number(float(values[commonest])), rows - int(counts[commonest])
    if others == 0:
        yield (
            f"all {rows:,} targets are {value}, so there is nothing to predict; check which column is the "
            "target"
        )
    elif others < _min_rows(rows):
        yield (
            f"{others} of {rows:,} targets differ from {value}: {_validated(others, rows)}; give more rows "
            "of other values"
        )


def _rare(rare: NDArray[np.intp], counts: NDArray[np.intp], rows: int) -> str:
    """Return the warning of classes with few rows. rare: the classes, the rarest first."""
    least = int(counts[rare[0]])
    what = f"class {rare[0]} has {least} of {rows:,} rows"
    if len(rare) > 1:
        what = (
            f"{len(rare)} of {np.count_nonzero(counts)} classes have fewer than {_min_rows(rows)} of "
            f"{rows:,} rows, the rarest, class {rare[0]}, {least}"
        )
    return (
        f"{what}: {_validated(least, rows)}, and the values hardly depend on it; give it more rows, or leave "
        "it out"
    )


def _validated(rows: int, of: int) -> str:
    """Return how rarely the validation part, a random fifth, has any of so many rows."""
    validation = validation_rows(of)
    mean = number(rows * validation / of)
    none = math.prod((of - validation - i) / (of - i) for i in range(rows))
    return f"the validation part has {mean} of them on average, and none on {percent(none)} of seeds"


def _min_rows(rows: int) -> int:
    """Return the least rows of which the validation part has MIN_EXPECTED_ROWS on average."""
    return math.ceil(MIN_EXPECTED_ROWS * rows / validation_rows(rows))


def _classes(missing: NDArray[np.intp]) -> str:
    """Return such as "class 2 has", "classes 2 and 5 have"."""
    named = [str(found) for found in missing[:MAX_NAMED_CLASSES]]
    if len(missing) > MAX_NAMED_CLASSES:
        named.append(f"{len(missing) - MAX_NAMED_CLASSES} more")
    return f"class {named[0]} has" if len(missing) == 1 else f"classes {listed(named)} have"
