"""The minibatches of one replicate: consecutive slices of one permutation an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.inputs.base import Minibatches, Repeated
from app.engine.objectives.base import Problem
from app.engine.seeds import Purpose, stream
from app.engine.supervised.split import Split


class SupervisedProblem(Problem):
    """The data of one replicate, its start, and its minibatches.

    The permutations of the epochs are drawn in sequence from one stream, so that they are equal for all batch
    sizes; the last slice of an epoch is dropped where it is incomplete. Without a batch size every step sees
    the whole training part, in its own order.

    Of the steps drawn last, minibatches: a batch of the model's form each; targets: (S, batch); noise:
    (S, units, batch), uniform numbers in single precision, where `want_noise` asked for some.
    """

    def __init__(
        self,
        split: Split,
        start: NDArray[np.float64],
        scaled: NDArray[np.bool_],
        settings: Mapping[str, float],
        dtype: type,
        seed: int,
        replicate: int,
        batch_size: int | None,
    ) -> None:
        """start: (D,). scaled: the parameters that "model.initialisation_scale" multiplies.

        settings: what a run has that has none of its own.
        """
        rows = len(split.training.targets)
        if batch_size is not None and not 1 <= batch_size <= rows:
            raise ValueError(
                f"batch_size {batch_size} is not within 1 and the {rows} training rows; "
                "lower it, or leave it out for the full batch"
            )
        self.split = split
        self.batch = batch_size or rows
        self.minibatches: Minibatches
        self.targets: NDArray[Any]
        self.noise: NDArray[np.float32]
        self._start, self._scaled, self._settings, self._dtype = start, scaled, settings, dtype
        self._is_full = batch_size is None
        self._order = stream(seed, Purpose.ORDER, replicate)
        self._left: NDArray[np.int64] = np.empty(0, dtype=np.int64)  # what the epoch has left
        self._noise_units = 0
        self._uniform = stream(seed, Purpose.DROPOUT, replicate)

    def start(self, settings: Mapping[str, float] | None = None) -> Array:
        """(D,)"""
        scale = {**self._settings, **(settings or {})}.get("model.initialisation_scale", 1.0)
        return np.where(self._scaled, self._start * scale, self._start).astype(self._dtype)

    def want_noise(self, units: int) -> None:
        """From the next draw on there are uniform numbers, for so many units of an example."""
        self._noise_units = units

    def draw(self, steps: int) -> None:
        """Gathers the minibatches of the next steps."""
        training = self.split.training
        if self._is_full:
            self.minibatches = Repeated(training.inputs.between(0, len(training.targets)))
            self.targets = np.broadcast_to(training.targets, (steps, *training.targets.shape))
        else:
            rows = self._next_rows(steps)
            self.minibatches = training.inputs.draw(rows)
            self.targets = training.targets[rows]
        if self._noise_units:
            shape = (steps, self._noise_units, self.batch)
            self.noise = self._uniform.random(shape, dtype=np.float32)

    def bytes_per_step(self) -> int:
        """A minibatch, and its noise."""
        drawn = 0 if self._is_full else self.split.training.inputs.drawn_bytes(self.batch)
        return drawn + self._noise_units * self.batch * np.dtype(np.float32).itemsize

    def _next_rows(self, steps: int) -> NDArray[np.int64]:
        """Which training rows each of the next minibatches holds: (steps, batch)."""
        rows = len(self.split.training.targets)
        whole = rows // self.batch * self.batch
        wanted = steps * self.batch
        parts = [self._left]
        have = len(self._left)
        while have < wanted:
            parts.append(self._order.permutation(rows)[:whole])
            have += whole
        drawn = np.concatenate(parts)
        self._left = drawn[wanted:]
        return drawn[:wanted].reshape(steps, self.batch)
