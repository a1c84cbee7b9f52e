"""A value out of the bounds of any field of any kind is refused by a 422 that points to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from annotated_types import Ge, Gt, Le, Len, Lt
from fastapi.testclient import TestClient

from app.engine.hyper import HyperField, hyper_fields
from app.engine.models import MODELS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES

SPACES = [
    pytest.param(noun, kind, id=f"{noun} {kind}")
    for noun, registry in (("optimizers", OPTIMIZERS), ("schedules", SCHEDULES))
    for kind in registry
]


def beyond(bounds: Any, whole: bool = False) -> Iterator[float]:
    """A number beyond each bound that there is."""
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
    """Entries that a list does not take."""
    item = get_args(get_args(field.wire_type)[0])[0]
    yield "text"
    for bound in get_args(item)[1:]:
        match bound:
            case Ge(ge=limit):
                yield limit - 1
            case Gt(gt=limit):
                yield limit
            case Le(le=limit):
                yield limit + 1
            case Lt(lt=limit):
                yield limit


def wrong(field: HyperField) -> Iterator[tuple[str, object]]:
    """Where below the field the fault lies, and a value with it."""
    if field.type is tuple:
        (size,) = (part for part in get_args(field.wire_type)[1:] if isinstance(part, Len))
        good = list(field.default)
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
        for below, value in wrong(field):
            if isinstance(value, dict):
                continue  # a model is fixed
            model = {"kind": kind, field.name: value}
            objective = {"kind": "classification", "dataset": "iris", "model": model}
            assert_refused(client, {"objective": objective}, f"/objective/model/{field.name}{below}")
