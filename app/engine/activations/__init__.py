"""Activations, one file each; `ACTIVATIONS` finds them."""

import sys

from app.engine.activations.base import Activation
from app.engine.registry import Registry

__all__ = ["ACTIVATIONS", "Activation"]

# type-abstract: the registry never instantiates its base.
ACTIVATIONS: Registry[Activation] = Registry("activation", Activation, sys.modules[__name__])  # type: ignore[type-abstract]
