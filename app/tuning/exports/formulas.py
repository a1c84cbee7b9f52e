"""The body of each schedule as Python source that depends on nothing but `math`.

A schedule that is here exports as its formula, which one can read; any other one as the table of its
factors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from app.engine.schedules.cosine_restarts import SLACK

# From the schedule and the horizon that the warmup leaves to statements in k and horizon, of which the last
# one returns the factor. Any: an instance of the kind's own class.
Body: TypeAlias = Callable[[Any, int], list[str]]


def updates(fraction: float, horizon: int) -> int:
    """Whole updates in a fraction of the horizon, rounded half up."""
    return math.floor(fraction * horizon + 0.5)


def length(fraction: float, horizon: int) -> int:
    """The same, at least 1."""
    return max(updates(fraction, horizon), 1)


def _towards(final: float, shape: str) -> str:
    """From 1 to the final factor, as `shape` goes from 1 to 0."""
    return f"return {shape}" if final == 0.0 else f"return {final!r} + (1.0 - {final!r}) * ({shape})"


def _cosine(s: Any, horizon: int) -> list[str]:
    return [_towards(s.final_factor, "0.5 * (1.0 + math.cos(math.pi * (k / horizon)))")]


def _polynomial(s: Any, horizon: int) -> list[str]:
    return [_towards(s.final_factor, f"(1.0 - k / horizon) ** {s.power!r}")]


def _rex(s: Any, horizon: int) -> list[str]:
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
    rise = length(s.peak_fraction, horizon)
    if s.phases == 3:
        top = min(rise, (horizon + 1) // 2) - 1
        last = (2 * top, horizon - 1, s.initial_factor, s.final_factor)
        phases = [(top, 2 * top, 1.0, s.initial_factor), last]
    else:
        top = rise - 1
        phases = [(top, horizon - 1, 1.0, s.final_factor)]
    if top > 0:
        phases.insert(0, (0, top, s.initial_factor, 1.0))
    weight = "0.5 * (1.0 + math.cos(math.pi * q))" if s.shape == "cosine" else "1.0 - q"
    return [
        f"for start, stop, high, low in {phases}:",
        "    if k <= stop:",
        "        break",
        "q = (k - start) / max(stop - start, 1)",
        f"return low + (high - low) * ({weight})",
    ]


def _cosine_restarts(s: Any, horizon: int) -> list[str]:
    first = length(s.first_cycle, horizon)
    if s.multiplier == 1.0:
        lines = [f"q = k % {first} / {first}"]
    else:
        lines = [
            f"start, cycle = 0.0, {float(first)!r}",
            f"while k * (1.0 + {SLACK!r}) >= start + cycle:",
            f"    start, cycle = start + cycle, cycle * {s.multiplier!r}",
            "q = min(max((k - start) / cycle, 0.0), 1.0)",
        ]
    return [*lines, _towards(s.final_factor, "0.5 * (1.0 + math.cos(math.pi * q))")]


def _cyclical(s: Any, horizon: int) -> list[str]:
    period = length(s.period, horizon)
    up = length(s.up_fraction, period)
    shrinks = {"triangular": "", "triangular2": " * 0.5**cycle", "exp_range": f" * {s.gamma!r}**k"}
    return [
        f"cycle, u = divmod(k, {period})",
        f"height = u / {up} if u <= {up} else ({period} - u) / {max(period - up, 1)}",
        _towards(s.low_factor, f"height{shrinks[s.mode]}"),
    ]


BODIES: dict[str, Body] = {
    "constant": lambda s, horizon: ["return 1.0"],
    "cosine": _cosine,
    "cosine_restarts": _cosine_restarts,
    "cyclical": _cyclical,
    "exponential": lambda s, horizon: [f"return {s.final_factor!r} ** (k / horizon)"],
    "inverse_sqrt": lambda s, horizon: [f"return 1.0 / math.sqrt(1.0 + k / {length(s.timescale, horizon)})"],
    "inverse_time": lambda s, horizon: [f"return 1.0 / (1.0 + {s.rate!r} * k / horizon)"],
    "linear": lambda s, horizon: [_towards(s.final_factor, "1.0 - k / horizon")],
    "multistep": _multistep,
    "one_cycle": _one_cycle,
    "polynomial": _polynomial,
    "rex": _rex,
    "step": lambda s, horizon: [f"return {s.factor!r} ** (k // {length(s.every, horizon)})"],
    "warmup_stable_decay": _warmup_stable_decay,
}
