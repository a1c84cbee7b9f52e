"""What a benchmark measured of a configuration, as the trial that a sampler reads."""

from __future__ import annotations

import math

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState


def ended(number: int, r: int, configuration: Configuration, value: float) -> FinishedTrial:
    """Return a completed trial of round r, or a diverged one if the value is not finite."""
    completed = math.isfinite(value)
    return FinishedTrial(
        number=number,
        round=r,
        state=TrialState.COMPLETED if completed else TrialState.DIVERGED,
        configuration=configuration,
        value=value if completed else None,
    )
