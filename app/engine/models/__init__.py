"""Models, one file each; `MODELS` finds them."""

import sys

from app.engine.models.base import Model
from app.engine.registry import Registry

__all__ = ["MODELS", "Model"]

# type-abstract: the registry never instantiates its base.
MODELS: Registry[Model] = Registry("model", Model, sys.modules[__name__])  # type: ignore[type-abstract]
