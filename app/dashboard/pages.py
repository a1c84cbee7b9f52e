"""The routes of the pages and their files; the pages load nothing from another host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

_FOLDER = Path(__file__).resolve().parent / "static"
# `fastapi-offline` ships the files of Swagger UI; none of its code runs.
SWAGGER_FILES = ("fastapi_offline", "static")


def install(app: FastAPI) -> None:
    """Add the pages and their folders of files to the application."""
    app.add_route("/", _page("jobs.html"), include_in_schema=False)
    app.add_route("/docs", _page("docs.html"), include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(packages=[SWAGGER_FILES]), name="swagger")
    app.mount("/assets", StaticFiles(directory=_FOLDER), name="assets")


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(_request: Request) -> Response:
        # no-cache: a browser revalidates the page, so that an update shows at once.
        return FileResponse(_FOLDER / name, media_type="text/html", headers={"Cache-Control": "no-cache"})

    return page
