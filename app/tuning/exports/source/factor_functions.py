"""The factor and the cycled momentum of an update as Python functions that need only `math`."""

from __future__ import annotations

import re

from app.engine.arrays import Array
from app.engine.schedules.base import MIN_EXPONENTIAL_START, Schedule
from app.engine.schedules.momentum_cycling import cycling
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.source.factor_table import exported_schedule
from app.tuning.exports.source.schedule_formulas import BODIES, MOMENTUM_BODIES, updates

_TABLE_WIDTH = 6  # numbers per line
_FACTOR = "Return the factor of the peak learning rate at an update, counted from 0."
_MOMENTUM = "Return the momentum of an update, counted from 0."


def factor_source(recommendation: Recommendation, total_steps: int) -> str:
    """Return the source of `factor(step)`, which reads TOTAL_STEPS and holds its last value beyond it.

    Raises NotExportable.
    """
    schedule = exported_schedule(recommendation)
    if schedule.kind not in BODIES:
        return _table_source("factor", _FACTOR, "FACTORS", schedule.table(total_steps))
    warmup = updates(schedule.warmup_fraction, total_steps)
    body = BODIES[schedule.kind](schedule, max(total_steps - warmup, 1))
    lines = []
    if warmup:
        lines.append(f"if step < {warmup}:  # {schedule.warmup_shape} warmup")
        lines.append(f"    return {_ramp(schedule, warmup)}")
    if warmup < total_steps:
        lines += _counters(body, warmup) + body
    return _function("factor", _FACTOR, lines)


def momentum_source(recommendation: Recommendation, total_steps: int) -> str:
    """Return the source of `momentum(step)`; empty if the schedule cycles none. Raises NotExportable."""
    schedule = cycling(exported_schedule(recommendation))
    if schedule is None:
        return ""
    if schedule.kind not in MOMENTUM_BODIES:
        return _table_source("momentum", _MOMENTUM, "MOMENTA", schedule.momentum_table(total_steps))
    warmup = updates(schedule.warmup_fraction, total_steps)
    body = MOMENTUM_BODIES[schedule.kind](schedule, max(total_steps - warmup, 1))
    start = f"k = max(step - {warmup}, 0)" if warmup else "k = step"
    return _function("momentum", _MOMENTUM, [start, *body])


def _function(name: str, doc: str, lines: list[str]) -> str:
    """Return the source of a function of `step` that clamps `step` to the horizon and runs the lines."""
    clamp = "step = min(max(step, 0), TOTAL_STEPS - 1)"
    body = "".join(f"    {line}\n" for line in (f'"""{doc}"""', clamp, *lines))
    return f"def {name}(step):\n{body}"


def _ramp(schedule: Schedule, warmup: int) -> str:
    start = schedule.warmup_start_factor
    if schedule.warmup_shape == "constant":
        return repr(start)
    if schedule.warmup_shape == "exponential":
        return f"{max(start, MIN_EXPONENTIAL_START)!r} ** (1.0 - step / {warmup})"
    return f"step / {warmup}" if start == 0.0 else f"{start!r} + (1.0 - {start!r}) * (step / {warmup})"


def _counters(body: list[str], warmup: int) -> list[str]:
    """Return the assignment of the variables that the body uses: `k` and `horizon`, after the warmup."""
    after = f" - {warmup}" if warmup else ""
    values = {"k": f"step{after}", "horizon": f"TOTAL_STEPS{after}"}
    used = [name for name in values if re.search(rf"\b{name}\b", " ".join(body))]
    return [f"{', '.join(used)} = {', '.join(values[name] for name in used)}"] if used else []


def _table_source(name: str, doc: str, constant: str, numbers: Array) -> str:
    values = [repr(value) for value in numbers.tolist()]
    rows = [", ".join(values[i : i + _TABLE_WIDTH]) for i in range(0, len(values), _TABLE_WIDTH)]
    table = "".join(f"    {row},\n" for row in rows)
    return (
        f"{constant} = (\n{table})\n\n\n"
        f"def {name}(step):\n"
        f'    """{doc}"""\n'
        f"    return {constant}[min(max(step, 0), TOTAL_STEPS - 1)]\n"
    )
