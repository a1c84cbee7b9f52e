"""Objectives, runs and comparisons that the tests of the engine share."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.data import DATASETS, load
from app.engine.batching.run_batch import Run
from app.engine.losses import Loss
from app.engine.losses.cross_entropy import CrossEntropy
from app.engine.models import Model
from app.engine.models.linear import Linear
from app.engine.models.mlp import MLP
from app.engine.objectives.function import FunctionObjective
from app.engine.objectives.functions import FUNCTIONS
from app.engine.supervised.objective import SupervisedObjective
from app.engine.trajectories.result import BatchResult
from tests.support.kinds import make_optimizer, make_schedule

COLUMNS = (
    "step",
    "loss",
    "validation_loss",
    "learning_rate",
    "gradient_norm",
    "gradient_norm_l1",
    "parameters",
)


def function(name: str = "rosenbrock", dimension: int = 2, **fields: Any) -> FunctionObjective:
    return FunctionObjective(function=FUNCTIONS[name](), dimension=dimension, **fields)


def supervised(
    dataset: str, hidden: tuple[int, ...] = (), activation: str = "relu", **fields: Any
) -> SupervisedObjective:
    model = MLP(hidden=hidden, activation=activation) if hidden else Linear()
    return supervised_on(dataset, model, **fields)


def supervised_on(dataset: str, model: Model, **fields: Any) -> SupervisedObjective:
    data = load(dataset)
    return SupervisedObjective(
        inputs=data.inputs,
        targets=data.targets,
        classes=data.classes,
        sizes=DATASETS[dataset].input_sizes,
        model=model,
        **fields,
    )


def supervised_problem(
    objective: SupervisedObjective,
    replicate: int = 0,
    batch_size: int | None = None,
    *,
    seed: int = 0,
    dtype: type = np.float64,
) -> Any:
    """Return the problem of a replicate; Any, since the form of the model says which arrays its data have."""
    return objective.problem(seed, replicate, batch_size, dtype)


def suited_to(model: Model, loss: type[Loss] = CrossEntropy, **fields: Any) -> SupervisedObjective:
    """Return an objective of the model and the loss on 150 rows of a dataset that both can take.

    A loss of a regression takes classes as numbers.
    """
    datasets = {"pairs": "ratings", "tokens": "sparse_classification"}
    features = "iris" if loss.for_classes else "diabetes"
    objective = supervised_on(datasets.get(model.form, features), model)
    return dataclasses.replace(
        objective,
        inputs=objective.inputs[:150],
        targets=objective.targets[:150],
        classes=objective.classes if loss.for_classes else None,
        loss=loss(),
        **fields,
    )


def run(
    optimizer: str = "adam",
    schedule: str = "constant",
    *,
    batch_size: int | None = None,
    replicate: int = 0,
    schedule_fields: dict[str, float] | None = None,
    settings: dict[str, float] | None = None,
    **fields: float,
) -> Run:
    return Run(
        optimizer=make_optimizer(optimizer, **fields),
        schedule=make_schedule(schedule, **(schedule_fields or {})),
        batch_size=batch_size,
        replicate=replicate,
        settings=settings or {},
    )


def losses_and_gradients(
    objective: Any,
    x: NDArray[np.floating[Any]],
    batch_size: int | None = None,
    settings: dict[str, NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.floating[Any]]]:
    """Evaluate every row of x once, on the first draw of replicate 0."""
    problem = objective.problem(0, 0, batch_size, np.float64)
    gradients, losses = np.zeros_like(x), np.zeros(len(x))
    workspace = objective.workspace([problem] * len(x), x, gradients, settings)
    problem.draw(1)
    workspace.evaluate(0, losses)
    if workspace.defers_losses:
        workspace.fill_deferred_losses(0, x[np.newaxis], losses[np.newaxis])
    return losses, gradients


def assert_same_row(first: BatchResult, i: int, other: BatchResult, j: int) -> None:
    """Require that row i of a batch is row j of the other, bit for bit."""
    assert first.outcomes[i] == other.outcomes[j]
    assert first.reasons[i] == other.reasons[j]
    assert first.steps_done[i] == other.steps_done[j]
    np.testing.assert_array_equal(first.values[i], other.values[j])
    np.testing.assert_array_equal(first.rung_values[i], other.rung_values[j])
    for name in other.metrics:
        np.testing.assert_array_equal(
            first.metrics.get(name, np.full(i + 1, np.nan))[i], other.metrics[name][j]
        )
    assert first.trajectories is not None
    assert other.trajectories is not None
    for column in COLUMNS:
        a, b = getattr(first.trajectories[i], column), getattr(other.trajectories[j], column)
        if b is None:
            assert a is None
        else:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b, err_msg=f"{column} of row {i}")
