"""Losses, one file each; `LOSSES` finds them."""

import sys

from app.engine.losses.base import BoundLoss, Loss
from app.engine.registry import Registry

__all__ = ["LOSSES", "BoundLoss", "Loss"]

# type-abstract: the registry never instantiates its base.
LOSSES: Registry[Loss] = Registry("loss", Loss, sys.modules[__name__])  # type: ignore[type-abstract]
