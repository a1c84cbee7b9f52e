"""Every model with every loss that it can take, and random settings of a batch's rows."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

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

ROWS = 3  # runs of a batch, each with settings of its own


def models() -> Iterator[Model]:
    """Yield every model at its defaults, and the multilayer perceptron in every form."""
    yield from (cls() for cls in MODELS.values())
    yield EmbeddingBag(mode="sum", embedding_dimension=1)
    yield MatrixFactorization(rank=1)
    for activation, norm in itertools.product(ACTIVATIONS, (False, True)):
        yield MLP(hidden=(5, 4), activation=activation, layer_norm=norm)


def label(model: Model) -> str:
    """Return the name of a model in the list of tests."""
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
    """Return a column (ROWS, 1) for each setting: values within its range, and zero in the first row."""
    columns = {name: random.uniform(0.05, 0.4, size=(ROWS, 1)) for name in objective.settings}
    # With thousands of weights, l2 would hide the digits of the loss.
    columns["l2"] *= min(1.0, 10 / objective.dimension)
    for column in columns.values():
        column[0] = 0.0
    return columns
