"""The exported Keras modules in fit(): whole, in parts, and after save() and load_model() (`make parity`).

The backend is that of KERAS_BACKEND: `make parity` runs this file on PyTorch and on JAX.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engine.optimizers import OPTIMIZERS
from app.tuning.exports import FORMATS
from tests.support.exports import module, recommendation
from tests.support.kinds import make_optimizer
from tests.support.parity.regression import (
    BATCH_SIZE,
    EPOCHS,
    HALF,
    START,
    UPDATES,
    Run,
    Vector,
    data,
    engine_path,
    fields,
    gradient,
    runs,
)

os.environ.setdefault("KERAS_BACKEND", "torch")
BACKEND = os.environ["KERAS_BACKEND"]
pytest.importorskip(BACKEND)
if BACKEND == "jax":
    importlib.import_module("jax").config.update("jax_enable_x64", True)
keras = pytest.importorskip("keras")

KINDS = [kind for kind in OPTIMIZERS if make_optimizer(kind).rule() is not None]
AVERAGING = [kind for kind in KINDS if OPTIMIZERS[kind].averages]
LIMITS = {"gradient_clip_norm": 0.7, "gradient_clip_value": 0.5}
LIMITED = ["adam", "radam", "dog"]  # one kind of each form of module

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras' variables


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


# PyTorch's backend of Keras takes means and products of matrices in single precision: not these two.
@keras.saving.register_keras_serializable("parity")
class Linear(keras.layers.Layer):  # type: ignore[misc,name-defined]  # not among the dependencies
    """A layer of two units."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 2), name="kernel")
        self.bias = self.add_weight(shape=(2,), name="bias")

    def call(self, inputs: Any) -> Any:
        return keras.ops.sum(inputs[:, :, None] * self.kernel, axis=1) + self.bias


@keras.saving.register_keras_serializable("parity")
class Mean(keras.losses.Loss):  # type: ignore[misc,name-defined]  # likewise
    """The mean squared error of a batch."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return keras.ops.sum((y_true - y_pred) ** 2) / (2 * BATCH_SIZE)


def rtol(run: Run) -> float:
    """Keras scales eps in its own Adam and AdamW, 1e-8 against gradients of order 1."""
    exported = FORMATS["keras"].render(recommendation(run.schedule, run.optimizer), UPDATES)
    return 1e-4 if "keras.optimizers.Adam" in exported else 1e-8


def exported_module(run: Run) -> types.ModuleType:
    exported = run.exported("keras")
    sys.modules["exported"] = exported  # where Keras looks for the classes of a saved model
    return exported


def compiled(exported: types.ModuleType) -> Any:
    model = keras.Sequential([keras.layers.Input((3,)), Linear()])
    model.set_weights([START[:6].reshape(3, 2), START[6:]])
    model.compile(optimizer=exported.make_optimizer(), loss=Mean())
    return model


def fit(run: Run, model: Any, epochs: int, **more: Any) -> dict[str, list[float]]:
    inputs, targets = data(run.kind)
    history = model.fit(
        inputs, targets, batch_size=BATCH_SIZE, epochs=epochs, shuffle=False, verbose=0, **more
    )
    return dict(history.history)


def saved_and_loaded(model: Any, folder: Path) -> Any:
    model.save(folder / "model.keras")
    return keras.saving.load_model(folder / "model.keras")


def parameters(model: Any) -> Vector:
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def assert_fits_alike(run: Run, folder: Path, expected: Vector, tolerance: float, **more: Any) -> None:
    """In one call, and in three with a saved and loaded model before the last."""
    whole = compiled(exported_module(run))
    fit(run, whole, EPOCHS, **more)
    np.testing.assert_allclose(parameters(whole), expected, tolerance, err_msg=str(run))
    parts = compiled(exported_module(run))
    fit(run, parts, 1, **more)
    fit(run, parts, 1, **more)
    parts = saved_and_loaded(parts, folder)
    fit(run, parts, EPOCHS - 2, **more)
    np.testing.assert_allclose(parameters(parts), parameters(whole), 1e-9, err_msg=str(run))
    assert int(parts.optimizer.iterations) == UPDATES


@pytest.mark.parametrize("run", runs(KINDS), ids=lambda run: run.name)
def test_fits_take_the_engines_steps_whole_in_parts_and_from_a_file(run: Run, tmp_path: Path) -> None:
    assert_fits_alike(run, tmp_path, engine_path(run)[0][-1], rtol(run))


@pytest.mark.parametrize("kind", LIMITED)
def test_gradient_limits_hold_in_keras_fits_too(kind: str, tmp_path: Path) -> None:
    run = Run(fields(kind, **LIMITS))
    # Keras divides by the norm, PyTorch and the engine by norm + 1e-6.
    assert_fits_alike(run, tmp_path, engine_path(run)[0][-1], 1e-4)


@pytest.mark.parametrize("kind", AVERAGING)
def test_a_callback_validates_and_leaves_the_model_at_the_average(kind: str, tmp_path: Path) -> None:
    run = Run(fields(kind))
    exported = exported_module(run)
    end = engine_path(run)[1]
    assert_fits_alike(run, tmp_path, end, 1e-8, callbacks=[exported.Averaging()])
    model = compiled(exported)
    history = fit(run, model, EPOCHS, callbacks=[exported.Averaging()], validation_data=data(kind))
    np.testing.assert_allclose(parameters(model), end, 1e-8)
    at_the_average = model.evaluate(*data(kind), batch_size=BATCH_SIZE, verbose=0)
    assert history["val_loss"][-1] == pytest.approx(at_the_average, rel=1e-6)
    model.optimizer.train()
    np.testing.assert_allclose(parameters(model), engine_path(run)[0][-1], 1e-8)


@pytest.mark.parametrize("kind", AVERAGING)
def test_training_continues_from_its_point_after_an_update_at_the_average(kind: str) -> None:
    run = Run(fields(kind))
    path, _ = engine_path(run)
    optimizer = exported_module(run).make_optimizer()
    parts = [keras.Variable(START[:6].reshape(3, 2)), keras.Variable(START[6:])]
    for k in range(UPDATES):
        g = gradient(run, path[k - 1] if k else START, k)
        optimizer.apply([keras.ops.convert_to_tensor(p) for p in (g[:6].reshape(3, 2), g[6:])], parts)
        if k == HALF:
            optimizer.eval()
    parameters = np.concatenate([keras.ops.convert_to_numpy(part).ravel() for part in parts])
    np.testing.assert_allclose(parameters, path[-1], 1e-8)


def test_a_rate_costs_the_same_at_any_horizon() -> None:
    if BACKEND != "torch":
        pytest.skip("JAX looks a rate up in a compiled function")

    def seconds(horizon: int) -> float:
        answer = recommendation({"kind": "one_cycle", "cycle_momentum": True})
        exported = module(FORMATS["keras"].render(answer, horizon))
        schedule, taken = exported.make_schedule(), []
        for k in range(20):
            step = keras.ops.convert_to_tensor(k)
            begun = time.perf_counter()
            schedule(step)
            exported.momentum_at(keras.ops.cast(step, "float64"))
            taken.append(time.perf_counter() - begun)
        return min(taken)

    assert seconds(30_000) < 10 * seconds(500)
