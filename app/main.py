"""The HTTP application, built from its settings; the command line runs it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware

from app import dashboard
from app.api.errors import handlers
from app.api.http import openapi
from app.api.http.head_and_options import Methods
from app.api.http.request_id import RequestId
from app.api.http.security_headers import SecurityHeaders
from app.api.system import health, metrics, problem_pages
from app.api.system.metrics import RequestMetrics
from app.api.system.request_log import Observe
from app.api.v1 import (
    catalogue,
    events,
    export,
    importances,
    jobs,
    modules,
    range_tests,
    recommendations,
    replays,
    schedules,
    trials,
)
from app.db import Database
from app.settings import Settings

GZIP_LEVEL = 5
GZIP_MIN_BYTES = 1000  # size of a body from which compression pays

RESOURCES = (
    jobs,
    events,
    recommendations,
    modules,
    trials,
    replays,
    importances,
    export,
    schedules,
    range_tests,
    catalogue,
    health,
    metrics,
    problem_pages,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the application, which opens the database at its start. Run the migrations before that."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = await run_in_threadpool(Database, settings.database)
        yield
        await run_in_threadpool(app.state.database.close)

    app = FastAPI(
        title="Stepsize",
        version=_version(),
        summary="Tunes gradient-descent optimizers and recommends learning-rate schedules.",
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url=None,  # `openapi.install` answers there
        docs_url=None,  # our own page, without a CDN
        redoc_url=None,
        redirect_slashes=False,  # one address for each resource
        separate_input_output_schemas=False,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.stopping = threading.Event()  # set by the code that runs the server: open streams end at once
    app.state.metrics = RequestMetrics()
    for resource in RESOURCES:
        app.include_router(resource.router)
    dashboard.install(app)
    handlers.install_handlers(app)
    openapi.install(app, [resource.router for resource in RESOURCES])
    # The middleware that is added last sees a request first.
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_MIN_BYTES, compresslevel=GZIP_LEVEL)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)
    app.add_middleware(Observe, metrics=app.state.metrics)
    return app


def _version() -> str:
    try:
        return version("stepsize-server")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0"
