"""The parts that the exports for optax and Keras share: tables, and the choice of an implementation."""

from __future__ import annotations

from typing import Literal

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Native
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.source.factor_functions import factor_source, momentum_source

_RATES = """
# The learning rate of every update. A traced function cannot branch on its argument, but can look it up.
RATES = [PEAK * factor(step) for step in range(TOTAL_STEPS)]
"""
_MOMENTA = "MOMENTA = [momentum(step) for step in range(TOTAL_STEPS)]"


def tables(recommendation: Recommendation, total_steps: int) -> list[str]:
    """Return the source of `factor` and RATES, and of `momentum` and MOMENTA if the momentum is cycled.

    Raises NotExportable.
    """
    cycled = momentum_source(recommendation, total_steps)
    sections = [factor_source(recommendation, total_steps), _RATES]
    return [*sections, cycled, _MOMENTA] if cycled else sections


def native(optimizer: Optimizer, framework: Literal["keras", "optax"], *, cycles: bool) -> Native | None:
    """Return the framework's own implementation of the optimizer; None if no implementation equals it.

    The result is None as well if the schedule cycles the momentum of the optimizer.
    """
    if cycles and optimizer.momentum_field is not None:
        return None
    for library in optimizer.natives:
        # Keras decouples the weight decay of every optimizer; optax can add a coupled decay before any.
        keeps_decay = library.decays or framework == "optax" or not weight_decay(optimizer)
        if library.framework == framework and library.suits(optimizer) and keeps_decay:
            return library
    return None


def implementation(framework: Literal["keras", "optax"], optimizer: Optimizer) -> str | None:
    """Return the implementation, as `Format` defines it."""
    library = native(optimizer, framework, cycles=False)
    if library is not None:
        return library.call.split("(")[0]
    return None if optimizer.rule() is None else ""


def weight_decay(optimizer: Optimizer) -> float:
    """Return the weight decay of an optimizer; zero if the optimizer has none."""
    return float(getattr(optimizer, "weight_decay", 0.0))
