"""The minibatches of one replicate: consecutive slices of one permutation an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.objectives.base import Problem
from app.engine.objectives.split import Split
from app.engine.seeds import Purpose, stream


class SupervisedProblem(Problem):
    """The data of one replicate, its start, and its minibatches.

    The permutations of the epochs are drawn in sequence from one stream, so that they are equal for all batch
    sizes; the last slice of an epoch is dropped where it is incomplete. Without a batch size every step sees
    the whole training part, in its own order.

    examples: (S, batch, F + 1), columns: (S, F + 1, batch), targets: (S, batch), of the steps drawn last.
    """

    def __init__(self, split: Split, start: Array, seed: int, replicate: int, batch_size: int | None) -> None:
        rows = len(split.training.examples)
        if batch_size is not None and not 1 <= batch_size <= rows:
            raise ValueError(
                f"batch_size {batch_size} is not within 1 and the {rows} training rows; "
                "lower it, or leave it out for the full batch"
            )
        self.split = split
        self.batch = batch_size or rows
        self.examples: Array
        self.columns: Array
        self.targets: NDArray[Any]
        self._start = start
        self._is_full = batch_size is None
        self._order = stream(seed, Purpose.ORDER, replicate)
        self._left: NDArray[np.int64] = np.empty(0, dtype=np.int64)  # what the epoch has left

    def start(self) -> Array:
        """(D,)"""
        return self._start

    def draw(self, steps: int) -> None:
        """Gathers the minibatches of the next steps, both ways round."""
        training = self.split.training
        if self._is_full:
            self.examples = np.broadcast_to(training.examples, (steps, *training.examples.shape))
            self.columns = np.broadcast_to(training.columns, (steps, *training.columns.shape))
            self.targets = np.broadcast_to(training.targets, (steps, *training.targets.shape))
            return
        rows = self._next_rows(steps)
        self.examples = training.examples[rows]
        self.columns = np.ascontiguousarray(self.examples.transpose(0, 2, 1))
        self.targets = training.targets[rows]

    def bytes_per_step(self) -> int:
        """A minibatch, both ways round."""
        return 0 if self._is_full else 2 * self.batch * self.split.training.examples[0].nbytes

    def _next_rows(self, steps: int) -> NDArray[np.int64]:
        """Which training rows each of the next minibatches holds: (steps, batch)."""
        rows = len(self.split.training.examples)
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
