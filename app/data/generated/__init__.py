"""Generated datasets, one file each; `GENERATED` finds them."""

import sys

from app.data.generated.base import Generated
from app.engine.registry import Registry

__all__ = ["GENERATED", "Generated"]

# type-abstract: the registry never instantiates its base.
GENERATED: Registry[Generated] = Registry("dataset", Generated, sys.modules[__name__])  # type: ignore[type-abstract]
