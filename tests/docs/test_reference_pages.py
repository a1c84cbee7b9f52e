"""The generated pages of docs/reference are those of the code as it is."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from app.engine.schedules import SCHEDULES
from scripts.build_reference import FOLDER, PAGES, files

FILES = files()


@pytest.mark.parametrize("name", FILES)
def test_a_page_is_up_to_date(name: str) -> None:
    path = FOLDER / name
    assert path.exists() and path.read_text(encoding="utf-8") == FILES[name], "stale: run `make docs`"


def test_no_plot_is_left_of_a_schedule_that_is_gone() -> None:
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
    assert len(text) < 40_000 and len(lines) >= 3  # the frame, a curve, and its entry of the legend
    for line in lines:
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width and 0 <= y <= height
