"""The class of every route: reads the body strictly, words its errors, and tags its answer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response, StreamingResponse

from app.api.errors.json_pointer import joined
from app.api.errors.validation_errors import MAX_REPORTED, invalid_request
from app.api.http import json_body
from app.api.http.etags import tagged
from app.errors import InvalidRequest
from app.spec.hints import did_you_mean

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiRoute(APIRoute):
    """A route whose JSON body, if it takes one, is read by `strict_json`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # Any: an endpoint and FastAPI's own options.
        if not inspect.iscoroutinefunction(endpoint):
            endpoint = _writes_its_answer(endpoint, options.get("status_code") or 200)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Wraps FastAPI's handler."""
        handle = super().get_route_handler()
        body = self.body_field
        annotation: Any = None if body is None else body.field_info.annotation  # the type of the body
        schema = None if body is None else TypeAdapter(annotation).core_schema

        parameters = get_flat_params(self.dependant)
        known = [field.alias for field in parameters if isinstance(field.field_info, params.Query)]

        async def handler(request: Request) -> Response:
            _check_query(request, known)
            if body is not None:
                request = await json_body.read(request, request.app.state.settings.max_body_bytes)
            try:
                response = await handle(request)
            except RequestValidationError as error:
                raise invalid_request(error.errors(), schema) from None
            return response if isinstance(response, StreamingResponse) else tagged(request, response)

        return handler


def _writes_its_answer(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    """The endpoint, with its model written as JSON in the thread that made it.

    FastAPI validates and writes what a plain function returns in a second thread, which doubles what a short
    GET costs; our models were validated when they were made. Headers that the endpoint set go with it.
    """

    @functools.wraps(endpoint)
    def answered(*args: Any, **kwargs: Any) -> Any:
        answer = endpoint(*args, **kwargs)
        if not isinstance(answer, BaseModel):
            return answer
        written = Response(answer.model_dump_json(), status, media_type="application/json")
        for given in kwargs.values():
            if isinstance(given, Response):  # what FastAPI gave it to set headers on
                written.raw_headers.extend(given.raw_headers)
        return written

    return answered


def _check_query(request: Request, known: Sequence[str]) -> None:
    """Refuses unknown parameters, which would do nothing where the client meant something, and NUL in any:
    no value has it, and PostgreSQL does not take it in a text.
    """
    faults: list[tuple[str, str]] = []
    for name, value in request.query_params.multi_items():
        if name not in known:
            faults.append((joined(("query", name)), _unknown(name, known)))
        elif "\0" in value:
            faults.append((joined(("query", name)), "must not contain the character U+0000"))
    if faults:
        raise InvalidRequest(": ".join(faults[0]), faults[:MAX_REPORTED])


def _unknown(name: str, known: Sequence[str]) -> str:
    if not known:
        return "is no parameter of this path, which takes none in its query"
    hint = did_you_mean(name, known, f"the known ones are: {', '.join(known)}")
    return f"is no parameter of this path; {hint}"
