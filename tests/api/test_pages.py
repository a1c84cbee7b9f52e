"""The web pages: all files are local, and no text of a client becomes markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app import dashboard

STATIC = Path(dashboard.__file__).parent / "static"
OWN = sorted(path.name for path in STATIC.iterdir())
ELSEWHERE = re.compile(
    r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import"""
)


@pytest.mark.parametrize("path", ["/", "/docs", "/problems", "/problems/not-found"])
def test_a_page_is_html_and_loads_local_files_only(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not ELSEWHERE.search(answer.text)
    files = re.findall(r'(?:src|href)="(/[^"#]*)', answer.text)
    assert files
    for file in files:
        assert client.get(file).status_code == 200, file


@pytest.mark.parametrize("name", OWN)
def test_the_files_of_the_pages_name_no_other_host(name: str) -> None:
    text = (STATIC / name).read_text()
    assert not ELSEWHERE.search(text)
    assert re.findall(r"https?://(?!www\.w3\.org)", text) == []


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css"])
def test_swagger_ui_is_served_locally(client: TestClient, name: str) -> None:
    answer = client.get(f"/docs/assets/{name}")
    assert answer.status_code == 200
    assert len(answer.content) > 100_000


def test_the_pages_have_no_inline_script(client: TestClient) -> None:
    for path in ("/", "/docs", "/problems"):
        page = client.get(path)
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
        assert not re.search(r"\son\w+\s*=", page.text)
        assert "script-src 'self';" in page.headers["content-security-policy"]


def test_no_script_turns_text_into_markup() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text()
        )
