"""Loads the arrays of a dataset by its name."""

from __future__ import annotations

from functools import cache

from app.data import builtin
from app.data.catalogue import DATASETS
from app.data.dataset import Data
from app.data.generated import GENERATED


@cache
def load(name: str) -> Data:
    """Return a dataset by name, read or generated once; KeyError names the known datasets."""
    if name not in DATASETS:
        raise KeyError(f"{name!r} is no dataset; choose one of: {', '.join(DATASETS)}")
    if name in GENERATED:
        return GENERATED[name]().data()
    return builtin.read(name, DATASETS[name].classes)
