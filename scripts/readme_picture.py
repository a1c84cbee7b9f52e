"""The picture of the README: the recommended schedule of the demo beside the best constant rate.

`python -m scripts.readme_picture` draws docs/images/recommendation.svg from docs/images/recommendation.json.
With the file of a recommendation (`GET /v1/jobs/{job_id}/recommendation`), it stores the parts that the
picture needs there first.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path
from typing import Any

from scripts.reference_plots import COLOURS, GREY

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
STORED, PICTURE = FOLDER / "recommendation.json", FOLDER / "recommendation.svg"

WIDTH, HEIGHT = 860, 250  # of the picture; all lengths are in pixels
LEFT, RIGHT, TOP, BOTTOM = 56, 370, 44, 208  # the frame of the schedules
BARS, BARS_END = 590, 760  # from zero to the largest end of an interval
BAR_HEIGHT, BAR_SPACING = 16, 42
BLUE, ORANGE = COLOURS[:2]
TITLE = (
    "The recommended learning-rate schedule of the demo beside the best constant rate, with measured losses"
)

Row = dict[str, Any]  # of the evidence, as JSON


def needed_parts(recommendation: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a recommendation that the picture shows."""
    evidence = recommendation["evidence"]
    return {
        "total_steps": recommendation["total_steps"],
        "metric": evidence["metric"],
        "replicates": evidence["replicates"],
        "peak": recommendation["optimizer"]["learning_rate"],
        "factors": [round(factor, 4) for factor in recommendation["schedule"]["factors"]],
        "rows": [
            {
                "name": name,
                "rate": row["optimizer"]["learning_rate"],
                "mean": row["mean"],
                "ci95": row["ci95"],
            }
            for name, row in _rows(evidence)
        ],
    }


def picture(parts: dict[str, Any]) -> str:
    """Draw the two schedules, and a bar for each measured loss."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" role="img" font-family="sans-serif" font-size="13">',
        f"<title>{escape(TITLE)}</title>",
        *_schedules(parts),
        *_bars(parts),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Store the given recommendation, if any, and write the picture."""
    if len(sys.argv) > 1:
        recommendation = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        STORED.write_text(json.dumps(needed_parts(recommendation)) + "\n", encoding="utf-8")
    PICTURE.write_text(picture(json.loads(STORED.read_text(encoding="utf-8"))), encoding="utf-8")


def _rows(evidence: dict[str, Any]) -> list[tuple[str, Row]]:
    """Return the recommended candidate, the best constant rate and two defaults, with short names."""
    baselines = {row["label"].partition(":")[0].partition(",")[0]: row for row in evidence["baselines"]}
    defaults = {"dog at its defaults": "best default: DoG", "adam at its defaults": "Adam at its defaults"}
    return [
        ("recommended", evidence["candidates"][0]),
        ("best constant rate", baselines["best constant rate"]),
        *((name, baselines[label]) for label, name in defaults.items()),
    ]


def _schedules(parts: dict[str, Any]) -> list[str]:
    """Draw the rates over the updates, with their axes and names."""
    steps, constant = parts["total_steps"], parts["rows"][1]["rate"]
    rates = [parts["peak"] * factor for factor in parts["factors"]]
    top = 1.1 * max(*rates, constant)

    def point(update: float, rate: float) -> str:
        x = LEFT + (RIGHT - LEFT) * update / steps
        return f"{x:.1f},{BOTTOM - (BOTTOM - TOP) * rate / top:.1f}"

    every = max(1, steps // 125)  # updates from point to point
    recommended = " ".join(point(k, rates[k]) for k in [*range(0, steps, every), steps - 1])
    level = BOTTOM - (BOTTOM - TOP) * constant / top
    peak = BOTTOM - (BOTTOM - TOP) * max(rates) / top
    return [
        _text(LEFT, 20, "Learning rate over the updates", weight="bold"),
        _line(f"{LEFT},{TOP} {LEFT},{BOTTOM} {RIGHT},{BOTTOM}", GREY),
        _line(f"{point(0, constant)} {point(steps, constant)}", ORANGE, width=2.5),
        _line(recommended, BLUE, width=2.5),
        _text(LEFT - 6, peak + 4, f"{max(rates):.3g}", anchor="end"),
        _text(LEFT - 6, level + 4, f"{constant:.3g}", anchor="end"),
        _text(LEFT - 6, BOTTOM + 4, "0", anchor="end"),
        _text(LEFT, BOTTOM + 18, "0", anchor="middle"),
        _text(RIGHT, BOTTOM + 18, f"{steps}", anchor="middle"),
        _text(LEFT + 12, peak + 14, "recommended", colour=BLUE),
        _text((LEFT + RIGHT) / 2, level + 18, "best constant rate", anchor="middle", colour=ORANGE),
    ]


def _bars(parts: dict[str, Any]) -> list[str]:
    """Draw a bar for each mean loss, with its interval as a line and its value beside it."""
    metric, replicates = parts["metric"].replace("_", " ").capitalize(), parts["replicates"]
    largest = max(row["ci95"][1] for row in parts["rows"])
    scale = (BARS_END - BARS) / largest
    lines = [_text(450, 20, f"{metric}, mean of {replicates} fresh seeds (lower is better)", weight="bold")]
    for i, row in enumerate(parts["rows"]):
        y = TOP + 14 + BAR_SPACING * i
        low, high = (BARS + scale * end for end in row["ci95"])
        colour = (BLUE, ORANGE)[i] if i < 2 else GREY
        width = scale * row["mean"]
        lines += [
            _text(BARS - 10, y + 13, row["name"], anchor="end"),
            f'<rect x="{BARS}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" fill="{colour}"'
            ' fill-opacity="0.7"/>',
            _line(f"{low:.1f},{y + BAR_HEIGHT // 2} {high:.1f},{y + BAR_HEIGHT // 2}", GREY, width=2),
            _text(BARS_END + 12, y + 13, f"{row['mean']:.3f}"),
        ]
    return [*lines, _text(BARS, BOTTOM + 18, "grey lines: 95 % intervals", anchor="start")]


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = GREY, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )


def _line(points: str, colour: str, *, width: float = 1.0) -> str:
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


if __name__ == "__main__":
    main()
