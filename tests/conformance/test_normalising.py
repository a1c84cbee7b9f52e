"""An optimizer is declared to normalise, for the norm of the refinement, if its updates show it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.arrays import Array
from app.engine.batching.stacking import stack
from app.engine.optimizers import OPTIMIZERS

FIRST_ORDER = [pytest.param(cls, id=kind) for kind, cls in OPTIMIZERS.items() if not cls.needs_full_batch]


def last_update(cls: Any, scale: float) -> Array:
    """Return the 20th update, (1, 3), of a gradient whose second component is so many times as large."""
    optimizer, x = stack([cls()]), np.ones((1, 3))
    state, rng = optimizer.begin(x), np.random.default_rng(0)
    rate = np.full((1, 1), cls().learning_rate)
    before = x.copy()
    for k in range(20):
        gradient = rng.normal(1.0, 0.3, x.shape) * np.array([1.0, scale, 1.0])
        before = x.copy()
        optimizer.update(x, gradient, rate, k, state, np.empty_like(x))
    return x - before


@pytest.mark.parametrize("cls", FIRST_ORDER)
def test_a_kind_normalises_if_and_only_if_the_scale_of_a_component_does_not_matter(cls: Any) -> None:
    plain, scaled = last_update(cls, 1.0), last_update(cls, 1000.0)
    # A tenth: the distance estimates of D-Adaptation and Prodigy start from constants that have a scale.
    assert bool(np.all(np.abs(scaled / plain - 1.0) < 0.1)) is cls.normalises
