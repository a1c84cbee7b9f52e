"""The README: every figure is filled in, every link leads somewhere, the picture is up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.engine.objectives.functions import FUNCTIONS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from scripts.readme_picture import PICTURE, STORED, picture

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
README = PAGES[0].read_text(encoding="utf-8")


def test_no_figure_of_the_readme_is_missing() -> None:
    assert re.findall(r"@[A-Z]+@|TODO|TBD", README) == []


def test_the_readme_fits_a_screen() -> None:
    assert len(README.splitlines()) <= 90


def test_the_counts_of_the_readme_are_right() -> None:
    counts = re.search(r"(\d+) optimizers and (\d+) schedules .* (\d+) test functions", README)
    assert counts
    assert [int(count) for count in counts.groups()] == [len(OPTIMIZERS), len(SCHEDULES), len(FUNCTIONS)]


def test_the_picture_is_drawn_from_the_stored_recommendation() -> None:
    text = picture(json.loads(STORED.read_text(encoding="utf-8")))
    ElementTree.fromstring(text)
    assert PICTURE.read_text(encoding="utf-8") == text, "stale: run `python -m scripts.readme_picture`"


def test_the_picture_shows_the_figures_of_the_readme() -> None:
    parts = json.loads(STORED.read_text(encoding="utf-8"))
    means = [f"{row['mean']:.3f}" for row in parts["rows"]]
    assert {means[0], means[1], means[3]} <= set(re.findall(r"\d\.\d{3}", README))
    assert f"{parts['peak']:.3g}" in README


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
