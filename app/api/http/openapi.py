"""The OpenAPI document: FastAPI's, with the problems and without parts that clients cannot use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse

from app.api.http import openapi_schemas
from app.api.http.openapi_schemas import REF
from app.spec.resources.answers import Problem

FASTAPI_ERRORS = (
    "HTTPValidationError",
    "ValidationError",
)  # FastAPI's own errors, which this API never sends
PATH = "/openapi.json"

DESCRIPTION = """
Submit a tuning job and get a tuned optimizer and a learning-rate schedule, with the evidence for them.

1. `POST /v1/jobs` with an objective. The default search space suits most objectives; a job may give its own.
2. Follow the job by `GET /v1/jobs/{job_id}`, or live by `GET /v1/jobs/{job_id}/events`.
3. `GET /v1/jobs/{job_id}/recommendation` returns the result; `/recommendation/schedule` returns its schedule
   as a list, a table or a Python module.

Every error is a problem of RFC 9457. Its `type` is the address of a page that explains the error and the way
out. A number that is not finite is null in every answer. Times are in UTC, durations in seconds.
"""

TAGS = [
    {"name": "jobs", "description": "Submit a tuning job, follow it, control it."},
    {"name": "recommendation", "description": "The result of a job: optimizer, schedule, evidence."},
    {"name": "trials", "description": "The configurations that a job tried, and their trajectories."},
    {"name": "schedules", "description": "The learning rates of a schedule, without a job."},
    {"name": "range tests", "description": "Learning rates worth trying, from one short run."},
    {
        "name": "catalogue",
        "description": "The optimizers, schedules, objectives, samplers, pruners and datasets for a job.",
    },
    {"name": "health", "description": "Health and metrics, for the operator of the server."},
]


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make an application serve the document of these routers at PATH.

    The application must have been made without an `openapi_url`.
    """
    generate: Callable[[], dict[str, Any]] = app.openapi
    lock = threading.Lock()

    def openapi() -> dict[str, Any]:
        with lock:
            return app.openapi_schema if app.openapi_schema is not None else _finished(generate(), routers)

    def answer(_: Request) -> JSONResponse:
        # Not async, unlike FastAPI's own: the first call takes a second, which would block other requests.
        return JSONResponse(app.openapi())

    # FastAPI documents this way to change the document; for mypy it replaces a method.
    app.openapi = openapi  # type: ignore[method-assign]
    app.add_route(PATH, answer, include_in_schema=False)


def _finished(document: dict[str, Any], routers: Sequence[APIRouter]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for name in FASTAPI_ERRORS:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template=REF)
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    document["components"]["schemas"] = openapi_schemas.finish(schemas)
    _restore_examples(document, routers)
    for operation in _operations(document):
        for parameter in operation.get("parameters", []):
            _drop_null(parameter)
            _offer_example(parameter)
        _drop_automatic_error(operation["responses"])
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                content.pop("itemSchema", None)  # a keyword of OpenAPI 3.2
    return document


def _restore_examples(document: dict[str, Any], routers: Sequence[APIRouter]) -> None:
    """Restore the examples of bodies: FastAPI drops each null, such as `"confirmation": null`."""
    for route in (route for router in routers for route in router.routes):
        if not isinstance(route, APIRoute) or route.body_field is None:
            continue
        examples = getattr(route.body_field.field_info, "openapi_examples", None)
        for method in (route.methods or ()) if examples else ():
            body = document["paths"][route.path_format][method.lower()]["requestBody"]
            body["content"]["application/json"]["examples"] = examples


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _drop_automatic_error(responses: dict[str, Any]) -> None:
    """Drop the 422 that FastAPI adds to every operation with parameters: an invalid path is a 404 here."""
    if any(name in str(responses.get("422", "")) for name in FASTAPI_ERRORS):
        del responses["422"]


def _drop_null(parameter: dict[str, Any]) -> None:
    """Drop null from the schema of a parameter: a parameter of a URL may be absent but not null.

    Swagger UI shows the remaining plain choice as a menu.
    """
    schema = parameter["schema"]
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        parameter["schema"] = options[0] | rest


def _offer_example(parameter: dict[str, Any]) -> None:
    """Move the example of a schema to its parameter, from which Swagger UI fills the field."""
    examples = parameter["schema"].pop("examples", [])
    if examples:
        parameter["example"] = examples[0]
