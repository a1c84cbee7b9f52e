"""The page at the `type` of each problem: its meaning and the way out."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.api.errors.handlers import summary
from app.api.http.api_route import ApiRoute
from app.errors import AppError, NotFound

router = APIRouter(prefix="/problems", include_in_schema=False, route_class=ApiRoute)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Stepsize</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/stepsize.css">
</head>
<body>
<header>
<a class="brand" href="/">Stepsize</a>
<nav><a href="/docs">API</a><a href="/problems">Problems</a></nav>
</header>
<main class="text">
{content}
</main>
</body>
</html>
"""


def problems() -> dict[str, type[AppError]]:
    """Return every error of the application by its slug, in the order of the class tree."""
    return {error.slug: error for error in _tree(AppError)}


@router.get("", response_class=HTMLResponse)
def list_problems() -> str:
    """Return the page that lists every problem."""
    rows = "\n".join(
        f'<tr><td>{error.status}</td><td><a href="/problems/{slug}">{slug}</a></td>'
        f"<td>{_text(summary(error))}</td></tr>"
        for slug, error in problems().items()
    )
    head = "<thead><tr><th>Status</th><th>Type</th><th>Meaning</th></tr></thead>"
    content = f"<h1>Problems</h1>\n<table>{head}<tbody>{rows}</tbody></table>"
    return PAGE.format(title="Problems", content=content)


@router.get("/{slug}", response_class=HTMLResponse)
def show_problem(slug: str) -> str:
    """Return the page of one problem: its meaning and the way out."""
    error = problems().get(slug)
    if error is None:
        raise NotFound(f"There is no problem {slug!r}; /problems lists all problems.")
    meaning, *way_out = (error.__doc__ or "").split("\n\n")
    content = [
        f"<h1>{html.escape(error.title)}</h1>",
        f'<p class="quiet">{error.status} · <code>/problems/{error.slug}</code></p>',
        f"<h2>What it means</h2>\n<p>{_text(meaning)}</p>",
        "<h2>The way out</h2>",
        *(f"<p>{_text(paragraph)}</p>" for paragraph in way_out),
    ]
    return PAGE.format(title=html.escape(error.title), content="\n".join(content))


def _tree(error: type[AppError]) -> Iterator[type[AppError]]:
    yield error
    for child in error.__subclasses__():
        yield from _tree(child)


def _text(paragraph: str) -> str:
    """Return a paragraph of a docstring as HTML: lines joined, text in backticks as code."""
    text = html.escape(" ".join(paragraph.split()))
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
