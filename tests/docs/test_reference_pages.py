"""The generated pages of docs/reference match the code."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from app.engine.objectives.functions import FUNCTIONS
from app.engine.schedules import SCHEDULES
from scripts.build_reference import FOLDER, PAGES, files
from scripts.contours import contour
from scripts.function_plots import is_drawn

FILES = files()


@pytest.mark.parametrize("name", FILES)
def test_a_page_is_up_to_date(name: str) -> None:
    path = FOLDER / name
    assert path.exists(), "missing: run `make docs`"
    assert path.read_text(encoding="utf-8") == FILES[name], "stale: run `make docs`"


def test_no_plot_is_left_of_a_kind_that_is_gone() -> None:
    assert {f"plots/{path.name}" for path in (FOLDER / "plots").iterdir()} <= set(FILES), "run `make docs`"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_every_kind_with_its_summary_and_fields(name: str) -> None:
    text = FILES[f"{name}.md"]
    for item in PAGES[name].items():
        _, _, section = text.partition(f"\n## {item.kind}\n")
        assert item.summary in section
        for field in item.hyperparameters:
            assert f"| `{field.name}` |" in (section if name != "schedules" else text)


@pytest.mark.parametrize("name", PAGES)
def test_the_links_of_a_page_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", FILES[f"{name}.md"]):
        page, _, anchor = target.partition("#")
        assert not page or (FOLDER / page).exists(), target
        if anchor:
            linked = FILES[page or f"{name}.md"]
            assert re.search(rf"^#+ {anchor}$", linked, re.MULTILINE), target


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_plot_is_a_small_picture_inside_its_frame(kind: str) -> None:
    text = FILES[f"plots/{kind}.svg"]
    picture = ElementTree.fromstring(text)
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(text) < 40_000
    assert len(lines) >= 3
    for line in lines:
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


@pytest.mark.parametrize("kind", [kind for kind, cls in FUNCTIONS.items() if is_drawn(cls)])
def test_a_functions_plot_is_a_small_picture_of_several_levels(kind: str) -> None:
    text = FILES[f"plots/function_{kind}.svg"]
    picture = ElementTree.fromstring(text)
    lines = [path.attrib["d"] for path in picture.findall("{http://www.w3.org/2000/svg}path")]
    assert len(text) < 50_000
    assert sum(len(line) > 40 for line in lines) >= 4
    starts = [tuple(map(int, point)) for line in lines[:4] for point in re.findall(r"M(\d+) (\d+)l", line)]
    assert all(34 <= x <= 354 and 17 <= y <= 337 for x, y in starts)


def test_a_contour_of_a_cone_is_its_circle() -> None:
    rows, columns = np.mgrid[-10:11, -10:11].astype(float)
    (line,) = contour(np.hypot(rows, columns), 6.5)
    assert line[0] == line[-1]
    # Straight lines between points of a grid: the cone is not straight across a cell.
    np.testing.assert_allclose(np.hypot(*(np.array(line) - 10).T), 6.5, atol=0.05)
    assert len(line) > 40


def test_a_contour_through_the_frame_is_open() -> None:
    rows, _ = np.mgrid[0:4, 0:3].astype(float)
    (line,) = contour(rows, 1.25)
    assert sorted(line) == [(1.25, 0.0), (1.25, 1.0), (1.25, 2.0)]
