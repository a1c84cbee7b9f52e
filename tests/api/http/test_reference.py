"""The reference page names every endpoint and every problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.api.errors.handlers import summary
from app.api.system.problem_pages import problems
from tests.support.openapi import operations

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "http.md").read_text()


@pytest.mark.parametrize("request_line", [f"{verb.upper()} {path}" for verb, path, _ in operations()])
def test_every_endpoint_is_in_the_reference(request_line: str) -> None:
    assert f"`{request_line}`" in PAGE or f"`{request_line}?" in PAGE


@pytest.mark.parametrize("slug", problems())
def test_every_problem_is_in_the_reference(slug: str) -> None:
    error = problems()[slug]
    assert f"| `/problems/{slug}` | {error.status} | {summary(error)} |" in PAGE
