"""Learning-rate schedules, one file each; `SCHEDULES` finds them."""

import sys

from app.engine.registry import Registry
from app.engine.schedules.base import Schedule

__all__ = ["SCHEDULES", "Schedule"]

# type-abstract: the registry never instantiates its base.
SCHEDULES: Registry[Schedule] = Registry("schedule", Schedule, sys.modules[__name__])  # type: ignore[type-abstract]
