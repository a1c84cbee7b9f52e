"""A value out of the bounds of any field of any kind is refused with a 422 and its pointer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from annotated_types import Ge, Gt, Le, Len, Lt
from fastapi.testclient import TestClient

from app.engine.hyper import HyperField, hyper_fields
from app.engine.losses import LOSSES
from app.engine.models import MODELS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.services import catalogue
from app.spec.resources.catalogue import Hyperparameter, ObjectiveItem

# Kind of objective -> required fields without choices in the catalogue.
REQUIRED: dict[str, dict[str, Any]] = {}

DATA_OF: dict[str, dict[str, Any]] = {
    "features": {"kind": "classification", "dataset": "iris"},
    "tokens": {"kind": "classification", "dataset": "sparse_classification"},
    "pairs": {"kind": "factorization", "dataset": "ratings"},
}

SPACES = [
    pytest.param(noun, kind, id=f"{noun} {kind}")
    for noun, registry in (("optimizers", OPTIMIZERS), ("schedules", SCHEDULES))
    for kind in registry
]


def beyond(bounds: Any, whole: bool = False) -> Iterator[float]:
    """Yield a number beyond each existing bound."""
    by = 1 if whole else 0.5
    if bounds.ge is not None:
        yield bounds.ge - by
    if bounds.gt is not None:
        yield bounds.gt
    if bounds.le is not None:
        yield bounds.le + by
    if bounds.lt is not None:
        yield bounds.lt


def wrong_items(field: HyperField) -> Iterator[float | str]:
    """Yield entries that a list does not take."""
    item = get_args(get_args(field.wire_type)[0])[0]
    yield "text"
    for bound in get_args(item)[1:]:
        match bound:
            case Ge(ge=float() | int() as limit):
                yield limit - 1
            case Gt(gt=float() | int() as limit):
                yield limit
            case Le(le=float() | int() as limit):
                yield limit + 1
            case Lt(lt=float() | int() as limit):
                yield limit


def wrong(field: HyperField) -> Iterator[tuple[str, object]]:
    """Yield (pointer from the field to the fault, value with the fault)."""
    if field.type is tuple:
        (size,) = (part for part in get_args(field.wire_type)[1:] if isinstance(part, Len))
        good = list(field.default)
        assert size.max_length is not None
        yield "", good * (size.max_length // len(good) + 1)
        yield "", [] if size.min_length else "text"
        for item in wrong_items(field):
            yield f"/{len(good)}", [*good, item]
    elif field.type is bool:
        yield from (("", "yes"), ("", 1), ("/choices/0", {"choices": [0]}))
    elif field.type is str:
        yield from (("", "nonsense"), ("", 1), ("/choices/0", {"choices": ["nonsense"]}))
    else:
        yield from (("", "1"), ("", True), ("/choices/0", {"choices": ["1"]}))
        if field.type is int:
            yield from (("", 2.5), ("/choices/0", {"choices": [2.5]}))
        for value in beyond(field.hyper, field.type is int):
            yield from (("", value), ("/choices/0", {"choices": [value]}))
            at = "high" if value > field.default else "low"
            edges = {"low": field.default, "high": field.default, at: value}
            yield f"/{at}", edges


def assert_refused(client: TestClient, body: dict[str, Any], pointer: str) -> None:
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 422, body
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [pointer], (body, answer.json()["errors"])


@pytest.mark.parametrize(("noun", "kind"), SPACES)
def test_no_value_beyond_the_bounds_of_a_field_is_taken(client: TestClient, noun: str, kind: str) -> None:
    registry: Any = {"optimizers": OPTIMIZERS, "schedules": SCHEDULES}[noun]
    for field in hyper_fields(registry[kind]):
        for below, value in wrong(field):
            space = {noun: [{"kind": kind, field.name: value}]}
            body = {"objective": {"kind": "function", "name": "quadratic"}, "search_space": space}
            assert_refused(client, body, f"/search_space/{noun}/0/{field.name}{below}")


@pytest.mark.parametrize("kind", MODELS)
def test_no_value_beyond_the_bounds_of_a_models_field_is_taken(client: TestClient, kind: str) -> None:
    for field in hyper_fields(MODELS[kind]):
        for below, value in wrong_in_a_part(field):
            model = {"kind": kind, field.name: value}
            body = {"objective": DATA_OF[MODELS[kind].form] | {"model": model}}
            assert_refused(client, body, f"/objective/model/{field.name}{below}")


@pytest.mark.parametrize("kind", LOSSES)
def test_no_value_beyond_the_bounds_of_a_losses_field_is_taken(client: TestClient, kind: str) -> None:
    data = {True: ("classification", "iris"), False: ("regression", "diabetes")}
    objective, dataset = data[LOSSES[kind].for_classes]
    for field in hyper_fields(LOSSES[kind]):
        for below, value in wrong_in_a_part(field):
            loss = {"kind": kind, field.name: value}
            body = {"kind": objective, "dataset": dataset, "model": {"kind": "linear"}, "loss": loss}
            assert_refused(client, {"objective": body}, f"/objective/loss/{field.name}{below}")


def wrong_in_a_part(field: HyperField) -> Iterator[tuple[str, object]]:
    """Yield the pairs of `wrong`; a field that all trials share also refuses ranges and choices."""
    for below, value in wrong(field):
        if field.hyper.per_run or not isinstance(value, dict):
            yield below, value
    if not field.hyper.per_run:
        yield "", {"choices": [field.default]}
        yield "", {"low": 0.0, "high": 1.0}


@pytest.mark.parametrize("kind", SCHEDULES)
def test_no_value_beyond_the_bounds_of_a_schedule_is_previewed(client: TestClient, kind: str) -> None:
    for field in hyper_fields(SCHEDULES[kind]):
        for below, value in wrong(field):
            if isinstance(value, dict):
                continue  # a preview is of one schedule
            answer = client.post(
                "/v1/schedules/preview", json={"schedule": {"kind": kind, field.name: value}}
            )
            assert answer.status_code == 422, (field.name, value)
            pointers = [error["pointer"] for error in answer.json()["errors"]]
            assert pointers == [f"/schedule/{field.name}{below}"], (field.name, value)


def valid_objective(item: ObjectiveItem) -> dict[str, Any]:
    """Return the smallest body of a kind of objective: its name and its required fields."""
    body: dict[str, Any] = {"kind": item.kind} | REQUIRED.get(item.kind, {})
    for field in item.hyperparameters:
        if field.required and field.name not in body:
            known: dict[str, Any] = {"dataset": item.datasets, "model": [{"kind": "linear"}]}
            body[field.name] = (field.choices or known[field.name])[0]
    return body


def wrong_values(field: Hyperparameter) -> Iterator[object]:
    """Yield values that a field of the catalogue does not take."""
    yield from {"string": (1, True), "list": ("text", 1), "object": ("text", 1)}.get(field.type, ("1", True))
    if field.type == "integer":
        yield 1.5
    if field.choices or field.type == "string":
        yield "nonsense"
    yield from beyond(field.bounds, field.type == "integer")


@pytest.mark.parametrize("item", catalogue.objectives(), ids=lambda item: item.kind)
def test_no_value_beyond_the_bounds_of_an_objectives_field_is_taken(
    client: TestClient, item: ObjectiveItem
) -> None:
    assert client.post("/v1/jobs", json={"objective": valid_objective(item)}).status_code == 202
    for field in item.hyperparameters:
        for value in wrong_values(field):
            objective = valid_objective(item) | {field.name: value}
            assert_refused(client, {"objective": objective}, f"/objective/{field.name}")


@pytest.mark.parametrize("noun", ["sampler", "pruner"])
def test_no_value_beyond_the_bounds_of_a_samplers_or_pruners_field_is_taken(
    client: TestClient, noun: str
) -> None:
    for item in {"sampler": catalogue.samplers, "pruner": catalogue.pruners}[noun]():
        for field in item.hyperparameters:
            for value in wrong_values(field):
                body = {"objective": {"kind": "function", "name": "quadratic"}}
                chosen = {noun: {"kind": item.kind, field.name: value}}
                assert_refused(client, body | chosen, f"/{noun}/{field.name}")
