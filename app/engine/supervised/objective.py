"""A model on a dataset as an objective: classification, regression and factorization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.hyper import hyper_fields
from app.engine.losses import Loss
from app.engine.losses.cross_entropy import CrossEntropy
from app.engine.losses.squared import Squared
from app.engine.models import Model
from app.engine.network.architecture import Architecture
from app.engine.objective_columns import Settings
from app.engine.objectives.base import Problem, Workspace
from app.engine.seeds import Purpose, stream
from app.engine.supervised.minibatches import SupervisedProblem
from app.engine.supervised.split import LEAST_ROWS, split, training_rows
from app.engine.supervised.training import SupervisedWorkspace

__all__ = ["METRICS", "SupervisedObjective", "training_rows"]

METRICS = ("validation_loss", "validation_error")


@dataclass(frozen=True, kw_only=True, eq=False)
class SupervisedObjective:
    """The training of `model` on examples; the value of a run is the metric on the validation part.

    inputs: (N, ...) in the form that the model takes; features are (N, F). sizes: of that form, None for
    (F,). targets: (N,), classes from 0 if `classes` gives their number, else numbers, which are standardised.
    loss: None for the softmax cross-entropy with classes, else for the squared error. l2: l2 * sum(weights^2)
    is added to the training loss, biases left out. Metrics use the plain loss, without l2, dropout and label
    smoothing. Each replicate has its own split (60/20/20), start and order of minibatches.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]
    classes: int | None
    model: Model
    sizes: tuple[int, ...] | None = None
    loss: Loss | None = None
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
        if self.classes is not None and not (self.targets.min() >= 0 and self.targets.max() < self.classes):
            low, high = self.targets.min(), self.targets.max()
            raise ValueError(f"targets run from {low} to {high}; number {self.classes} classes from 0")
        if self.trained_loss.for_classes is not (self.classes is not None):
            wanted = "numbers" if self.classes is None else "classes"
            raise ValueError(f"the loss {self.trained_loss.kind} is not one of {wanted}; choose another")
        if not self.l2 >= 0.0:
            raise ValueError(f"l2 must be >= 0, got {self.l2}")

    @property
    def trained_loss(self) -> Loss:
        """Return the given loss, or the default for the targets."""
        return self.loss or (Squared() if self.classes is None else CrossEntropy())

    @property
    def dimension(self) -> int:
        """Return the number of weights and biases."""
        return self._architecture.dimension

    @property
    def deterministic(self) -> bool:
        """Return False: replicates differ in split, start and order."""
        return False

    @property
    def gives_hessian(self) -> bool:
        """Return whether the model is linear and small enough, and the loss is smooth."""
        return self.trained_loss.gives_hessian and self.dimension <= self.model.hessian_dimension

    @cached_property
    def settings(self) -> Mapping[str, float]:
        """Return the hyperparameters that runs can set: l2, and fields of the model and the loss."""
        settings = {"l2": self.l2}
        for prefix, kind in (("model", self.model), ("loss", self.trained_loss)):
            fields = [field.name for field in hyper_fields(type(kind)) if field.hyper.per_run]
            settings |= {f"{prefix}.{name}": getattr(kind, name) for name in fields}
        return settings

    @cached_property
    def _architecture(self) -> Architecture:
        return self.model.architecture(self.sizes or self.inputs.shape[1:], self.classes or 1)

    def cost(self, batch_size: int | None) -> float:
        """Return the operations of the network's products and an optimizer's passes."""
        return self._architecture.cost(batch_size or training_rows(len(self.inputs)))

    def problem(self, seed: int, replicate: int, batch_size: int | None, dtype: type) -> Problem:
        """Return split, start and minibatches of one replicate."""
        parts = split(
            self.model,
            self.inputs,
            self.targets,
            has_classes=self.classes is not None,
            seed=seed,
            replicate=replicate,
            dtype=dtype,
        )
        architecture = self._architecture
        start = architecture.start(stream(seed, Purpose.INITIALISATION, replicate))
        return SupervisedProblem(
            parts, start, architecture.drawn_mask(), self.settings, dtype, seed, replicate, batch_size
        )

    def workspace(
        self, problems: Sequence[Problem], x: Array, g: Array, settings: Settings | None = None
    ) -> Workspace:
        """Return the arithmetic of rows of any replicates, in sections of one replicate each."""
        columns = {name: np.full((len(x), 1), value) for name, value in self.settings.items()}
        columns.update(settings or {})
        supervised = cast(Sequence[SupervisedProblem], problems)
        return SupervisedWorkspace(self._architecture, self.trained_loss, supervised, columns, x, g)

    def row_bytes(self, batch_size: int | None, dtype: type) -> int:
        """Return the memory that a row of the network touches."""
        batch = batch_size or training_rows(len(self.inputs))
        return self._architecture.row_numbers(batch) * np.dtype(dtype).itemsize
