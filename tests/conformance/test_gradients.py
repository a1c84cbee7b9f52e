"""Gradients of every model, loss, activation and initialisation against central differences."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.activations import ACTIVATIONS
from app.engine.losses import LOSSES
from app.engine.models import MODELS, Model
from app.engine.models.embedding_bag import EmbeddingBag
from app.engine.models.matrix_factorization import MatrixFactorization
from app.engine.models.mlp import MLP
from app.engine.supervised.objective import SupervisedObjective
from tests.support.batches import suited_to

ROWS = 3  # runs of a batch, each with its own settings
STEP = 1e-5
# A difference of two losses near 1 has an error of 1e-16 / STEP; against gradients near 0.1 that is 1e-10.
RTOL, ATOL = 1e-6, 1e-9


def models() -> Iterator[Model]:
    """Yield every model at its defaults, and the multilayer perceptron in every form."""
    yield from (cls() for cls in MODELS.values())
    yield EmbeddingBag(mode="sum", embedding_dimension=1)
    yield MatrixFactorization(rank=1)
    for activation, norm in itertools.product(ACTIVATIONS, (False, True)):
        yield MLP(hidden=(5, 4), activation=activation, layer_norm=norm)


def label(model: Model) -> str:
    """Return the name of a case."""
    fields = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    told = [str(value) for name, value in fields.items() if name in ("activation", "layer_norm")]
    return " ".join([model.kind, *told])


CASES = [
    pytest.param(model, loss, id=f"{label(model)}, {loss.kind}")
    for model in models()
    for loss in LOSSES.values()
    if model.form != "pairs" or not loss.for_classes
]


def random_settings(
    objective: SupervisedObjective, random: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Return values within the range of every setting, and zero in the first row."""
    columns = {name: random.uniform(0.05, 0.4, size=(ROWS, 1)) for name in objective.settings}
    columns["l2"] *= min(
        1.0, 10 / objective.dimension
    )  # with thousands of weights l2 would hide the digits of the loss
    for column in columns.values():
        column[0] = 0.0
    return columns


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
