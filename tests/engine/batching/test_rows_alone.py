"""Row i of a batch equals run i alone, bit for bit, also if other rows stop."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from app.data import load
from app.engine.activations import ACTIVATIONS
from app.engine.batching.run_batch import Run, run_batch
from app.engine.models.mlp import MLP
from app.engine.supervised.objective import SupervisedObjective
from app.engine.trajectories.result import Outcome
from tests.support.batches import assert_same_row, function, run, supervised
from tests.support.rows_alone import assert_rows_equal_alone


def mixed_runs(
    random: np.random.Generator, count: int, batch_sizes: list[int | None], highest: float
) -> list[Run]:
    """Return runs of every optimizer, variant and schedule in three replicates, at rates up to `highest`."""
    runs = []
    for i in range(count):
        kind = ("adam", "sgd", "momentum", "rmsprop")[i % 4]
        fields: dict[str, Any] = {"learning_rate": 10 ** random.uniform(-4, np.log10(highest))}
        if random.random() < 0.4:
            fields["weight_decay"] = 10 ** random.uniform(-4, -1)
        if kind == "rmsprop":
            fields |= {"momentum": random.choice([0.0, 0.9]), "centered": bool(random.random() < 0.5)}
        if kind == "momentum":
            fields["dampening"] = random.choice([0.0, 0.3])
        if kind == "adam":
            fields["beta1"] = random.uniform(0.0, 0.99)
        runs.append(
            run(
                kind,
                ("constant", "cosine")[int(random.integers(2))],
                schedule_fields={"warmup_fraction": float(random.choice([0.0, 0.1]))},
                batch_size=batch_sizes[int(random.integers(len(batch_sizes)))],
                replicate=int(random.integers(3)),
                **fields,
            )
        )
    return runs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("objective", "batch_sizes"),
    [
        (supervised("iris", (5, 1, 9), l2=1e-3), [1, 7, 32, None]),
        (supervised("iris", (6, 3), "tanh"), [1, 2, 89, 90]),
        (supervised("iris"), [1, 16, None]),
        (supervised("diabetes", (17,)), [1, 33, None]),
        (supervised("diabetes", l2=1e-2), [1, 16, 200]),
        (supervised("digits", (33,)), [64, 128]),
        # Ten classes and a lone example: enough terms for a sum in pairs to differ from one in order.
        (supervised("digits"), [1]),
        # Products of these shapes are cut into parts.
        (supervised("digits", (130,), metric="validation_error"), [128]),
    ],
    ids=["deep", "tanh", "linear", "regression", "linear regression", "digits", "lone digits", "wide"],
)
def test_a_models_row_equals_the_run_alone(
    objective: Any, batch_sizes: list[int | None], dtype: type
) -> None:
    runs = mixed_runs(np.random.default_rng(6), 20, batch_sizes, highest=1e4)
    together = assert_rows_equal_alone(objective, runs, dtype)
    assert Outcome.PRUNED in together.outcomes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("layer_norm", [False, True])
def test_a_row_with_individual_settings_equals_the_run_alone(
    layer_norm: bool, activation: str, dtype: type
) -> None:
    """Some rows have dropout, label smoothing, l2 or another scale, and others not."""
    data = load("iris")
    model = MLP(hidden=(5, 1, 3), activation=activation, layer_norm=layer_norm)
    objective = SupervisedObjective(
        inputs=data.inputs, targets=data.targets, classes=data.classes, model=model
    )
    random = np.random.default_rng(9)
    ranges = {"l2": 0.1, "model.dropout": 0.6, "model.initialisation_scale": 3.0, "loss.label_smoothing": 0.3}
    runs = []
    for single in mixed_runs(random, 16, [1, 2, 17, None], highest=1e3):
        settings = {
            name: random.uniform(0.01, high) for name, high in ranges.items() if random.random() < 0.5
        }
        runs.append(dataclasses.replace(single, settings=settings))
    assert_rows_equal_alone(objective, runs, dtype, steps=35)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("dimension", [2, 3, 11, 40, 700])
def test_a_functions_row_equals_the_run_alone(dimension: int, noise: float, dtype: type) -> None:
    runs = mixed_runs(np.random.default_rng(7), 24, [None], highest=10.0)
    together = assert_rows_equal_alone(function("rosenbrock", dimension, noise=noise), runs, dtype)
    assert set(together.outcomes) == set(Outcome)


def test_a_long_runs_row_equals_the_run_alone() -> None:
    runs = mixed_runs(np.random.default_rng(8), 12, [None], highest=0.1)
    assert_rows_equal_alone(function("rosenbrock", 3, noise=0.1), runs, np.float64, steps=1300)


def test_the_number_of_blocks_does_not_change_a_row() -> None:
    objective = supervised("digits", (32,))
    runs = [run(learning_rate=1e-4 * (1 + i), batch_size=64) for i in range(70)]
    together = run_batch(objective, runs, steps=6, seed=0, dtype=np.float32)
    for row in (0, 13, 35, 69):
        assert_same_row(
            together, row, run_batch(objective, [runs[row]], steps=6, seed=0, dtype=np.float32), 0
        )
