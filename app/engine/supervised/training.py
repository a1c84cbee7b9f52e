"""The arithmetic of training a block of rows, and of measuring the rows on a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np

from app.engine.arrays import Array
from app.engine.losses import BoundLoss, Loss
from app.engine.network.architecture import Architecture, Network
from app.engine.objective_columns import Settings
from app.engine.objectives.base import Scores, Workspace
from app.engine.supervised.minibatches import SupervisedProblem
from app.engine.supervised.penalty import Penalty
from app.engine.supervised.split import Part

_PREFIXES = {"training": "train", "validation": "validation", "test": "test"}
_MEASURED_EXAMPLES = 256  # examples measured at once, so that a split of any size needs little memory

Measuring: TypeAlias = dict[int, tuple[Network, BoundLoss]]


class SupervisedWorkspace(Workspace):
    """Rows of one batch size. Neighbours of the same replicate form a section that shares its minibatches."""

    def __init__(
        self,
        architecture: Architecture,
        loss: Loss,
        problems: Sequence[SupervisedProblem],
        settings: Settings,
        x: Array,
        g: Array,
    ) -> None:
        self._architecture = architecture
        self._loss = loss
        self._x = x
        self._problems: list[SupervisedProblem] = []
        self._sections: list[slice] = []
        first = 0
        for _, same in groupby(problems, key=id):
            members = list(same)
            self._problems.append(members[0])
            self._sections.append(slice(first, first + len(members)))
            first += len(members)
        self._batch = problems[0].batch
        # An array without axes: a Python number would be converted at every step.
        self._divisor = np.array(self._batch, dtype=x.dtype)
        self._network = architecture.trained(x, g, self._sections, self._batch, settings)
        self._bound = loss.bind(self._network.outputs, settings)
        self._penalty = Penalty(settings["l2"], architecture.weight_mask(), x, g)
        noise_units = architecture.noise_units(settings)
        self._is_noisy = noise_units > 0
        if self._is_noisy:
            for problem in self._problems:
                problem.request_noise(noise_units)

    def evaluate(self, drawn: int, losses: Array) -> None:
        """Make one forward and one backward pass."""
        for rows, problem in zip(self._sections, self._problems, strict=True):
            self._bound.set_targets(rows, problem.targets[drawn])
        batches = [problem.minibatches[drawn] for problem in self._problems]
        noise = [problem.noise[drawn] for problem in self._problems] if self._is_noisy else ()
        self._network.forward(batches, noise)
        np.add.reduce(self._bound.examples(), axis=1, out=losses)
        np.divide(losses, self._divisor, out=losses)
        self._bound.differentiate()
        self._network.backward(batches)
        self._penalty.add(losses)

    def fill_hessians(self, rows: slice, hessians: Array) -> None:
        """Fill in the Hessians of a linear model on the whole training part, with the penalty."""
        for row, problem in self._by_row():
            if rows.start <= row < rows.stop:
                hessian = hessians[row - rows.start]
                whole = problem.split.training.inputs.between(0, len(problem.split.training.targets))
                self._loss.fill_hessian(
                    self._x[row].reshape(len(self._network.outputs), -1), whole.examples, hessian
                )
                self._penalty.add_curvature(row, hessian)

    def _by_row(self) -> Iterator[tuple[int, SupervisedProblem]]:
        """Yield the number and the problem of every row."""
        for rows, problem in zip(self._sections, self._problems, strict=True):
            yield from ((row, problem) for row in range(rows.start, rows.stop))

    def score(self, losses: Array | None) -> Scores:
        """Return loss and error on the validation part."""
        return self._measure("validation", {})

    def summarise(self, losses: Array | None) -> Scores:
        """Return loss and error on each part, without the training error."""
        networks: Measuring = {}
        training = self._measure("training", networks, errors=False)
        return training | self._measure("validation", networks) | self._measure("test", networks)

    def _measure(self, name: str, networks: Measuring, errors: bool = True) -> Scores:
        """Return the mean loss and, with classes and `errors`, the error rate on one part: each (B,).

        networks: by their number of examples; missing networks are added. The measurement omits penalty,
        dropout and label smoothing, so that runs with different values of these compare.
        """
        parts: list[Part] = [getattr(problem.split, name) for problem in self._problems]
        examples = len(parts[0].targets)
        losses = np.zeros(len(self._x))
        wrong = np.zeros(len(self._x))
        counts_errors = errors and self._loss.for_classes
        for low in range(0, examples, _MEASURED_EXAMPLES):
            high = min(low + _MEASURED_EXAMPLES, examples)
            if high - low not in networks:
                network = self._architecture.network(self._x, self._sections, high - low)
                networks[high - low] = network, self._loss.bind(network.outputs, None)
            network, bound = networks[high - low]
            for rows, part in zip(self._sections, parts, strict=True):
                bound.set_targets(rows, part.targets[low:high])
            network.forward([part.inputs.between(low, high) for part in parts])
            if counts_errors:
                wrong += np.count_nonzero(bound.wrong(), axis=1)
            losses += np.add.reduce(bound.examples().astype(np.float64), axis=1)
        prefix = _PREFIXES[name]
        scores = {f"{prefix}_loss": losses / examples}
        if counts_errors:
            scores[f"{prefix}_error"] = wrong / examples
        return scores
