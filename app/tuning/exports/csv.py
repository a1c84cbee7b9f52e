"""The export as a table of comma-separated values."""

from __future__ import annotations

from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format
from app.tuning.exports.source.factor_table import learning_rates, momenta


def render(recommendation: Recommendation, total_steps: int) -> str:
    """Return the table, one line per update, with numbers in full so that they read back to the same bits.

    A cycled momentum is a third column; other schedules have two columns.
    """
    columns = {"learning_rate": learning_rates(recommendation, total_steps)}
    cycled = momenta(recommendation, total_steps)
    if cycled is not None:
        columns["momentum"] = cycled
    rows = zip(*columns.values(), strict=True)
    lines = [",".join([str(step), *map(repr, row)]) for step, row in enumerate(rows)]
    return "\n".join([",".join(["step", *columns]), *lines]) + "\n"


FORMAT = Format(
    name="csv",
    summary="a table with one line per update",
    media_type="text/csv",
    filename="learning_rate.csv",
    render=render,
)
