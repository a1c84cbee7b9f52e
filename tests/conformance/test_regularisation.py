"""The regularising hyperparameters pull towards the origin, and no others do."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.batching.stacking import stack
from app.engine.hyper import HyperField, hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.optimizers.base import Optimizer
from tests.support.kinds import make_optimizer

FIELDS = [
    pytest.param(cls, field, id=f"{kind}.{field.name}")
    for kind, cls in OPTIMIZERS.items()
    for field in hyper_fields(cls)
]


def moved(optimizer: Optimizer, updates: int = 3) -> float:
    """Return how much nearer to the origin a parameter without a gradient is after some updates."""
    stacked = stack([optimizer])
    x = np.full((1, 2), 2.0)
    state = stacked.begin(x)
    if optimizer.needs_hessian:
        state["hessian"][...] = np.eye(2)
    for k in range(updates):
        stacked.update(
            x, np.array([[0.0, 1.0]]), np.asarray(stacked.learning_rate), k, state, np.empty_like(x)
        )
    return float(2.0 - x[0, 0])


@pytest.mark.parametrize(("cls", "field"), FIELDS)
def test_a_regularising_hyperparameter_pulls_to_the_origin(cls: type[Optimizer], field: HyperField) -> None:
    plain = {other.name: 0.0 for other in hyper_fields(cls) if other.hyper.regularises}
    values = field.hyper.search or field.hyper.choices
    pulls = [moved(make_optimizer(cls.kind, **plain | {field.name: value})) > 0.0 for value in values]
    assert pulls == [field.hyper.regularises] * len(values)
