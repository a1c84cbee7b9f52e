"""The OpenAPI document: FastAPI's, with our problems and without what no client can use."""

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

REPLACED = ("HTTPValidationError", "ValidationError")  # FastAPI's own error, which we never send
PATH = "/openapi.json"

DESCRIPTION = """
Submit a tuning job and get a tuned optimizer and a learning-rate schedule, with the evidence for them.

1. `POST /v1/jobs` with an objective, and a search space if the default one is not yours.
2. Follow it by `GET /v1/jobs/{job_id}`, or live by `/events`.
3. `GET /v1/jobs/{job_id}/recommendation`, and its schedule as a list, a table or a module of Python.

Every error is a problem of RFC 9457; its `type` is the address of a page that says what it means and the
way out. A number that is not finite is null in every answer. Times are UTC, durations in seconds.
"""

TAGS = [
    {"name": "jobs", "description": "Submit a tuning job, follow it, control it."},
    {"name": "recommendation", "description": "What came out: optimizer, schedule, evidence."},
    {"name": "trials", "description": "What was tried, and how each run went."},
    {"name": "schedules", "description": "Learning rates of a schedule, without a job."},
    {"name": "range tests", "description": "Which learning rates are worth a try, from one short run."},
    {"name": "catalogue", "description": "Every kind that a job can name, with its formula and source."},
    {"name": "health", "description": "For whoever runs the server."},
]


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Lets an application that was made without an `openapi_url` give our document, of these routers."""
    generate: Callable[[], dict[str, Any]] = app.openapi
    making = threading.Lock()

    def openapi() -> dict[str, Any]:
        with making:
            return app.openapi_schema if app.openapi_schema is not None else _finished(generate(), routers)

    def answer(_: Request) -> JSONResponse:
        # Not async, as FastAPI's own is: the first takes a second to make, and others are served meanwhile.
        return JSONResponse(app.openapi())

    # FastAPI's documented way to change the document; mypy sees a method being replaced.
    app.openapi = openapi  # type: ignore[method-assign]
    app.add_route(PATH, answer, include_in_schema=False)


def _finished(document: dict[str, Any], routers: Sequence[APIRouter]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for name in REPLACED:
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
                content.pop("itemSchema", None)  # a word of OpenAPI 3.2
    return document


def _restore_examples(document: dict[str, Any], routers: Sequence[APIRouter]) -> None:
    """Put the examples of bodies back as they are: FastAPI drops each null, as of `"confirmation": null`."""
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
    """FastAPI gives every operation with parameters a 422; a path that fits nothing is a 404 here."""
    if any(name in str(responses.get("422", "")) for name in REPLACED):
        del responses["422"]


def _drop_null(parameter: dict[str, Any]) -> None:
    """A parameter of a URL cannot be null, only absent; a plain choice shows as a menu in Swagger UI."""
    schema = parameter["schema"]
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        parameter["schema"] = options[0] | rest


def _offer_example(parameter: dict[str, Any]) -> None:
    """Swagger UI fills a field from the parameter's example, not from its schema's."""
    examples = parameter["schema"].pop("examples", [])
    if examples:
        parameter["example"] = examples[0]
