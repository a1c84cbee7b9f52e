"""The minibatches of one replicate: consecutive slices of one permutation per epoch."""

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

    The permutations of the epochs are drawn in sequence from one stream, so that all batch sizes share them.
    An incomplete last slice of an epoch is dropped. Without a batch size every step sees the whole training
    part, in its original order.

    The last draw is in three arrays. minibatches: a batch of the model's form per step. targets: (S, batch).
    noise: (S, units, batch), uniform numbers in single precision, if `request_noise` was called.
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
        """Take the start, (D,), and the arguments of the draws; ValueError for a batch size beyond the data.

        scaled: the parameters that "model.initialisation_scale" multiplies. settings: the defaults of runs
        without values of their own.
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
        self._remaining: NDArray[np.int64] = np.empty(
            0, dtype=np.int64
        )  # rows of the epoch that are not drawn yet
        self._noise_units = 0
        self._uniform = stream(seed, Purpose.DROPOUT, replicate)

    def start(self, settings: Mapping[str, float] | None = None) -> Array:
        """Return the start with the initialisation scale of the run: (D,)."""
        scale = {**self._settings, **(settings or {})}.get("model.initialisation_scale", 1.0)
        return np.where(self._scaled, self._start * scale, self._start).astype(self._dtype)

    def request_noise(self, units: int) -> None:
        """Draw uniform numbers from the next draw on, for so many units of an example."""
        self._noise_units = units

    def draw(self, steps: int) -> None:
        """Gather the minibatches of the next steps."""
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
        """Return the memory of a minibatch and its noise."""
        drawn = 0 if self._is_full else self.split.training.inputs.drawn_bytes(self.batch)
        return drawn + self._noise_units * self.batch * np.dtype(np.float32).itemsize

    def _next_rows(self, steps: int) -> NDArray[np.int64]:
        """Return the training rows of each of the next minibatches: (steps, batch)."""
        rows = len(self.split.training.targets)
        whole = rows // self.batch * self.batch
        wanted = steps * self.batch
        parts = [self._remaining]
        have = len(self._remaining)
        while have < wanted:
            parts.append(self._order.permutation(rows)[:whole])
            have += whole
        drawn = np.concatenate(parts)
        self._remaining = drawn[wanted:]
        return drawn[:wanted].reshape(steps, self.batch)
