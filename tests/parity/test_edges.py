"""Exported optimizers at the ends of their hyperparameters' ranges, in every framework (`make parity`)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from tests.support.kinds import make_optimizer
from tests.support.parity.regression import START, Run, Vector, engine_path, fields, gradient

os.environ.setdefault("KERAS_BACKEND", "torch")
STEPS = 6
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras' variables
OTHERS = ("learning_rate", "gradient_clip_norm", "gradient_clip_value")  # limits are tested for themselves
SHAPES = ((3, 2), (2,))


def edges(kind: str) -> list[Run]:
    """Return a run for each bound that a value may take, and for each end of a range that is searched."""
    edges = []
    for field in hyper_fields(OPTIMIZERS[kind]):
        if field.name in OTHERS or field.type is not float:
            continue
        values = {field.hyper.ge, *(field.hyper.search or ())} - {None, field.default}
        edges += [
            Run(fields(kind, **{field.name: float(value)}), {"kind": "constant"}) for value in sorted(values)
        ]
    return edges


def parts(x: Vector) -> list[Vector]:
    return [x[:6].reshape(3, 2), x[6:]]


def torch_path(run: Run) -> Iterator[Vector]:
    torch = importlib.import_module("torch")
    points = [torch.nn.Parameter(torch.tensor(part)) for part in parts(START)]
    optimizer = run.exported("torch").make_optimizer(points)
    for k in range(STEPS):
        x = np.concatenate([point.detach().numpy().ravel() for point in points])
        for point, g in zip(points, parts(gradient(run, x, k)), strict=True):
            point.grad = torch.tensor(g)
        optimizer.step()
        yield np.concatenate([point.detach().numpy().ravel() for point in points])


def keras_path(run: Run) -> Iterator[Vector]:
    keras = importlib.import_module("keras")
    points = [keras.Variable(part, dtype="float64") for part in parts(START)]
    optimizer = run.exported("keras").make_optimizer()
    x = START
    for k in range(STEPS):
        gradients = [keras.ops.convert_to_tensor(g, dtype="float64") for g in parts(gradient(run, x, k))]
        optimizer.apply(gradients, points)
        x = np.concatenate([keras.ops.convert_to_numpy(point.value).ravel() for point in points])
        yield x


def optax_path(run: Run) -> Iterator[Vector]:
    jax, optax = importlib.import_module("jax"), importlib.import_module("optax")
    points = [jax.numpy.array(part) for part in parts(START)]
    optimizer = run.exported("optax").make_optimizer()
    state, x = optimizer.init(points), START
    for k in range(STEPS):
        gradients = [jax.numpy.array(g) for g in parts(gradient(run, x, k))]
        steps, state = optimizer.update(gradients, state, points)
        points = optax.apply_updates(points, steps)
        x = np.concatenate([np.asarray(point).ravel() for point in points])
        yield x


PATHS: dict[str, Any] = {"keras": keras_path, "optax": optax_path, "torch": torch_path}


@pytest.fixture(autouse=True)
def double_precision(framework: str) -> Iterator[None]:
    torch = pytest.importorskip("torch")
    pytest.importorskip(framework)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    if framework == "optax":
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    if framework == "keras":
        importlib.import_module("keras").config.set_floatx("float64")
    yield
    torch.set_default_dtype(before)


def has_form(kind: str, framework: str) -> bool:
    if framework == "torch":
        return OPTIMIZERS[kind].reference is not None
    return make_optimizer(kind).rule() is not None


@pytest.mark.parametrize("framework", PATHS)
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_hyperparameter_at_an_end_of_its_range_takes_the_engines_steps(kind: str, framework: str) -> None:
    if not has_form(kind, framework):
        pytest.skip(f"{kind} has no {framework} form")
    compared = edges(kind)
    assert compared or kind == "lbfgs"
    for run in compared:
        expected = engine_path(run, least=0.0)[0][:STEPS]
        path = np.array(list(PATHS[framework](run)))
        # Keras' own Adam and AdamW, which scale an eps of 1e-8 and less.
        tolerance = 1e-5 if framework == "keras" and kind in ("adam", "adamw") else 1e-8
        np.testing.assert_allclose(path, expected, tolerance, 1e-12, err_msg=str(run))
