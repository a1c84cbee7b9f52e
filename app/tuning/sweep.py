"""The sweep over a configuration's peak learning rate: how far it can be moved before the result suffers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.spec.recommendation import SafeLearningRate
from app.spec.records import Configuration

HALF_OCTAVES = range(-8, 9)  # factors 2^-4 to 2^4
TOLERANCE = 0.05  # of the loss at the recommended peak
FLOOR = 0.001  # of the loss at the start: below, a loss near zero has no range, whatever its percentages


def sweep_entries(winner: Configuration) -> list[Configuration]:
    """The winner with its peak multiplied by 2^-4, 2^-3.5, ... 2^4, ascending, as far as its bounds allow."""
    return [at_rate(winner, rate) for rate in swept_rates(winner)]


def at_rate(configuration: Configuration, rate: float) -> Configuration:
    """The configuration with another peak."""
    return replace(configuration, optimizer=configuration.optimizer | {"learning_rate": rate})


def tolerance(loss: float, floor: float) -> float:
    """How far above a loss another one counts as close to it."""
    return max(TOLERANCE * abs(loss), floor)


def safe_learning_rate(
    winner: Configuration, values: NDArray[np.float64], floor: float = 0.0
) -> SafeLearningRate | None:
    """The peaks around the recommended one that stay close to its loss.

    values: (entries, replicates) of `sweep_entries(winner)`, nan where a run diverged. floor: the least
    tolerance, in loss. `low` to `high` is the unbroken stretch around the winner's peak whose mean loss is at
    most 5 % above the winner's own; `diverges_above` is the swept peak next below the first one, above the
    winner's, at which a run diverged. None where the winner's own peak diverged.
    """
    rates = swept_rates(winner)
    means = values.mean(axis=1)  # nan where any replicate diverged
    own = rates.index(float(winner.optimizer["learning_rate"]))
    if np.isnan(means[own]):
        return None
    is_close = means <= means[own] + tolerance(means[own], floor)
    diverged = np.flatnonzero(np.isnan(means[own:]))
    return SafeLearningRate(
        low=rates[own - _unbroken(is_close[own::-1])],
        high=rates[own + _unbroken(is_close[own:])],
        diverges_above=rates[own + int(diverged[0]) - 1] if diverged.size else None,
    )


def swept_rates(winner: Configuration) -> list[float]:
    """The peaks of the sweep, ascending."""
    fields = hyper_fields(OPTIMIZERS[winner.optimizer["kind"]])
    hyper = next(field.hyper for field in fields if field.name == "learning_rate")
    peak = float(winner.optimizer["learning_rate"])
    swept = (peak * 2.0 ** (k / 2) for k in HALF_OCTAVES)
    return [rate for rate in swept if hyper.broken_bound(rate) is None]


def _unbroken(flags: Sequence[bool] | NDArray[np.bool_]) -> int:
    """How many of the flags after the first are true before one is not."""
    count = 0
    for flag in flags[1:]:
        if not flag:
            break
        count += 1
    return count
