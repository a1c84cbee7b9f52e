"""What the exports for optax and Keras share: tables of the schedule, and the choice of the optimizer."""

from __future__ import annotations

from typing import Literal

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Native
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.source.factor_functions import factor_source, momentum_source

_RATES = """
# The learning rate of every update: a traced function cannot branch on its number, but can look it up.
RATES = [PEAK * factor(step) for step in range(TOTAL_STEPS)]
"""
_MOMENTA = "MOMENTA = [momentum(step) for step in range(TOTAL_STEPS)]"


def tables(recommendation: Recommendation, total_steps: int) -> list[str]:
    """Source of `factor`, RATES and, where the momentum is cycled, `momentum` and MOMENTA.

    Raises NotExportable.
    """
    cycled = momentum_source(recommendation, total_steps)
    sections = [factor_source(recommendation, total_steps), _RATES]
    return [*sections, cycled, _MOMENTA] if cycled else sections


def native(optimizer: Optimizer, framework: Literal["keras", "optax"], *, cycles: bool) -> Native | None:
    """The framework's own implementation, where it equals the optimizer and no momentum is to be cycled."""
    if cycles and optimizer.momentum_field is not None:
        return None
    for own in optimizer.natives:
        # Keras decouples the decay of every optimizer; optax can add a coupled one before any.
        keeps_decay = own.decays or framework == "optax" or not weight_decay(optimizer)
        if own.framework == framework and own.suits(optimizer) and keeps_decay:
            return own
    return None


def implementation(framework: Literal["keras", "optax"], optimizer: Optimizer) -> str | None:
    """As `Format.implementation`."""
    found = native(optimizer, framework, cycles=False)
    if found is not None:
        return found.call.split("(")[0]
    return None if optimizer.rule() is None else ""


def weight_decay(optimizer: Optimizer) -> float:
    """That of an optimizer that has one, else zero."""
    return float(getattr(optimizer, "weight_decay", 0.0))
