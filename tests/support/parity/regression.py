"""A tiny regression that every framework's trainer is run on, and the engine's path through it.

Two tensors, a kernel (3, 2) and a bias (2,), fitted to two targets by the mean squared error.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.stacking import stack
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.schedules import Schedule
from app.engine.schedules.momentum_cycling import cycling, with_cycled_momentum
from app.tuning.exports import FORMATS
from tests.support.exports import module, recommendation
from tests.support.kinds import make_optimizer, make_schedule

Vector = NDArray[np.float64]
BATCHES, EPOCHS, BATCH_SIZE = 6, 4, 4
UPDATES = BATCHES * EPOCHS
HALF = UPDATES // 2
COSINE: dict[str, Any] = {"kind": "cosine", "warmup_fraction": 0.1}
CYCLED: dict[str, Any] = {"kind": "one_cycle", "cycle_momentum": True, "warmup_fraction": 0.1}
# Small enough that no optimizer diverges, large enough that each one moves.
_SHARED = {"initial_distance": 0.01}
_OWN = {
    "lbfgs": {"learning_rate": 0.1},
    "lfm": {"eps": 0.01},
    "schedule_free_sgd": {"learning_rate": 0.05},
}

_RANDOM = np.random.RandomState(21)
START = 0.5 * _RANDOM.normal(size=8)
_INPUTS = _RANDOM.normal(size=(BATCHES * BATCH_SIZE, 3))
_TARGETS = _RANDOM.normal(size=(BATCHES * BATCH_SIZE, 2))


@dataclass(frozen=True)
class Run:
    """One optimizer and schedule; idle: updates whose loss is constant, so that their gradients are zero."""

    optimizer: dict[str, Any]
    schedule: dict[str, Any] = field(default_factory=lambda: COSINE)
    idle: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """Return the kind of the optimizer."""
        return str(self.optimizer["kind"])

    @property
    def name(self) -> str:
        """Return the name of the run in the list of tests."""
        return f"{self.kind}-cycled" if self.schedule.get("cycle_momentum") else self.kind

    def schedule_instance(self) -> Schedule:
        """Return the schedule."""
        fields = dict(self.schedule)
        return make_schedule(fields.pop("kind"), **fields)

    def instance(self) -> Optimizer:
        """Return the optimizer, with the cycled momentum if the schedule has one."""
        fields = dict(self.optimizer)
        return with_cycled_momentum(make_optimizer(fields.pop("kind"), **fields), self.schedule_instance())

    def exported(self, name: str) -> types.ModuleType:
        """Return the module of that format, for UPDATES updates."""
        return module(FORMATS[name].render(recommendation(self.schedule, self.optimizer), UPDATES))


def fields(kind: str, **more: Any) -> dict[str, Any]:
    """Return the defaults of a kind but for what makes its path on this problem worth comparing."""
    names = {hyper.name for hyper in hyper_fields(OPTIMIZERS[kind])}
    shared = {name: value for name, value in _SHARED.items() if name in names}
    return {"kind": kind, **vars(make_optimizer(kind, **(shared | _OWN.get(kind, {}) | more)))}


def runs(kinds: list[str], **more: Any) -> list[Run]:
    """Return a run of each kind, and one with a cycled momentum of those that have a momentum."""
    losses = []
    for kind in kinds:
        losses.append(Run(fields(kind, **more)))
        if OPTIMIZERS[kind].momentum_field:
            losses.append(Run(fields(kind, **more), CYCLED))
    return losses


def data(kind: str) -> tuple[Vector, Vector]:
    """Return the inputs, (N, 3), and targets, (N, 2), of an epoch; all batches are one if a kind needs it."""
    if OPTIMIZERS[kind].needs_full_batch:
        return np.tile(_INPUTS[:BATCH_SIZE], (BATCHES, 1)), np.tile(_TARGETS[:BATCH_SIZE], (BATCHES, 1))
    return _INPUTS, _TARGETS


def batch(kind: str, k: int) -> tuple[Vector, Vector]:
    """Return the inputs and targets of update k."""
    rows = slice(k % BATCHES * BATCH_SIZE, (k % BATCHES + 1) * BATCH_SIZE)
    inputs, targets = data(kind)
    return inputs[rows], targets[rows]


def gradient(run: Run, x: Vector, k: int) -> Vector:
    """Return the gradient of the loss of update k at x, (8,): the kernel's rows, then the bias."""
    inputs, targets = batch(run.kind, k)
    errors = (inputs @ x[:6].reshape(3, 2) + x[6:] - targets) * (0.0 if k in run.idle else 2 / targets.size)
    return np.concatenate([(inputs.T @ errors).ravel(), errors.sum(axis=0)])


def engine_path(run: Run, least: float = 1e-4) -> tuple[Vector, Vector]:
    """Return the parameters after each update, (UPDATES, 8), and the point of measurement in the end.

    least: how far the run has to come, so that another run is told from none.
    """
    stacked = stack([run.instance()])
    schedule = run.schedule_instance()
    rates = run.optimizer["learning_rate"] * schedule.table(UPDATES)
    cycled = cycling(schedule)
    momenta = None if cycled is None else cycled.momentum_table(UPDATES)
    x = START[np.newaxis].copy()
    state, work = stacked.begin(x), np.empty_like(x)
    path = np.empty((UPDATES, x.size))
    with np.errstate(all="ignore"):
        for k in range(UPDATES):
            g = gradient(run, x[0], k)[np.newaxis]
            if momenta is not None and stacked.momentum_field:
                stacked.cycle(np.array([[momenta[k]]]), k, state)
            stacked.update(x, g, np.array([[rates[k]]]), k, state, work)
            path[k] = x[0]
        end = x.copy()
        if stacked.averages:
            stacked.evaluation_point(x, state, end)
    assert np.isfinite(path).all(), f"{run} diverges"
    assert np.abs(path[-1] - START).max() > least, f"{run} goes nowhere"
    return path, end[0]
