"""The class of every route: a strict reader of bodies, sentences for validation errors, entity tags."""

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
    """A route that reads its JSON body by `json_body.read` and refuses unknown query parameters."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # Any: an endpoint and FastAPI's own options.
        if not inspect.iscoroutinefunction(endpoint):
            endpoint = _serialised_in_thread(endpoint, options.get("status_code") or 200)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler; query and body are checked before it, the answer is tagged after it."""
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


def _serialised_in_thread(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    """Return the endpoint, with its model serialised as JSON in the thread that made the model.

    FastAPI validates and serialises the result of a plain function in a second thread, which doubles the
    cost of a short GET. The models were validated when they were made. Headers that the endpoint set are
    kept.
    """

    @functools.wraps(endpoint)
    def serialised(*args: Any, **kwargs: Any) -> Any:
        answer = endpoint(*args, **kwargs)
        if not isinstance(answer, BaseModel):
            return answer
        response = Response(answer.model_dump_json(), status, media_type="application/json")
        for argument in kwargs.values():
            if isinstance(argument, Response):  # FastAPI passes it for the endpoint to set headers on
                response.raw_headers.extend(argument.raw_headers)
        return response

    return serialised


def _check_query(request: Request, known: Sequence[str]) -> None:
    """Raise InvalidRequest for unknown query parameters and for values with the character NUL.

    An unknown parameter would be ignored although the client meant something by it. No valid value contains
    NUL, and PostgreSQL refuses it in a text.
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
        return "is not a parameter of this path, which takes no query parameters; drop it"
    hint = did_you_mean(name, known, f"the known parameters are: {', '.join(known)}")
    return f"is not a parameter of this path; {hint}"
