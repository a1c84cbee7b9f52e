"""Fields that several schedules have, as annotations: one meaning, one bound, one search range."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from app.engine.hyper import Hyper

FinalFactor: TypeAlias = Annotated[
    float, Hyper("factor that is approached at the end", ge=0, le=1, search=(0.0, 0.2))
]
Drop: TypeAlias = Annotated[
    float, Hyper("factor of the rate at each drop", gt=0, le=1, search=(0.05, 0.7), log=True)
]
