"""Losses and gradients of models on data, against central differences and plain formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.inputs.features import FeatureBatch
from app.engine.losses.squared import Squared
from app.engine.models.embedding_bag import EmbeddingBag
from app.engine.models.matrix_factorization import MatrixFactorization
from app.engine.models.mlp import MLP
from app.engine.supervised.objective import SupervisedObjective
from tests.support.batches import (
    losses_and_gradients,
    suited_to,
    supervised,
    supervised_on,
    supervised_problem,
)

OBJECTIVES = {
    "linear classifier": lambda: supervised("iris"),
    "linear regression": lambda: supervised("diabetes"),
    "relu classifier": lambda: supervised("iris", (6,)),
    "tanh classifier": lambda: supervised("iris", (5, 4), "tanh"),
    "relu regression": lambda: supervised("diabetes", (5, 3)),
    "tanh regression with l2": lambda: supervised("diabetes", (4,), "tanh", l2=0.1),
    "relu classifier with l2": lambda: supervised("iris", (5, 1), l2=0.03),
    "layer norm classifier": lambda: supervised_on("iris", MLP(hidden=(6, 4), layer_norm=True)),
    "factorization": lambda: suited_to(MatrixFactorization(rank=3), loss=Squared),
    "embedding bag": lambda: suited_to(EmbeddingBag()),
    # Wide enough that products are cut into parts.
    "wide classifier": lambda: supervised("iris", (520, 3), "tanh"),
}


def starts(objective: SupervisedObjective, rows: int) -> NDArray[np.float64]:
    """Return the default initialisation plus noise: at the start itself some units are too much alike."""
    start = objective.problem(0, 0, None, np.float64).start()
    return start + 0.1 * np.random.default_rng(3).normal(size=(rows, objective.dimension))


@pytest.mark.parametrize("batch_size", [None, 16, 1])
@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_gradients_are_central_differences_of_the_loss(name: str, batch_size: int | None) -> None:
    objective = OBJECTIVES[name]()
    x = starts(objective, 2)
    _, gradients = losses_and_gradients(objective, x, batch_size)
    step = 1e-5
    for i in np.random.default_rng(4).choice(
        objective.dimension, size=min(12, objective.dimension), replace=False
    ):
        shift = step * np.eye(objective.dimension)[i]
        above, _ = losses_and_gradients(objective, x + shift, batch_size)
        below, _ = losses_and_gradients(objective, x - shift, batch_size)
        np.testing.assert_allclose(gradients[:, i], (above - below) / (2 * step), rtol=1e-6, atol=1e-8)


def test_the_loss_of_a_classifier_is_the_mean_cross_entropy_plus_the_penalty_on_weights() -> None:
    objective = supervised("iris", (6,), "tanh", l2=0.1)
    x = starts(objective, 1)
    losses, _ = losses_and_gradients(objective, x)
    training = supervised_problem(objective).split.training
    first, second = x[0, : 6 * 5].reshape(6, 5), x[0, 6 * 5 :].reshape(3, 7)
    hidden = np.tanh(training.inputs.examples @ first.T)
    logits = hidden @ second[:, :6].T + second[:, 6]
    chosen = logits[np.arange(len(logits)), training.targets]
    penalty = 0.1 * ((first[:, :4] ** 2).sum() + (second[:, :6] ** 2).sum())
    expected = np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen) + penalty
    assert losses[0] == pytest.approx(expected, rel=1e-12)


def test_the_loss_of_a_regression_is_the_mean_square_without_a_half() -> None:
    objective = supervised("diabetes")
    x = starts(objective, 1)
    losses, _ = losses_and_gradients(objective, x)
    training = supervised_problem(objective).split.training
    assert losses[0] == pytest.approx(
        np.mean((training.inputs.examples @ x[0] - training.targets) ** 2), rel=1e-12
    )


def test_the_start_is_uniform_within_one_over_the_root_of_the_inputs() -> None:
    objective = supervised("digits", (400,))
    start = objective.problem(0, 0, None, np.float64).start()
    first = start[: 400 * 65]
    assert np.abs(first).max() <= 1 / 8
    assert first.std() == pytest.approx(1 / 8 / np.sqrt(3), rel=0.02)
    assert np.abs(start[400 * 65 :]).max() <= 1 / 20


def test_not_a_number_passes_the_relu() -> None:
    architecture = MLP(hidden=(3,)).architecture((2,), 1)
    for sign in (1.0, -1.0):
        x = np.full((1, architecture.dimension), np.copysign(np.nan, sign))
        network = architecture.network(x, [slice(0, 1)], 4)
        network.forward([FeatureBatch(np.ones((3, 4)), np.ones((4, 3)))])
        assert np.isnan(network.outputs).all()


def test_huge_outputs_give_a_finite_loss() -> None:
    objective = supervised("iris")
    x = np.full((1, objective.dimension), 1e200)
    x[0, :5] = -1e200
    losses, gradients = losses_and_gradients(objective, x)
    assert np.isfinite(losses).all()
    assert np.isfinite(gradients).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metric": "accuracy"}, "'accuracy' is not offered here"),
        ({"classes": 2}, "targets run from 0 to 2; number 2 classes from 0"),
        ({"l2": -1.0}, "l2 must be >= 0, got -1.0"),
        ({"inputs": np.ones((4, 2)), "targets": np.zeros(4, int)}, "got 4 rows"),
    ],
)
def test_an_impossible_objective_is_refused(fields: dict[str, Any], message: str) -> None:
    iris = supervised("iris")
    plain = {name: getattr(iris, name) for name in ("inputs", "targets", "classes", "model")}
    with pytest.raises(ValueError, match=message):
        SupervisedObjective(**(plain | fields))
