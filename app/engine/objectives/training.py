"""The arithmetic of training a block of rows, and of measuring them on a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from app.engine.arrays import Array
from app.engine.network.curvature import cross_entropy_hessian, squared_error_hessian
from app.engine.network.dense import Dense, Trained
from app.engine.network.losses import CrossEntropy, Loss, SquaredError
from app.engine.network.shape import Shape
from app.engine.objectives.base import Scores, Workspace
from app.engine.objectives.minibatches import SupervisedProblem
from app.engine.objectives.split import Part

_PREFIXES = {"training": "train", "validation": "validation", "test": "test"}
# Examples measured at once: a split of any size needs little memory.
_MEASURED_AT_ONCE = 512


class SupervisedWorkspace(Workspace):
    """Rows of one batch size. Neighbours of the same replicate form a section that shares its minibatches."""

    def __init__(
        self,
        shape: Shape,
        problems: Sequence[SupervisedProblem],
        has_classes: bool,
        l2: float,
        x: Array,
        g: Array,
    ) -> None:
        self._shape = shape
        self._has_classes = has_classes
        self._x = x
        self._g = g
        self._problems: list[SupervisedProblem] = []
        self._sections: list[slice] = []
        first = 0
        for _, same in groupby(problems, key=id):
            members = list(same)
            self._problems.append(members[0])
            self._sections.append(slice(first, first + len(members)))
            first += len(members)
        self._batch = problems[0].batch
        self._network = Trained(shape, x, g, self._sections, self._batch)
        self._loss = self._loss_of(self._network)
        # l2 where there is a weight and zero where there is a bias.
        self._penalty = (l2 * shape.weight_mask()).astype(x.dtype) if l2 > 0.0 else None

    def evaluate(self, drawn: int, losses: Array) -> None:
        """One forward and one backward pass."""
        for rows, problem in zip(self._sections, self._problems, strict=True):
            self._loss.aim(rows, problem.targets[drawn])
        self._network.forward([problem.columns[drawn] for problem in self._problems])
        np.add.reduce(self._loss.examples(), axis=1, out=losses)
        np.divide(losses, self._batch, out=losses)
        self._loss.differentiate()
        self._network.backward([problem.examples[drawn] for problem in self._problems])
        if self._penalty is not None:
            penalised = self._x * self._penalty
            np.add(losses, np.vecdot(penalised, self._x), out=losses)
            np.multiply(penalised, 2, out=penalised)
            np.add(self._g, penalised, out=self._g)

    def fill_hessians(self, rows: slice, hessians: Array) -> None:
        """Those of a linear model on the whole training part, with the penalty."""
        problems = [problem for own, problem in self._by_row() if rows.start <= own < rows.stop]
        for x, problem, hessian in zip(self._x[rows], problems, hessians, strict=True):
            examples = problem.split.training.examples
            if self._has_classes:
                cross_entropy_hessian(x.reshape(self._shape.units[-1], -1), examples, hessian)
            else:
                squared_error_hessian(examples, hessian)
            if self._penalty is not None:
                np.einsum("ii->i", hessian)[...] += 2.0 * self._penalty

    def _by_row(self) -> Iterator[tuple[int, SupervisedProblem]]:
        """The number and the problem of every row."""
        for rows, problem in zip(self._sections, self._problems, strict=True):
            yield from ((row, problem) for row in range(rows.start, rows.stop))

    def score(self, losses: Array | None) -> Scores:
        """Loss and error on the validation part."""
        return self._measure("validation")

    def summarise(self, losses: Array | None) -> Scores:
        """Loss and error on each part; the training error is left out."""
        return self._measure("training", errors=False) | self._measure("validation") | self._measure("test")

    def _loss_of(self, network: Dense) -> Loss:
        return CrossEntropy(network.outputs) if self._has_classes else SquaredError(network.outputs)

    def _measure(self, name: str, errors: bool = True) -> Scores:
        """Mean loss and, with classes and `errors`, error rate on one part of the split: each (B,)."""
        parts: list[Part] = [getattr(problem.split, name) for problem in self._problems]
        examples = len(parts[0].targets)
        losses = np.zeros(len(self._x))
        wrong = np.zeros(len(self._x))
        counts_errors = errors and self._has_classes
        for low in range(0, examples, _MEASURED_AT_ONCE):
            high = min(low + _MEASURED_AT_ONCE, examples)
            network = Dense(self._shape, self._x, self._sections, high - low)
            loss = self._loss_of(network)
            for rows, part in zip(self._sections, parts, strict=True):
                loss.aim(rows, part.targets[low:high])
            network.forward([part.columns[:, low:high] for part in parts])
            if counts_errors:
                wrong += np.count_nonzero(loss.wrong(), axis=1)
            losses += np.add.reduce(loss.examples().astype(np.float64), axis=1)
        prefix = _PREFIXES[name]
        scores = {f"{prefix}_loss": losses / examples}
        if counts_errors:
            scores[f"{prefix}_error"] = wrong / examples
        return scores
