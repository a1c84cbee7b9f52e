"""The class of every route: reads the body strictly, words its errors, and tags its answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.responses import Response, StreamingResponse

from app.api import strict_json
from app.api.etags import tagged
from app.api.invalid import invalid_request
from app.api.pointers import joined
from app.errors import InvalidRequest

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRoute(APIRoute):
    """A route whose JSON body, if it takes one, is read by `strict_json`."""

    def get_route_handler(self) -> Handler:
        """Wraps FastAPI's handler."""
        handle = super().get_route_handler()
        body = self.body_field
        annotation: Any = None if body is None else body.field_info.annotation  # the type of the body
        schema = None if body is None else TypeAdapter(annotation).core_schema

        async def handler(request: Request) -> Response:
            _check_query(request)
            if body is not None:
                request = await strict_json.read(request, request.app.state.settings.max_body_bytes)
            try:
                response = await handle(request)
            except RequestValidationError as error:
                raise invalid_request(error.errors(), schema) from None
            return response if isinstance(response, StreamingResponse) else tagged(request, response)

        return handler


def _check_query(request: Request) -> None:
    """Refuses NUL in any parameter: no value has it, and PostgreSQL does not take it in a text."""
    for name, value in request.query_params.multi_items():
        if "\0" in value or "\0" in name:
            said = "must not contain the character U+0000"
            pointer = joined(("query", name))
            raise InvalidRequest(f"{pointer}: {said}", [(pointer, said)])
