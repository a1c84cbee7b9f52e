"""The schedule as a Python module that needs no package."""

from __future__ import annotations

from app.spec.recommendation import Recommendation
from app.tuning.exports.base import Format, header, imports
from app.tuning.exports.factors import factor_source


def render(recommendation: Recommendation, total_steps: int) -> str:
    """A module with TOTAL_STEPS and learning_rate(step)."""
    peak = recommendation.optimizer["learning_rate"]
    factor = factor_source(recommendation, total_steps)
    return f'''{header(recommendation, total_steps)}
{imports(factor, "math")}TOTAL_STEPS = {total_steps}
PEAK = {peak!r}


{factor}

def learning_rate(step):
    """The learning rate of an update, counted from 0; beyond TOTAL_STEPS the last one is held."""
    return PEAK * factor(step)
'''


FORMAT = Format(name="python", media_type="text/x-python", filename="learning_rate.py", render=render)
