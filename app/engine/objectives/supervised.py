"""A model on a dataset as an objective: classification and regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.models import Model
from app.engine.network.shape import Shape
from app.engine.objectives.base import Problem, Workspace
from app.engine.objectives.minibatches import SupervisedProblem
from app.engine.objectives.split import LEAST_ROWS, split, training_rows
from app.engine.objectives.training import SupervisedWorkspace
from app.engine.seeds import Purpose, stream

__all__ = ["METRICS", "SupervisedObjective", "training_rows"]

METRICS = ("validation_loss", "validation_error")


@dataclass(frozen=True, kw_only=True, eq=False)
class SupervisedObjective:
    """Trains `model` on examples; the value of a run is the metric on the validation part.

    inputs: (N, F). targets: (N,), classes from 0 where `classes` says how many, else numbers.
    With classes the loss is the softmax cross-entropy; without, it is mean((p - y)^2), no half, of targets
    standardised like the inputs. l2: the training loss has l2 * sum(weights^2) besides, biases left out; the
    metrics have not. Each replicate has a split of its own, 60/20/20, a start and an order of minibatches.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[Any]
    classes: int | None
    model: Model
    l2: float = 0.0
    metric: str = "validation_loss"

    def __post_init__(self) -> None:
        rows = len(self.inputs)
        if rows < LEAST_ROWS or len(self.targets) != rows:
            raise ValueError(
                f"got {rows} rows and {len(self.targets)} targets; give a target a row, at least {LEAST_ROWS}"
            )
        if self.metric not in METRICS or (self.classes is None and self.metric != METRICS[0]):
            allowed = ", ".join(METRICS if self.classes is not None else METRICS[:1])
            raise ValueError(f"metric {self.metric!r} is not offered here; choose one of: {allowed}")
        if self.classes is not None and not (0 <= self.targets.min() and self.targets.max() < self.classes):
            low, high = self.targets.min(), self.targets.max()
            raise ValueError(f"targets run from {low} to {high}; number {self.classes} classes from 0")
        if not self.l2 >= 0.0:
            raise ValueError(f"l2 must be >= 0, got {self.l2}")

    @property
    def dimension(self) -> int:
        """All weights and biases."""
        return self._shape.dimension

    @property
    def deterministic(self) -> bool:
        """Never: replicates differ in split, start and order."""
        return False

    @property
    def uses_minibatches(self) -> bool:
        """Always; the full batch is one of them."""
        return True

    @property
    def gives_hessian(self) -> bool:
        """Where the model is linear, and not too large."""
        return self.dimension <= self.model.hessian_dimension

    @property
    def _shape(self) -> Shape:
        return self.model.shape(self.inputs.shape[1], self.classes or 1)

    def cost(self, batch_size: int | None) -> float:
        """The products of the network, and an optimizer's passes."""
        return self._shape.cost(batch_size or training_rows(len(self.inputs)))

    def problem(self, seed: int, replicate: int, batch_size: int | None, dtype: type) -> Problem:
        """Split, start and minibatches."""
        parts = split(
            self.inputs,
            self.targets,
            regression=self.classes is None,
            seed=seed,
            replicate=replicate,
            dtype=dtype,
        )
        start: Array = self._shape.start(stream(seed, Purpose.INITIALISATION, replicate)).astype(dtype)
        return SupervisedProblem(parts, start, seed, replicate, batch_size)

    def workspace(self, problems: Sequence[Problem], x: Array, g: Array) -> Workspace:
        """Rows of any replicates, in sections of the same one."""
        own = cast(Sequence[SupervisedProblem], problems)
        return SupervisedWorkspace(self._shape, own, self.classes is not None, self.l2, x, g)

    def row_bytes(self, batch_size: int | None, dtype: type) -> int:
        """Activations and deltas of a minibatch, and the passes of the loss."""
        hidden, outputs = sum(self._shape.units[1:-1]), self._shape.units[-1]
        batch = batch_size or training_rows(len(self.inputs))
        return (2 * hidden + outputs + 6) * batch * np.dtype(dtype).itemsize
