"""The peer that compiles: `jax.vmap` of a `lax.scan` over the steps, one row a trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.engine.works import Training

# Any below: jax's own arrays and trees of them.


class JaxScan:
    """All trials of a training on an MLP, with their rates and decays, and the loss of every step.

    units_first: weights on the left of examples in columns, as in our engine, and the fastest of the forms
    that were tried (one-hot targets, flat parameters, gathering within the scan, other flags of XLA). The
    other way round is how one writes it.
    """

    def __init__(self, training: Training, *, units_first: bool) -> None:
        data = training.minibatches()
        inputs = data.inputs.transpose(0, 2, 1).copy() if units_first else data.inputs
        weights = [part if units_first else np.ascontiguousarray(part.T) for part in data.start]
        self._batches = (jnp.asarray(inputs), jnp.asarray(data.targets))
        self._start = tuple(jnp.asarray(part) for part in weights)
        self._rows = (
            jnp.asarray(training.rates, dtype=jnp.float32),
            jnp.asarray(training.decays, dtype=jnp.float32),
        )
        self._loss = _units_first if units_first else _examples_first
        self._compiled = self._compile()

    def __call__(self) -> Any:
        """Run the compiled scan; return the losses, (trials, steps), and the last parameters."""
        return jax.block_until_ready(self._compiled(*self._rows))

    def with_compilation(self) -> Any:
        """Compile and run, as the first call of a process does."""
        return jax.block_until_ready(self._compile()(*self._rows))

    def _compile(self) -> Callable[..., Any]:
        def train(rate: Any, decay: Any) -> Any:
            zeros = jax.tree.map(jnp.zeros_like, self._start)
            carry = (self._start, zeros, zeros, jnp.float32(0))
            (parameters, *_), losses = jax.lax.scan(_step(self._loss, rate, decay), carry, self._batches)
            return losses, parameters

        compiled: Callable[..., Any] = jax.jit(jax.vmap(train)).lower(*self._rows).compile()
        return compiled


def _step(loss: Callable[..., Any], rate: Any, decay: Any) -> Callable[..., Any]:
    """Make an update by Adam, with the bias corrections in front."""

    def step(carry: Any, batch: Any) -> Any:
        parameters, means, squares, count = carry
        value, gradients = jax.value_and_grad(loss)(parameters, *batch)
        count = count + 1
        first, second = rate / (1 - decay**count), 1 / (1 - 0.999**count)
        means = jax.tree.map(lambda m, g: decay * m + (1 - decay) * g, means, gradients)
        squares = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, squares, gradients)
        parameters = jax.tree.map(
            lambda p, m, v: p - first * m / (jnp.sqrt(v * second) + 1e-8), parameters, means, squares
        )
        return (parameters, means, squares, count), value

    return step


def _examples_first(parameters: Any, x: Any, y: Any) -> Any:
    w1, b1, w2, b2 = parameters
    outputs = jax.nn.relu(x @ w1 + b1) @ w2 + b2
    picked = jnp.take_along_axis(outputs, y[:, jnp.newaxis], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(outputs, axis=1) - picked)


def _units_first(parameters: Any, x: Any, y: Any) -> Any:
    w1, b1, w2, b2 = parameters
    outputs = w2 @ jax.nn.relu(w1 @ x + b1[:, jnp.newaxis]) + b2[:, jnp.newaxis]
    picked = jnp.take_along_axis(outputs, y[jnp.newaxis], axis=0)[0]
    return jnp.mean(jax.nn.logsumexp(outputs, axis=0) - picked)
