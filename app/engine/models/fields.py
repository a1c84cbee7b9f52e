"""Hyperparameters that several models have, as annotations."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from app.engine.hyper import Hyper
from app.engine.initialisations import INITIALISATIONS

Initialised: TypeAlias = Annotated[
    str, Hyper("how the first weights and biases are drawn", choices=tuple(INITIALISATIONS))
]
InitialisationScale: TypeAlias = Annotated[
    float,
    Hyper(
        "factor of what the initialisation draws", gt=0, le=1e3, search=(0.1, 10.0), log=True, per_run=True
    ),
]
