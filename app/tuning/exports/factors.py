"""The factor of each update as a Python function that depends on nothing but `math`."""

from __future__ import annotations

import re

from app.engine.schedules.base import LEAST_EXPONENTIAL_START, Schedule
from app.spec.recommendation import Recommendation
from app.tuning.exports.formulas import BODIES, updates
from app.tuning.exports.table import exported_schedule

_TABLE_WIDTH = 6  # numbers in a line


def factor_source(recommendation: Recommendation, total_steps: int) -> str:
    """Source of `factor(step)`, which holds its last value beyond the horizon; it reads TOTAL_STEPS.

    Raises NotExportable.
    """
    schedule = exported_schedule(recommendation)
    if schedule.kind not in BODIES:
        return _table_source(schedule, total_steps)
    warmup = updates(schedule.warmup_fraction, total_steps)
    body = BODIES[schedule.kind](schedule, max(total_steps - warmup, 1))
    lines = ["step = min(max(step, 0), TOTAL_STEPS - 1)"]
    if warmup:
        lines.append(f"if step < {warmup}:  # {schedule.warmup_shape} warmup")
        lines.append(f"    return {_ramp(schedule, warmup)}")
    if warmup < total_steps:
        lines += _counters(body, warmup) + body
    return "\n".join(
        [
            "def factor(step):",
            '    """The factor of the peak learning rate at an update, counted from 0."""',
            *(f"    {line}" for line in lines),
            "",
        ]
    )


def _ramp(schedule: Schedule, warmup: int) -> str:
    start = schedule.warmup_start_factor
    if schedule.warmup_shape == "constant":
        return repr(start)
    if schedule.warmup_shape == "exponential":
        return f"{max(start, LEAST_EXPONENTIAL_START)!r} ** (1.0 - step / {warmup})"
    return f"{start!r} + (1.0 - {start!r}) * (step / {warmup})"


def _counters(body: list[str], warmup: int) -> list[str]:
    """What the body counts in, as far as it does: k from 0, and the horizon that is left."""
    after = f" - {warmup}" if warmup else ""
    values = {"k": f"step{after}", "horizon": f"TOTAL_STEPS{after}"}
    used = [name for name in values if re.search(rf"\b{name}\b", " ".join(body))]
    return [f"{', '.join(used)} = {', '.join(values[name] for name in used)}"] if used else []


def _table_source(schedule: Schedule, total_steps: int) -> str:
    values = [repr(value) for value in schedule.table(total_steps).tolist()]
    rows = [", ".join(values[i : i + _TABLE_WIDTH]) for i in range(0, len(values), _TABLE_WIDTH)]
    table = "".join(f"    {row},\n" for row in rows)
    return (
        f"FACTORS = (\n{table})\n\n\n"
        "def factor(step):\n"
        '    """The factor of the peak learning rate at an update, counted from 0."""\n'
        "    return FACTORS[min(max(step, 0), TOTAL_STEPS - 1)]\n"
    )
