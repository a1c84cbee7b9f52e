"""The exported optax modules in a jitted training loop, and after a checkpoint (`make parity`)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from app.engine.optimizers import OPTIMIZERS
from tests.support.kinds import make_optimizer
from tests.support.parity.regression import HALF, START, UPDATES, Run, Vector, batch, engine_path, runs

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

KINDS = [kind for kind in OPTIMIZERS if make_optimizer(kind).rule() is not None]


class Loop:
    """Parameters, an optimizer's state and the jitted update, which is given the memory of both."""

    def __init__(self, run: Run) -> None:
        jax.config.update("jax_enable_x64", True)
        self.run, self.exported = run, run.exported("optax")
        optimizer = self.exported.make_optimizer()
        self.parameters = {
            "kernel": jax.numpy.array(START[:6].reshape(3, 2)),
            "bias": jax.numpy.array(START[6:]),
        }
        self.state = optimizer.init(self.parameters)

        def loss(parameters: Any, inputs: Any, targets: Any) -> Any:
            outputs = inputs @ parameters["kernel"] + parameters["bias"]
            return jax.numpy.mean((outputs - targets) ** 2)

        def update(parameters: Any, state: Any, inputs: Any, targets: Any) -> Any:
            gradients = jax.grad(loss)(parameters, inputs, targets)
            steps, state = optimizer.update(gradients, state, parameters)
            return optax.apply_updates(parameters, steps), state

        self.update = jax.jit(update, donate_argnums=(0, 1))

    def train(self, first: int, last: int) -> None:
        for k in range(first, last):
            inputs, targets = batch(self.run.kind, k)
            self.parameters, self.state = self.update(self.parameters, self.state, inputs, targets)

    def checkpoint(self) -> bytes:
        """Return the leaves of both trees as NumPy writes them."""
        file = io.BytesIO()
        leaves = jax.tree.leaves((self.parameters, self.state))
        np.savez(file, *(np.asarray(leaf) for leaf in leaves))
        return file.getvalue()

    def restore(self, written: bytes) -> None:
        """Fill the trees of a fresh start from a checkpoint."""
        leaves = np.load(io.BytesIO(written))
        structure = jax.tree.structure((self.parameters, self.state))
        restored = [jax.numpy.array(leaves[name]) for name in leaves.files]
        self.parameters, self.state = jax.tree.unflatten(structure, restored)


def vector(parameters: Any) -> Vector:
    return np.concatenate([np.asarray(parameters["kernel"]).ravel(), np.asarray(parameters["bias"])])


@pytest.mark.parametrize("run", runs(KINDS), ids=lambda run: run.name)
def test_a_jitted_loop_takes_the_engines_steps_whole_and_from_a_checkpoint(run: Run) -> None:
    path, end = engine_path(run)
    loop = Loop(run)
    loop.train(0, HALF)
    written = loop.checkpoint()
    loop.train(HALF, UPDATES)
    np.testing.assert_allclose(vector(loop.parameters), path[-1], 1e-8)
    resumed = Loop(run)
    resumed.update = loop.update  # compiled already
    resumed.restore(written)
    resumed.train(HALF, UPDATES)
    np.testing.assert_array_equal(vector(resumed.parameters), vector(loop.parameters))
    if OPTIMIZERS[run.kind].averages:
        average = resumed.exported.evaluation_parameters(resumed.parameters, resumed.state)
        np.testing.assert_allclose(vector(average), end, 1e-8)
