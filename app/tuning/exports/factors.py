"""The factor of each update as Python source that depends on nothing but `math`.

A schedule that is here exports as its formula, which one can read; any other one as the table of its
factors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from app.spec.recommendation import Recommendation
from app.tuning.exports.table import factor_table

# The body after the warmup as an expression in k, from 0, and the horizon that is left.
# Any: the fields of a schedule as JSON has them.
_BODIES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "constant": lambda fields: "1.0",
    "cosine": lambda fields: (
        f"{fields['final_factor']!r} + (1.0 - {fields['final_factor']!r}) * 0.5"
        " * (1.0 + math.cos(math.pi * k / horizon))"
    ),
}

_TABLE_WIDTH = 6  # numbers in a line


def factor_source(recommendation: Recommendation, total_steps: int) -> str:
    """Source of `factor(step)`, which holds its last value beyond the horizon; it reads TOTAL_STEPS."""
    schedule = recommendation.schedule
    body = _BODIES.get(schedule["kind"])
    if body is None:
        return _table_source(recommendation, total_steps)
    warmup = min(math.floor(schedule["warmup_fraction"] * total_steps + 0.5), total_steps)
    expression = body(schedule)
    lines = [
        "def factor(step):",
        '    """The factor of the peak learning rate at an update, counted from 0."""',
        "    step = min(max(step, 0), TOTAL_STEPS - 1)",
    ]
    if warmup:
        start = schedule["warmup_start_factor"]
        lines += [
            f"    if step < {warmup}:  # linear warmup",
            f"        return {start!r} + (1.0 - {start!r}) * (step / {warmup})",
        ]
    if "k" in expression:
        lines += [f"    k, horizon = step - {warmup}, max(TOTAL_STEPS - {warmup}, 1)"]
    return "\n".join([*lines, f"    return {expression}"]) + "\n"


def _table_source(recommendation: Recommendation, total_steps: int) -> str:
    values = [repr(value) for value in factor_table(recommendation, total_steps).tolist()]
    rows = [", ".join(values[i : i + _TABLE_WIDTH]) for i in range(0, len(values), _TABLE_WIDTH)]
    table = "".join(f"    {row},\n" for row in rows)
    return (
        f"FACTORS = (\n{table})\n\n\n"
        "def factor(step):\n"
        '    """The factor of the peak learning rate at an update, counted from 0."""\n'
        "    return FACTORS[min(max(step, 0), TOTAL_STEPS - 1)]\n"
    )
