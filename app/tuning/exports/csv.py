"""The schedule as a table of comma-separated values."""

from __future__ import annotations

from app.spec.recommendation import Recommendation
from app.tuning.exports.base import Format
from app.tuning.exports.table import learning_rates


def render(recommendation: Recommendation, total_steps: int) -> str:
    """One line an update; numbers in full, so that they read back to the same bits."""
    rates = learning_rates(recommendation, total_steps)
    lines = [f"{step},{rate!r}" for step, rate in enumerate(rates)]
    return "\n".join(["step,learning_rate", *lines]) + "\n"


FORMAT = Format(name="csv", media_type="text/csv", filename="learning_rate.csv", render=render)
