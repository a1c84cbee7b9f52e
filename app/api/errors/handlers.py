"""Handlers that render every error as a problem of RFC 9457, and the OpenAPI responses of an operation."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api.errors.validation_errors import invalid_request
from app.db.transient_errors import is_full
from app.errors import AppError, InvalidRequest, MethodNotAllowed, NotFound, NotReady

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
SCHEMA = {"$ref": "#/components/schemas/Problem"}


def problem_body(error: AppError) -> dict[str, Any]:
    """Return the members of a problem: type, title, status, detail and, if there are any, errors."""
    body: dict[str, Any] = {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = [{"pointer": pointer, "detail": detail} for pointer, detail in error.errors]
    return body


def problem_response(error: AppError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the HTTP response for an error, as `application/problem+json`."""
    # ASCII: a lone surrogate in a path or a name cannot be encoded in UTF-8 and would raise a second error.
    content = json.dumps(problem_body(error), ensure_ascii=True, allow_nan=False)
    return Response(content, status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


def install_handlers(app: FastAPI) -> None:
    """Register a handler for each kind of error, so that the application answers with a problem."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    for connection_error in (OperationalError, InterfaceError):
        app.add_exception_handler(connection_error, _database_error)


def documented(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of an operation that may raise these errors.

    The errors that every operation may raise are added: an unknown parameter, a failure, no database.
    """
    by_status: dict[int | str, list[type[AppError]]] = {}
    # InvalidRequest: every path refuses a parameter that it does not know.
    all_errors: list[type[AppError]] = [*errors, InvalidRequest, AppError, NotReady]
    for error in dict.fromkeys(all_errors):
        by_status.setdefault(error.status, []).append(error)
    return {status: _response(by_status[status]) for status in sorted(by_status)}


def _response(errors: list[type[AppError]]) -> dict[str, Any]:
    """Return the OpenAPI response of errors that share a status."""
    meanings = (f"[`{error.slug}`](/problems/{error.slug}): {summary(error)}" for error in errors)
    examples = {error.slug: {"value": _example(error)} for error in errors}
    return {
        "description": "\n\n".join(meanings),
        "content": {MEDIA_TYPE: {"schema": SCHEMA, "examples": examples}},
    }


def _example(error: type[AppError]) -> dict[str, Any]:
    errors = [("/budget/trials", "must be <= 100000, got 1000000000")] if error is InvalidRequest else None
    return problem_body(error(summary(error), errors))


def summary(error: type[AppError]) -> str:
    """Return what the error means: the first paragraph of its docstring, on one line."""
    return " ".join((error.__doc__ or "").split("\n\n")[0].split())


async def _app_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, NotReady) else None
    return problem_response(error, headers)


async def _database_error(request: Request, error: Exception) -> Response:
    logger.error("the database does not answer: %s", error)
    detail = f"The database does not answer; nothing was stored. Try again in {RETRY_AFTER_S} seconds."
    if is_full(error):
        detail = (
            "The disk of the database is full; nothing was stored. Try again after its operator freed space."
        )
    return problem_response(NotReady(detail), {"Retry-After": str(RETRY_AFTER_S)})


async def _validation_error(request: Request, error: Exception) -> Response:
    """Answer for routes outside ApiRoute; an ApiRoute converts its validation errors itself."""
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_response(invalid_request(error.errors(), None))


async def _http_exception(request: Request, error: Exception) -> Response:
    """Answer for errors of Starlette: no route, a wrong method for a file, a path outside the folder."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == MethodNotAllowed.status:
        detail = f"{request.url.path} does not support {request.method}."
        return problem_response(MethodNotAllowed(detail), error.headers)
    if error.status_code == NotFound.status:
        detail = f"There is nothing at {request.url.path}; /docs lists every path."
        return problem_response(NotFound(detail), error.headers)
    kind = InvalidRequest if error.status_code < AppError.status else AppError
    return problem_response(kind(str(error.detail)), error.headers)
