"""Distributions of Optuna for the searched values of a spec, which are ranges or choices."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import BaseTrial

from app.engine.hyper import HyperField
from app.spec.values import Choices, HyperValue, Range, Scalar

Distribution: TypeAlias = FloatDistribution | IntDistribution | CategoricalDistribution
# From the name and the distribution of a parameter to its value.
Pick: TypeAlias = Callable[[str, Distribution], Scalar]


def distribution_of(field: HyperField, value: HyperValue) -> Distribution | Scalar:
    """Return the distribution of a searched value, or the value itself if there is only one.

    Raises:
        ValueError: The range of an integer hyperparameter holds no integer.
    """
    if isinstance(value, Choices):
        choices = [_typed(field, choice) for choice in value.choices]
        return CategoricalDistribution(choices) if len(choices) > 1 else choices[0]
    if not isinstance(value, Range):
        return value
    return _integers(field, value) if field.type is int else _floats(value)


def suggest(trial: BaseTrial, name: str, distribution: Distribution) -> Scalar:
    """Draw a parameter by the method of an Optuna trial that gives the parameter this distribution."""
    if isinstance(distribution, FloatDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_float(name, low, high, step=distribution.step, log=distribution.log)
    if isinstance(distribution, IntDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_int(name, low, high, step=distribution.step, log=distribution.log)
    choice = trial.suggest_categorical(name, distribution.choices)
    assert choice is not None  # no choice of a spec is None
    return choice


def matching(distribution: Distribution, value: object) -> Scalar | None:
    """Return the value in the type of the distribution; None if the value lies outside of it.

    A distribution of floats has 1.0 for the value 1.
    """
    if isinstance(distribution, CategoricalDistribution):
        same = (choice for choice in distribution.choices if choice == value)
        return next((choice for choice in same if isinstance(choice, bool) is isinstance(value, bool)), None)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    if isinstance(distribution, IntDistribution) and not float(value).is_integer():
        return None
    typed = int(value) if isinstance(distribution, IntDistribution) else float(value)
    return typed if distribution._contains(typed) else None


def given(values: Mapping[str, Scalar]) -> Pick:
    """Return a pick that looks up the value of a parameter by its name."""
    return lambda name, _: values[name]


def position(distribution: FloatDistribution | IntDistribution, value: float) -> float:
    """Return the position of a value on the scale of its range: 0 at the low edge, 1 at the high edge."""
    low, high = float(distribution.low), float(distribution.high)
    if distribution.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.0


def _floats(value: Range) -> Distribution | Scalar:
    high = value.high if value.step is None else _last_multiple(value.low, value.high, value.step)
    if value.low == high:
        return value.low
    return FloatDistribution(value.low, high, log=value.log, step=value.step)


def _integers(field: HyperField, value: Range) -> Distribution | Scalar:
    low, high = math.ceil(value.low), math.floor(value.high)
    if low > high:
        raise ValueError(
            f"{field.name} takes integers, but there is none from {value.low:g} to {value.high:g}; "
            "widen the range"
        )
    step = 1 if value.step is None else int(value.step)
    high -= (high - low) % step
    return low if low == high else IntDistribution(low, high, log=value.log, step=step)


def _last_multiple(low: float, high: float, step: float) -> float:
    """Return the largest low + k * step up to high, computed in decimals, since 0.1 is no binary number.

    Optuna would shorten the range to the same end, but with a warning.
    """
    exact_low, exact_step = Decimal(str(low)), Decimal(str(step))
    return float(exact_low + (Decimal(str(high)) - exact_low) // exact_step * exact_step)


def _typed(field: HyperField, choice: Scalar) -> Scalar:
    """Return a choice in the type of its field; JSON writes the number 1.0 as 1."""
    if field.type is float:
        return float(choice)
    return int(choice) if field.type is int else choice
