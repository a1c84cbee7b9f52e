"""The tables of a recommendation: what was measured, beside the recommended configuration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

Row = dict[str, Any]  # of the evidence, as JSON

WIDTH = 72  # of a name, at most
BEST_BASELINES = 4  # listed by their mean; the other baselines are counted
LISTED_DEFAULT = "adam"  # kind of the default that is always listed
ORIGIN = ": "  # end of the origin in a label, as in "trial 3: "; the label of a default has no origin
CONSTANT = "best constant rate"


def evidence(body: dict[str, Any]) -> Iterator[str]:
    """Yield a table of the means: the recommended configuration, the other candidates, the baselines."""
    replicates, metric = body["replicates"], body["metric"]
    if not replicates:
        return
    if replicates == 1:  # every run is the same
        yield f"{metric} of one run each (lower is better):"
    else:
        yield f"{metric} on {replicates} fresh seeds (lower is better; 95 % intervals in brackets):"
    candidates = body["candidates"]
    labels = {row["label"] for row in candidates}
    baselines = sorted((row for row in body["baselines"] if row["label"] not in labels), key=_mean)
    listed = [row for i, row in enumerate(baselines) if i < BEST_BASELINES or _is_always_listed(row)]
    differences = {row["label"]: row["difference"] for row in body["baselines"]}
    rows = [*candidates, *listed]
    cells = [("", "mean", "above the recommended")]
    for i, (row, name) in enumerate(zip(rows, names(rows), strict=True)):
        difference = row.get("difference") or differences.get(row["label"])
        cells.append((name, _interval(row), "recommended" if i == 0 else _above(difference)))
    yield from table(cells)
    if left := [row for row in baselines if row not in listed]:
        yield f"  {_left_out(left)}"


def names(rows: Sequence[Row]) -> list[str]:
    """Return the name of each row, without its origin; equal names get their differences added."""
    short = [_short(row) for row in rows]
    return [
        name if short.count(name) == 1 else _with_differences(name, row, rows)
        for row, name in zip(rows, short, strict=True)
    ]


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align columns of text; the first row is the heading."""
    widths = [min(WIDTH, max(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    for row in rows:
        cells = (f"{cell:{width}.{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'   '.join(cells)}".rstrip()


def interval(mean: float, ci95: Sequence[float] | None) -> str:
    """Return a figure with its interval in brackets."""
    if ci95 is None or ci95[0] == ci95[1]:
        return f"{mean:.4g}"
    return f"{mean:.4g} [{ci95[0]:.4g}, {ci95[1]:.4g}]"


def _short(row: Row) -> str:
    """Return the label of a row without its origin, such as "trial 3: "."""
    label = str(row["label"])
    name = label if label.startswith(CONSTANT) else label.partition(ORIGIN)[2] or label
    return name.replace(", table", ", computed schedule") if row.get("source") == "refined" else name


def _with_differences(name: str, row: Row, rows: Sequence[Row]) -> str:
    """Add the numbers and choices by which a row differs from the others of its name."""
    alike = [other for other in rows if _short(other) == name]
    parts = [
        f"{field} {value:.4g}" if isinstance(value, float) else f"{field} {value}"
        for noun in ("optimizer", "schedule", "settings")
        for field, value in row.get(noun, {}).items()
        if not isinstance(value, list) and any(other.get(noun, {}).get(field) != value for other in alike)
    ]
    return f"{name}, {', '.join(parts)}" if parts else str(row["label"])


def _is_always_listed(row: Row) -> bool:
    """Return whether a baseline is always listed: Adam at its defaults, or the best constant rate."""
    return row["optimizer"]["kind"] == LISTED_DEFAULT or ORIGIN in row["label"]


def _left_out(rows: Sequence[Row]) -> str:
    """Count the baselines that are not listed."""
    diverged = sum(row["mean"] is None for row in rows)
    parts = [f"{len(rows) - diverged} with a higher mean"] if len(rows) > diverged else []
    parts += [f"{diverged} that diverged"] if diverged else []
    return f"not listed: {len(rows)} other defaults, {' and '.join(parts)}"


def _above(difference: dict[str, Any] | None) -> str:
    """Return how far a mean is above the recommended one; a negative number is better."""
    if difference is None:
        return ""
    low, high = difference["ci95"]
    return interval(-difference["mean"], (-high, -low))


def _mean(row: Row) -> float:
    return math.inf if row["mean"] is None else float(row["mean"])


def _interval(row: Row) -> str:
    return "diverged" if row["mean"] is None else interval(row["mean"], row["ci95"])
