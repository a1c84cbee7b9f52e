"""Optimizers, one file each; `OPTIMIZERS` finds them."""

import sys

from app.engine.optimizers.base import Optimizer
from app.engine.registry import Registry

__all__ = ["OPTIMIZERS", "Optimizer"]

# type-abstract: the registry never instantiates its base.
OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", Optimizer, sys.modules[__name__])  # type: ignore[type-abstract]
