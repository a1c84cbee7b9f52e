"""The export as a Python module that needs no package."""

from __future__ import annotations

from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, header, imports
from app.tuning.exports.source.factor_functions import factor_source, momentum_source

_LEARNING_RATE = '''def learning_rate(step):
    """Return the learning rate of an update, counted from 0; the last rate is held beyond TOTAL_STEPS."""
    return PEAK * factor(step)
'''


def render(recommendation: Recommendation, total_steps: int) -> str:
    """Return a module with TOTAL_STEPS and learning_rate(step).

    The module has momentum(step) too if the schedule cycles the momentum. Raises NotExportable.
    """
    peak = recommendation.optimizer["learning_rate"]
    functions = [factor_source(recommendation, total_steps), _LEARNING_RATE]
    cycled = momentum_source(recommendation, total_steps)
    if cycled:
        functions.append(cycled)
    source = "\n\n".join(functions)
    return (
        f"{header(recommendation, total_steps)}\n{imports(source, 'math')}"
        f"TOTAL_STEPS = {total_steps}\nPEAK = {peak!r}\n\n\n{source}"
    )


FORMAT = Format(
    name="python",
    summary="a module that needs no package and defines `TOTAL_STEPS` and `learning_rate(step)`",
    media_type="text/x-python",
    filename="learning_rate.py",
    render=render,
)
