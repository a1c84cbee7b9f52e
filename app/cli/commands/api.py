"""The API as a process: `stepsize serve --no-worker`, or the API process of `stepsize serve`."""

from __future__ import annotations

import logging
import socket
import threading
from types import FrameType

import click
import uvicorn

from app.cli.options import with_settings
from app.main import create_app
from app.observability import tracing
from app.settings import Settings

logger = logging.getLogger(__name__)

REQUEST_WAIT_S = 5  # seconds that requests in flight have to finish after a stop signal


@click.command(hidden=True)
@with_settings
def api(settings: Settings) -> None:
    """Run the API under a supervisor."""
    run_api(settings)


class _Uvicorn(uvicorn.Server):
    """A server that signals a stop to the application at once, so that open event streams end."""

    def __init__(self, config: uvicorn.Config, stopping: threading.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            address = f"http://{self.config.host}:{self.config.port}"
            logger.info("listening on %s, documentation at %s/docs", address, address)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stopping.set()
        super().handle_exit(sig, frame)


def run_api(settings: Settings) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests in flight are answered."""
    tracing.configure(settings, "api")
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # the application configures logging
        access_log=False,  # the application logs requests
        timeout_graceful_shutdown=REQUEST_WAIT_S,
    )
    _Uvicorn(config, app.state.stopping).run()
