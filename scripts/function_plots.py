"""Plots of the functions of two parameters for the reference pages, as small SVG files."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.objectives.functions import FUNCTIONS, Function
from scripts.contours import Line, contour
from scripts.reference_plots import GREY

SIZE, MARGIN, LEGEND = 320, 34, 24
LINES = 90  # of the grid, each way
LEVELS = 7
# How far the window goes beyond the domain. No round number: a height must not lie on a level, where the last
# bit of a sine, which differs between processors, would decide.
_BEYOND = 1.0371
_LOW, _HIGH = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)


def is_drawn(cls: type[Function]) -> bool:
    """Return whether a function has two parameters by default."""
    return cls.default_dimension == 2


def function_plot(kind: str) -> str:
    """Draw lines of equal height around the start and the optimum, in the plane of the two parameters."""
    function = FUNCTIONS[kind]()
    low, high = _window(function)
    axes = [np.linspace(low[i], high[i], LINES) for i in range(2)]
    columns, rows = np.meshgrid(axes[0], axes[1][::-1])
    points = np.stack([columns.ravel(), rows.ravel()], axis=1)
    heights = np.asarray(
        function.value(points - _marks(function)["centre"]).reshape(LINES, LINES), dtype=np.float64
    )
    width, height = SIZE + 2 * MARGIN, SIZE + MARGIN + 2 * LEGEND
    title = f"The function {kind}: lines of equal value, its start and its optimum"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect x="{MARGIN}" y="{MARGIN // 2}" width="{SIZE}" height="{SIZE}" fill="none" stroke="{GREY}"/>',
    ]
    levels = _levels(heights)
    for i, level in enumerate(levels):
        lines = "".join(_path(line) for line in contour(heights, level))
        parts.append(f'<path d="{lines}" fill="none" stroke="{_colour(i / max(len(levels) - 1, 1))}"/>')
    return "\n".join([*parts, *_ticks(low, high), *_symbols(function, low, high), "</svg>", ""])


def _marks(function: Function) -> dict[str, NDArray[np.float64]]:
    """Return the start, the optimum if there is one, and the place of the function's origin."""
    found = {"centre": np.zeros(2), "start": function.default_start(2)}
    centres, optimum = function.centres(0, 1, 2), function.optimum(2)
    if centres is not None:
        found["centre"] = centres[0]
    if optimum is not None:
        found["optimum"] = optimum[1]
    return found


def _window(function: Function) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the domain, or a square around start and optimum if these are close together in it."""
    marks = _marks(function)
    low, high = (np.full(2, _BEYOND * bound) for bound in function.domain)
    if "optimum" in marks:
        points = np.stack([marks["start"], marks["optimum"]])
        side = np.ptp(points, axis=0).max()
        if side < (high - low)[0] / 8:
            middle = (points[0] + points[1]) / 2
            return middle - side * _BEYOND, middle + side * _BEYOND
    return low, high


def _levels(heights: NDArray[np.float64]) -> list[float]:
    """Return levels between which equal parts of the picture lie, in round numbers."""
    quantiles = np.quantile(heights, np.linspace(0.03, 0.93, LEVELS))
    return sorted({float(f"{level:.3g}") for level in quantiles})


def _path(line: Line) -> str:
    """Return a line in whole units from point to point, without points within a straight part."""
    scale = SIZE / (LINES - 1)
    points = [(round(MARGIN + column * scale), round(MARGIN // 2 + row * scale)) for row, column in line]
    kept = [points[0]]
    for i, point in enumerate(points[1:], start=1):
        straight = i + 1 < len(points) and _turn(kept[-1], point, points[i + 1]) == 0
        if point != kept[-1] and not straight:
            kept.append(point)
    steps = (f"{x - a} {y - b}" for (a, b), (x, y) in pairwise(kept))
    return f"M{kept[0][0]} {kept[0][1]}l{' '.join(steps)}" if len(kept) > 1 else ""


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])


def _colour(share: float) -> str:
    """Return a colour from blue for low to orange for high values, readable on white and on black."""
    mixed = (round(low + share * (high - low)) for low, high in zip(_LOW, _HIGH, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _ticks(low: Any, high: Any) -> list[str]:
    bottom, right, top = MARGIN // 2 + SIZE, MARGIN + SIZE, MARGIN // 2
    marks = [
        (MARGIN, bottom + 16, "middle", low[0]),
        (right, bottom + 16, "middle", high[0]),
        (MARGIN - 4, bottom, "end", low[1]),
        (MARGIN - 4, top + 10, "end", high[1]),
    ]
    return [
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{GREY}">{value:.2g}</text>'
        for x, y, anchor, value in marks
    ]


def _symbols(function: Function, low: Any, high: Any) -> list[str]:
    """Return a ring at the start, a cross at the optimum, the path of a moving optimum, and a legend."""

    def place(point: Any) -> tuple[float, float]:
        shares = (point - low) / (high - low)
        return MARGIN + SIZE * shares[0], MARGIN // 2 + SIZE * (1 - shares[1])

    marks, y = _marks(function), SIZE + MARGIN + LEGEND
    parts = [*_ring(*place(marks["start"])), *_ring(MARGIN + 6, y), _text(MARGIN + 18, y, "start")]
    if "optimum" in marks:
        parts += [_cross(*place(marks["optimum"])), _cross(MARGIN + 86, y), _text(MARGIN + 98, y, "optimum")]
    way = function.centres(0, 127, 2)
    if way is not None:
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in map(place, way))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{GREY}" stroke-dasharray="4 4"/>')
    return parts


def _ring(x: float, y: float) -> list[str]:
    return [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none" stroke="#cc79a7" stroke-width="2.5"/>']


def _cross(x: float, y: float) -> str:
    return f'<path d="M{x - 5:.1f} {y:.1f}h10m-5 -5v10" stroke="#009e73" stroke-width="2.5"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.0f}" y="{y + 4:.0f}" fill="{GREY}">{text}</text>'
