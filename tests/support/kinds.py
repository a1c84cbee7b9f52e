"""Optimizers, schedules and models by their kind: the registries type their classes as the base alone."""

from __future__ import annotations

from typing import Any

from app.engine.models import MODELS, Model
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.schedules import SCHEDULES, Schedule


def make_optimizer(kind: str, **fields: Any) -> Optimizer:
    """Return an optimizer with these hyperparameters and defaults elsewhere."""
    cls: Any = OPTIMIZERS[kind]
    optimizer: Optimizer = cls(**fields)
    return optimizer


def make_schedule(kind: str, **fields: Any) -> Schedule:
    """Return a schedule with these fields and defaults elsewhere."""
    cls: Any = SCHEDULES[kind]
    schedule: Schedule = cls(**fields)
    return schedule


def make_model(kind: str, **fields: Any) -> Model:
    """Return a model with these fields and defaults elsewhere."""
    cls: Any = MODELS[kind]
    model: Model = cls(**fields)
    return model
