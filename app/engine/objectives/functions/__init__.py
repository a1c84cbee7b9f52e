"""Test functions, one file each; `FUNCTIONS` finds them."""

import sys

from app.engine.objectives.functions.base import Function
from app.engine.registry import Registry

__all__ = ["FUNCTIONS", "Function"]

# type-abstract: the registry never instantiates its base.
FUNCTIONS: Registry[Function] = Registry("function", Function, sys.modules[__name__])  # type: ignore[type-abstract]
