"""A recommendation as text for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Any

WIDTH = 72  # of a label, at most
LINE = 100
SHOWN = 5  # candidates; and numbers of a list


def describe(job: dict[str, Any], recommendation: dict[str, Any] | None, url: str) -> str:
    """The recommendation, its evidence, and where to look further."""
    address = f"{url}/v1/jobs/{job['id']}"
    if recommendation is None:
        why = job["reason"] or (job["error"] or {}).get("detail") or "no reason was given"
        return f"The job {job['state']} without a recommendation: {why}\n  {address}"
    return "\n".join(_lines(recommendation, address, url))


def _lines(body: dict[str, Any], address: str, url: str) -> Iterator[str]:
    yield ""
    yield f"Recommended for {body['total_steps']} steps:"
    yield f"  optimizer  {_kind(body['optimizer'])}"
    yield f"  schedule   {_kind(body['schedule'])}"
    if body["batch_size"] is not None:
        yield f"  batch size {body['batch_size']}"
    for name, value in body["settings"].items():
        yield f"  {name}  {value:.4g}"
    safe = body["safe_learning_rate"]
    if safe is not None:
        above = safe["diverges_above"]
        beyond = f"; diverges above {above:.3g}" if above is not None else ""
        yield f"  safe peak learning rate {safe['low']:.3g} to {safe['high']:.3g}{beyond}"
    yield ""
    yield from _evidence(body["evidence"])
    others = {name: mean for name, mean in (body["metrics"] or {}).items() if mean is not None}
    if len(others) > 1:  # of a function there is one, which is above
        yield "  measured there too: " + ", ".join(f"{name} {mean:.4g}" for name, mean in others.items())
    yield ""
    yield from map(_paragraph, body["explanation"])
    yield from (_paragraph(f"Warning: {sentence}") for sentence in body["warnings"])
    yield ""
    yield "Where to look:"
    yield f"  {address}/recommendation"
    yield f"  {address}/recommendation/schedule?format=torch"
    yield f"  {url}/docs"


def _paragraph(sentence: str) -> str:
    return textwrap.fill(
        sentence, LINE, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )


def _evidence(evidence: dict[str, Any]) -> Iterator[str]:
    if not evidence["replicates"]:
        return
    candidates, baselines = evidence["candidates"], evidence["baselines"]
    if evidence["replicates"] == 1:  # all runs are the same
        yield f"{evidence['metric']} of one run each:"
    else:
        seeds = f"{evidence['replicates']} seeds drawn after the choice"
        yield f"{evidence['metric']} on {seeds}, mean and 95 % interval:"
    listed = [row["label"] for row in candidates[:SHOWN]]
    others = sorted((row for row in baselines if row["label"] not in listed), key=_mean)
    rows = [*candidates[:SHOWN], *others]
    width = min(WIDTH, max(len(row["label"]) for row in rows))
    for row in rows:
        yield f"  {row['label']:{width}.{width}} {_interval(row)}"


def _mean(row: dict[str, Any]) -> float:
    return math.inf if row["mean"] is None else float(row["mean"])


def _interval(row: dict[str, Any]) -> str:
    if row["mean"] is None:
        return "diverged"
    low, high = row["ci95"] or (row["mean"], row["mean"])
    return f"{row['mean']:.4g} [{low:.4g}, {high:.4g}]"


def _kind(part: dict[str, Any]) -> str:
    fields = ", ".join(f"{name}={_value(value)}" for name, value in part.items() if name != "kind")
    return f"{part['kind']}({fields})"


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) > SHOWN:
        return f"{len(value)} numbers"
    return f"{value:.4g}" if isinstance(value, float) else f"{value}"
