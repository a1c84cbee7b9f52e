"""A recommendation as text for a terminal: what to do first, then what it rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from stepsize.report_tables import evidence, interval, table

LINE = 100
SHOWN = 5  # numbers of a list
SWEPT = 16.0  # times the recommended peak: the highest one that is tried
FIRST_WARNINGS = 2  # that follow the summary; the others are at the end


def describe(job: dict[str, Any], recommendation: dict[str, Any] | None, url: str) -> str:
    """Return the recommendation, its evidence, and where to look further."""
    address = f"{url}/v1/jobs/{job['id']}"
    if recommendation is None:
        why = job["reason"] or (job["error"] or {}).get("detail") or "no reason was given"
        return f"The job {job['state']} without a recommendation: {why}\n  {address}"
    return "\n".join(_lines(recommendation, address, url))


def _lines(body: dict[str, Any], address: str, url: str) -> Iterator[str]:
    """Yield the lines of the report on a recommendation."""
    summary = body.get("summary") or []
    warnings = body["warnings"]
    if summary:
        yield ""
        yield from map(_paragraph, summary)
    yield from _warnings(warnings[:FIRST_WARNINGS], len(warnings) - FIRST_WARNINGS)
    yield from _outside_space(body.get("outside_space"))
    yield from _settings(body)
    yield from _horizons(body.get("horizons"))
    yield ""
    yield from evidence(body["evidence"])
    figures = {name: mean for name, mean in (body["metrics"] or {}).items() if mean is not None}
    if len(figures) > 1:  # a function has a single figure, which the evidence shows
        yield _paragraph(
            "other figures of the recommended one: "
            + ", ".join(f"{name} {mean:.4g}" for name, mean in figures.items())
        )
    yield ""
    yield "How it was found:"
    yield from map(_paragraph, body["explanation"])
    yield from _warnings(warnings[FIRST_WARNINGS:], 0)
    yield ""
    yield "Where to look:"
    yield f"  {address}/recommendation"
    yield f"  {address}/recommendation/schedule?format=torch"
    yield f"  {url}/docs"


def _warnings(sentences: list[str], more: int) -> Iterator[str]:
    """Yield the lines of warnings. more: the number of warnings that are shown later."""
    if sentences:
        yield ""
        yield from (_paragraph(f"Warning: {sentence}") for sentence in sentences)
    if more > 0:
        yield f"  {more} more {'warning is' if more == 1 else 'warnings are'} at the end."


def _outside_space(default: dict[str, Any] | None) -> Iterator[str]:
    if default is None:
        return
    yield ""
    better, (low, high) = default["difference"]["mean"], default["difference"]["ci95"]
    yield _paragraph(
        f"Better outside your search space: {default['label']}, with a mean of "
        f"{interval(default['mean'], default['ci95'])}. That is {interval(better, (low, high))} below the "
        f"recommended one. Use it as it is, or add {default['optimizer']['kind']} to the job's search space."
    )


def _settings(body: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"Recommended for {body['total_steps']} steps:"
    yield _field("optimizer", _kind(body["optimizer"]))
    yield _field("schedule", _kind(body["schedule"]))
    if body["batch_size"] is not None:
        yield _field("batch size", str(body["batch_size"]))
    for name, value in body["settings"].items():
        yield _field(name, f"{value:.4g}")
    safe = body["safe_learning_rate"]
    if safe is not None:
        above = safe["diverges_above"]
        beyond = f"; diverges above {above:.3g}" if above is not None else ""
        # An end of the sweep is no end of what is safe.
        is_open = safe["high"] >= (1.0 - 1e-9) * SWEPT * body["optimizer"]["learning_rate"]
        high = f"at least {safe['high']:.3g}" if is_open else f"{safe['high']:.3g}"
        yield _field("safe peak", f"{safe['low']:.3g} to {high}{beyond}")


def _horizons(horizons: list[dict[str, Any]] | None) -> Iterator[str]:
    if not horizons:
        return
    yield ""
    yield "Best peak learning rate for other numbers of steps:"
    rows = [("steps", "peak", "95 % interval")]
    for row in horizons:
        low, high = row["ci95"]
        rows.append((f"{row['total_steps']}", f"{row['learning_rate']:.3g}", f"{low:.3g} to {high:.3g}"))
    yield from table(rows)


def _paragraph(sentence: str) -> str:
    return textwrap.fill(
        sentence, LINE, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )


def _field(name: str, text: str) -> str:
    """Return a setting; the lines of a long one stand below each other."""
    first = f"  {name:10} "
    return textwrap.fill(
        text, LINE, initial_indent=first, subsequent_indent=" " * (len(first) + 2), break_on_hyphens=False
    )


def _kind(part: dict[str, Any]) -> str:
    fields = ", ".join(f"{name}={_value(value)}" for name, value in part.items() if name != "kind")
    return f"{part['kind']}({fields})"


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) > SHOWN:
        return f"{len(value)} numbers"
    return f"{value:.4g}" if isinstance(value, float) else f"{value}"
