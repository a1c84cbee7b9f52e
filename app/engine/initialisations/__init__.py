"""Initialisations, one file each; `INITIALISATIONS` finds them."""

import sys

from app.engine.initialisations.base import Initialisation
from app.engine.registry import Registry

__all__ = ["INITIALISATIONS", "Initialisation"]

# type-abstract: the registry never instantiates its base.
INITIALISATIONS: Registry[Initialisation] = Registry(
    "initialisation",
    Initialisation,  # type: ignore[type-abstract]
    sys.modules[__name__],
)
