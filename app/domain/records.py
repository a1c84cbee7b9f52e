"""Configurations and results of trials, shared by the worker, the tuning and the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.domain.states import TrialState
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.schedules import SCHEDULES, Schedule

BatchSizeValue = int | str | None  # rows, "full", or null for functions


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One point of a search space, as plain JSON values.

    optimizer, schedule: `kind` and every field, resolved. settings: the searched parameters of the objective,
    such as "l2" or "model.dropout". params: the sampled values, flat, under their names in Optuna.
    """

    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    batch_size: BatchSizeValue = None
    settings: dict[str, float] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)

    def optimizer_instance(self) -> Optimizer:
        """Return the engine's optimizer."""
        fields = dict(self.optimizer)
        return OPTIMIZERS[fields.pop("kind")](**fields)

    def schedule_instance(self) -> Schedule:
        """Return the engine's schedule."""
        fields = dict(self.schedule)
        return SCHEDULES[fields.pop("kind")](**fields)

    @property
    def rows(self) -> int | None:
        """The engine's batch size in rows; None for the full batch and for functions."""
        return self.batch_size if isinstance(self.batch_size, int) else None


@dataclass(frozen=True, kw_only=True)
class FinishedTrial:
    """A stored trial, as a sampler or the race reads it.

    value: None unless completed. rungs: (step, value) of each rung reached, in order. reason: why the trial
    did not complete.
    """

    number: int
    round: int
    state: TrialState
    configuration: Configuration
    value: float | None
    rungs: tuple[tuple[int, float], ...] = ()
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """The result of the evaluation of one configuration.

    values: the value of each replicate in the order of the request, nan if it did not complete.
    trajectory: encoded by `app.engine.trajectories.codec`, None if nothing was recorded.
    """

    number: int
    state: TrialState
    value: float | None
    values: tuple[float, ...]
    metrics: dict[str, float | None]
    steps_done: int
    rungs: tuple[tuple[int, float], ...]
    reason: str | None
    trajectory: bytes | None
    engine_s: float
