"""Gradients of every model, loss, activation and initialisation against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.models import Model
from tests.support.batches import suited_to
from tests.support.network_cases import CASES, ROWS, random_settings

STEP = 1e-5
# A difference of two losses near 1 has an error of 1e-16 / STEP; against gradients near 0.1 that is 1e-10.
RTOL, ATOL = 1e-6, 1e-9


@pytest.mark.parametrize("batch_size", [None, 1])
@pytest.mark.parametrize(("model", "loss"), CASES)
def test_gradients_are_central_differences_of_the_loss(
    model: Model, loss: Any, batch_size: int | None
) -> None:
    """The rows of a batch have l2, label smoothing and dropout of their own; the masks stay the same."""
    objective = suited_to(model, loss)
    random = np.random.default_rng(3)
    settings = random_settings(objective, random)
    x = objective.problem(0, 0, None, np.float64).start() + 0.1 * random.normal(
        size=(ROWS, objective.dimension)
    )
    point, gradients = x.copy(), np.zeros_like(x)
    problem = objective.problem(0, 0, batch_size, np.float64)
    workspace = objective.workspace([problem] * ROWS, x, gradients, settings)
    problem.draw(1)  # minibatch and dropped units, the same for every evaluation

    def losses_at(shift: NDArray[np.float64]) -> NDArray[np.float64]:
        losses = np.zeros(ROWS)
        x[...] = point + shift
        workspace.evaluate(0, losses)
        return losses

    losses_at(np.zeros(objective.dimension))
    gradients_at_x = gradients.copy()
    # Of tables, most of which a minibatch does not touch, mostly parameters that it does.
    moved = np.flatnonzero(gradients_at_x.any(axis=0))
    chosen = random.choice(moved, size=min(12, len(moved)), replace=False)
    for i in {*chosen.tolist(), *random.choice(objective.dimension, size=3).tolist()}:
        shift = np.zeros(objective.dimension)
        shift[i] = STEP
        difference = (losses_at(shift) - losses_at(-shift)) / (2 * STEP)
        np.testing.assert_allclose(gradients_at_x[:, i], difference, RTOL, ATOL)
