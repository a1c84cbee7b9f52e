"""An id for every request, and an answer with that id for every unhandled exception."""

from __future__ import annotations

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors.handlers import problem_response
from app.errors import AppError
from app.observability import log_context

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,128}")  # safe in a line of a log

logger = logging.getLogger(__name__)


class RequestId:
    """Middleware that returns the client's `X-Request-Id`, or a new id, in the answer.

    An unhandled exception is logged with that id and its stack trace. The client receives a problem without
    the stack trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; answer with a 500 problem if it raises."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client_id = Headers(scope=scope).get(HEADER, "")
        request_id = client_id if _ACCEPTED.fullmatch(client_id) else uuid.uuid4().hex
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with log_context.bound(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                logger.exception(
                    "request failed: %s %r",
                    scope["method"],
                    scope["path"],
                    extra={"request_id": request_id},
                )
                if started:
                    raise  # part of an answer is sent: the server must close the connection
                error = AppError(
                    f"The server failed on this request; its log has the reason under the id {request_id}."
                )
                await problem_response(error)(scope, receive, send_with_id)
