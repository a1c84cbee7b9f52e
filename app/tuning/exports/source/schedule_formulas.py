"""The formula of each schedule as Python source that needs only `math`.

A schedule with a formula is exported as the formula, which a reader can follow. Other schedules are exported
as the table of their factors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from app.engine.schedules.cosine_restarts import CYCLE_START_TOLERANCE

# From a schedule and the horizon after the warmup to statements in k and horizon; the last statement returns
# the factor. Any: an instance of the kind's class.
Body: TypeAlias = Callable[[Any, int], list[str]]


def updates(fraction: float, horizon: int) -> int:
    """Return the whole updates in a fraction of the horizon, rounded half up."""
    return math.floor(fraction * horizon + 0.5)


def length(fraction: float, horizon: int) -> int:
    """Return the whole updates in a fraction of the horizon, rounded half up, at least 1."""
    return max(updates(fraction, horizon), 1)


def _towards(final: float, shape: str) -> str:
    """Return the statement that goes from 1 to the final factor, as `shape` goes from 1 to 0."""
    return f"return {shape}" if final == 0.0 else f"return {final!r} + (1.0 - {final!r}) * ({shape})"


def _cosine(s: Any, _horizon: int) -> list[str]:
    return [_towards(s.final_factor, "0.5 * (1.0 + math.cos(math.pi * (k / horizon)))")]


def _polynomial(s: Any, _horizon: int) -> list[str]:
    return [_towards(s.final_factor, f"(1.0 - k / horizon) ** {s.power!r}")]


def _rex(s: Any, _horizon: int) -> list[str]:
    return ["q = k / horizon", _towards(s.final_factor, "(1.0 - q) / (1.0 - q / 2.0)")]


def _multistep(s: Any, horizon: int) -> list[str]:
    milestones = sorted(length(milestone, horizon) for milestone in s.milestones)
    return [f"return {s.factor!r} ** sum(k >= milestone for milestone in {milestones})"]


def _warmup_stable_decay(s: Any, horizon: int) -> list[str]:
    decay = length(s.decay_fraction, horizon)
    shapes = {
        "linear": "1.0 - q",
        "1-sqrt": "1.0 - math.sqrt(q)",
        "cosine": "0.5 * (1.0 + math.cos(math.pi * q))",
    }
    return [
        f"q = max((k - {horizon - decay}) / {decay}, 0.0)  # of the cooldown",
        _towards(s.final_factor, shapes[s.shape]),
    ]


def _one_cycle(s: Any, horizon: int) -> list[str]:
    bottom = s.initial_factor if s.phases == 3 else s.final_factor
    return _phases(s, horizon, s.initial_factor, 1.0, bottom, s.final_factor)


def _one_cycle_momentum(s: Any, horizon: int) -> list[str]:
    return _phases(s, horizon, s.max_momentum, s.base_momentum, s.max_momentum, s.max_momentum)


def _phases(s: Any, horizon: int, first: float, peak: float, bottom: float, last: float) -> list[str]:
    """Return the phases of a one-cycle schedule between four values."""
    rise, end = length(s.peak_fraction, horizon), horizon - 1
    top = min(rise, (horizon + 1) // 2) - 1 if s.phases == 3 else rise - 1
    phases = [(0, top, first, peak)] if top > 0 else []
    if s.phases == 3:
        phases += [(top, 2 * top, peak, bottom), (2 * top, end, bottom, last)]
    else:
        phases.append((top, end, peak, bottom))
    weight = "0.5 * (1.0 + math.cos(math.pi * q))" if s.shape == "cosine" else "1.0 - q"
    return [
        f"for start, stop, before, after in {phases}:",
        "    if k <= stop:",
        "        break",
        "q = (k - start) / max(stop - start, 1)",
        f"return after + (before - after) * ({weight})",
    ]


def _cosine_restarts(s: Any, horizon: int) -> list[str]:
    first = length(s.first_cycle, horizon)
    if s.multiplier == 1.0:
        lines = [f"q = k % {first} / {first}"]
    else:
        lines = [
            f"start, cycle = 0.0, {float(first)!r}",
            f"while k * (1.0 + {CYCLE_START_TOLERANCE!r}) >= start + cycle:",
            f"    start, cycle = start + cycle, cycle * {s.multiplier!r}",
            "q = min(max((k - start) / cycle, 0.0), 1.0)",
        ]
    return [*lines, _towards(s.final_factor, "0.5 * (1.0 + math.cos(math.pi * q))")]


def _cyclical(s: Any, horizon: int) -> list[str]:
    return [*_triangles(s, horizon), _towards(s.low_factor, "height")]


def _cyclical_momentum(s: Any, horizon: int) -> list[str]:
    highest, lowest = s.max_momentum, s.base_momentum
    return [*_triangles(s, horizon), f"return {highest!r} - ({highest!r} - {lowest!r}) * height"]


def _triangles(s: Any, horizon: int) -> list[str]:
    period = length(s.period, horizon)
    up = length(s.up_fraction, period)
    shrinks = {"triangular": [], "triangular2": ["height *= 0.5**cycle"]}
    return [
        f"cycle, u = divmod(k, {period})",
        f"height = u / {up} if u <= {up} else ({period} - u) / {max(period - up, 1)}",
        *shrinks.get(s.mode, [f"height *= {s.gamma!r}**k"]),
    ]


BODIES: dict[str, Body] = {
    "constant": lambda _s, _horizon: ["return 1.0"],
    "cosine": _cosine,
    "cosine_restarts": _cosine_restarts,
    "cyclical": _cyclical,
    "exponential": lambda s, _horizon: [f"return {s.final_factor!r} ** (k / horizon)"],
    "inverse_sqrt": lambda s, horizon: [f"return 1.0 / math.sqrt(1.0 + k / {length(s.timescale, horizon)})"],
    "inverse_time": lambda s, _horizon: [f"return 1.0 / (1.0 + {s.rate!r} * k / horizon)"],
    "linear": lambda s, _horizon: [_towards(s.final_factor, "1.0 - k / horizon")],
    "multistep": _multistep,
    "one_cycle": _one_cycle,
    "polynomial": _polynomial,
    "rex": _rex,
    "step": lambda s, horizon: [f"return {s.factor!r} ** (k // {length(s.every, horizon)})"],
    "warmup_stable_decay": _warmup_stable_decay,
}
# Likewise for the momentum, of the schedules that can cycle it.
MOMENTUM_BODIES: dict[str, Body] = {"cyclical": _cyclical_momentum, "one_cycle": _one_cycle_momentum}
