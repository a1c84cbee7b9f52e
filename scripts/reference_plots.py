"""Plots of the schedules for the reference pages, as small SVG files."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.loss_feedback import realised_factors
from app.engine.hyper import HyperField, hyper_fields
from app.engine.schedules import SCHEDULES, Schedule
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import MomentumCycling

HORIZON = 200
WIDTH, HEIGHT = 480, 200
LEFT, RIGHT, TOP, BOTTOM = 36, 12, 12, 28
LEGEND_LINE = 16
# Told apart by those who do not see all colours (Okabe & Ito 2008), and readable on white and on black.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
GREY = "#888888"
# What does not shape the curve after the warmup.
OTHER_FIELDS = {field.name for field in hyper_fields(MomentumCycling)}

Curve = tuple[str, NDArray[Any]]  # its label, and its factors


def schedule_plot(kind: str) -> str:
    """Return the plot of a schedule at its defaults, with its choices or the ends of a range beside."""
    cls = SCHEDULES[kind]
    curves = [("defaults", _factors(cls()))]
    curves += [(f"{name} {_text(value)}", _factors(cls(**{name: value}))) for name, value in _variants(cls)]
    dashed = [("loss", example_losses() / example_losses().max())] if issubclass(cls, LossDriven) else []
    return draw(f"The schedule {kind}: factor of the peak over the updates of a run", curves, dashed)


def warmup_plot() -> str:
    """Return the plot of the warmup's shapes before a constant schedule."""
    shapes = next(field.hyper.choices for field in hyper_fields(Schedule) if field.name == "warmup_shape")
    made = {
        shape: SCHEDULES["constant"](warmup_fraction=0.5, warmup_start_factor=0.1, warmup_shape=shape)
        for shape in map(str, shapes)
    }
    curves = [(shape, _factors(schedule)) for shape, schedule in made.items()]
    return draw("The shapes of the warmup: factor of the peak over the updates of a run", curves, [])


def draw(title: str, curves: list[Curve], dashed: list[Curve]) -> str:
    """Draw curves over the part of the horizon, from 0 to 1 or to the largest value."""
    height = HEIGHT + LEGEND_LINE * (len(curves) + len(dashed))
    top = max(1.0, *(float(values.max()) for _, values in (*curves, *dashed)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        *_axes(top),
    ]
    styles = [(curve, GREY, ' stroke-dasharray="4 3"') for curve in dashed]
    styles += [(curve, colour, "") for curve, colour in zip(curves, COLOURS, strict=False)]
    # The defaults last, on top of the others.
    for (_, values), colour, dash in [*styles[: len(dashed)], *reversed(styles[len(dashed) :])]:
        parts.append(_line(_points(values / top), colour, dash))
    for i, ((label, _), colour, dash) in enumerate([*styles[len(dashed) :], *styles[: len(dashed)]]):
        y = HEIGHT + LEGEND_LINE * i
        parts.append(_line(f"{LEFT},{y} {LEFT + 20},{y}", colour, dash))
        parts.append(f'<text x="{LEFT + 26}" y="{y + 4}" fill="{GREY}">{escape(label)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def example_losses() -> NDArray[np.float64]:
    """Return losses that fall, stall, and fall again, so that a rule has something to answer."""
    progress = np.arange(HORIZON) / HORIZON
    return np.asarray(0.25 + 0.75 * np.exp(-12 * progress) + 0.02 * np.sin(60 * progress))


def _factors(schedule: Schedule) -> NDArray[Any]:
    return (
        realised_factors(schedule, example_losses())
        if isinstance(schedule, LossDriven)
        else schedule.table(HORIZON)
    )


def _variants(cls: type[Schedule]) -> list[tuple[str, Any]]:
    """Return other values of the field with choices, else of the first with a range."""
    fields = [field for field in hyper_fields(cls) if field.name not in OTHER_FIELDS]
    fields.sort(key=lambda field: not field.hyper.choices)
    found = [(field.name, value) for field in fields for value in _others(field)]
    return [variant for variant in found if variant[0] == found[0][0]][: len(COLOURS) - 1]


def _others(field: HyperField) -> list[Any]:
    values = field.hyper.choices or field.hyper.search or ()
    return [field.type(value) for value in values if value != field.default]


def _axes(top: float) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    marks = [(LEFT - 6, TOP + 4, "end", f"{top:.3g}"), (LEFT - 6, bottom + 4, "end", "0")]
    marks += [(LEFT, bottom + 16, "middle", "0"), (right - 4, bottom + 16, "middle", "T")]
    return [
        _line(f"{LEFT},{TOP} {LEFT},{bottom} {right},{bottom}", GREY, ""),
        *(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{GREY}">{text}</text>'
            for x, y, anchor, text in marks
        ),
    ]


def _points(values: NDArray[Any]) -> str:
    """Return the points of a line, without those that lie between their neighbours."""
    x = LEFT + (WIDTH - LEFT - RIGHT) * np.arange(len(values)) / len(values)
    y = TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - values)
    kept = [
        k
        for k in range(len(values))
        if k in (0, len(values) - 1) or abs(values[k - 1] - 2 * values[k] + values[k + 1]) > 1e-6
    ]
    return " ".join(f"{x[k]:.1f},{y[k]:.1f}" for k in kept)


def _line(points: str, colour: str, dash: str) -> str:
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
