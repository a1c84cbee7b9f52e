"""Row i of a batch that mixes every optimizer is that run alone, bit for bit; cases from the registry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.batching.run_batch import Run, run_batch
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.engine.trajectories.result import Outcome
from tests.engine.batching.test_rows_alone import assert_rows_equal_alone
from tests.support.batches import assert_same_row, function, supervised
from tests.support.parity.paths import draw


def every_kind(batch_sizes: tuple[int | None, ...], newton: bool, times: int = 2) -> list[Run]:
    """Return runs of every optimizer with random hyperparameters of the search ranges, in two replicates."""
    random = np.random.RandomState(15)
    runs = []
    for kind, cls in OPTIMIZERS.items():
        if cls.needs_hessian and not newton:
            continue
        for number in range(times):
            fields: dict[str, Any] = {field.name: draw(field, random) for field in hyper_fields(cls)}
            sizes = (None,) if cls.needs_full_batch else batch_sizes
            warmup = float(random.choice([0.0, 0.2]))
            schedule = SCHEDULES["cosine"](warmup_fraction=warmup)
            if cls.momentum_field and random.choice([False, True]):
                cycle = ("one_cycle", "cyclical")[number % 2]
                schedule = SCHEDULES[cycle](warmup_fraction=warmup, cycle_momentum=True)
            size = sizes[number % len(sizes)]
            runs.append(
                Run(
                    optimizer=OPTIMIZERS[kind](**fields),
                    schedule=schedule,
                    batch_size=size,
                    replicate=number % 2,
                )
            )
    random.shuffle(runs)  # type: ignore[arg-type] - a list of any objects, whatever its stubs say
    return runs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dimension", [3, 20])
def test_on_a_noisy_function(dimension: int, dtype: type) -> None:
    runs = every_kind((None,), newton=True, times=3)
    together = assert_rows_equal_alone(function("rosenbrock", dimension, noise=0.1), runs, dtype)
    assert Outcome.PRUNED in together.outcomes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_on_a_network(dtype: type) -> None:
    runs = every_kind((7, 32, None), newton=False)
    together = assert_rows_equal_alone(supervised("iris", (6, 5)), runs, dtype)
    assert Outcome.PRUNED in together.outcomes


@pytest.mark.parametrize("dataset", ["iris", "diabetes"])
def test_on_a_linear_model_with_newton(dataset: str) -> None:
    runs = every_kind((16, None), newton=True)
    assert_rows_equal_alone(supervised(dataset, l2=1e-3), runs, np.float64)


def test_rows_with_and_without_clipping_are_alone_too() -> None:
    limits = [{}, {"gradient_clip_norm": 0.5}, {"gradient_clip_value": 0.1}]
    limits += [{"gradient_clip_norm": 1e3, "gradient_clip_value": 1e3}]
    runs = [
        Run(optimizer=OPTIMIZERS[kind](learning_rate=0.01, **limit), schedule=SCHEDULES["constant"]())
        for kind in ("adam", "sgd", "prodigy")
        for limit in limits
    ]
    together = run_batch(function("rosenbrock", 20), runs, steps=20, seed=0)
    for row, single in enumerate(runs):
        assert_same_row(together, row, run_batch(function("rosenbrock", 20), [single], steps=20, seed=0), 0)
