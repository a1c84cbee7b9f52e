"""Every fault of a spec is reported with its pointer, the broken bound and the way out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.api.errors.validation_errors import invalid_request
from app.spec.job import JobSpec

SCHEMA = TypeAdapter(JobSpec).core_schema
SPEC: dict[str, Any] = {
    "name": "digits",
    "objective": {
        "kind": "classification",
        "dataset": "digits",
        "model": {
            "kind": "mlp",
            "hidden": [64, 32],
            "activation": "relu",
            "dropout": {"low": 0, "high": 0.5},
        },
        "loss": {"kind": "cross_entropy", "label_smoothing": {"choices": [0, 0.1]}},
        "l2": {"low": 1e-6, "high": 1e-3, "log": True},
    },
    "search_space": {
        "optimizers": [
            {"kind": "momentum", "momentum": 0.9, "learning_rate": {"low": 0.1, "high": 1, "log": True}},
            {"kind": "adam", "beta2": {"choices": [0.9, 0.99]}, "eps": {"low": 0, "high": 1, "step": 0.5}},
            {"kind": "rmsprop", "centered": {"choices": [True, False]}, "momentum": 0.1},
        ],
        "schedules": [{"kind": "cosine", "warmup_fraction": {"low": 0, "high": 0.2}, "final_factor": 0.1}],
        "batch_size": {"choices": [32, 128, "full"]},
    },
    "budget": {"trials": 64, "steps": 500, "seconds": 3.0},
    "replicates": 2,
    "confirmation": {"top": 8, "replicates": 16},
    "sampler": {"kind": "auto"},
    "pruner": {"kind": "hyperband"},
    "precision": "float32",
    "seed": 0,
    "priority": 0,
}


def faults(spec: Any) -> dict[str, str]:
    """Return the sentence of every fault of a spec by pointer; empty if there is none."""
    try:
        JobSpec.model_validate(spec)
    except ValidationError as error:
        reports = [{**report, "loc": ("body", *report["loc"])} for report in error.errors()]
        answer = invalid_request(reports, SCHEMA)
        assert answer.errors
        assert answer.errors[0][1] in answer.detail
        return dict(answer.errors)
    return {}


def changed(pointer: str, value: Any) -> Any:
    """Return the spec with another value at a pointer; a pointer that ends in `-` appends."""
    spec = copy.deepcopy(SPEC)
    *parents, last = pointer.split("/")[1:]
    place = spec
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return spec


def pointers(value: Any, at: str = "") -> list[str]:
    """Return every pointer into a value, below its root."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [pointer for key, item in items for pointer in (f"{at}/{key}", *pointers(item, f"{at}/{key}"))]


def resolves(spec: Any, pointer: str) -> bool:
    """Return whether a pointer leads to a value, or to a field that an object there lacks."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] or [""]
    place = spec
    for part in parents:
        if isinstance(place, list):
            if not part.isdigit() or int(part) >= len(place):
                return False
            place = place[int(part)]
        elif isinstance(place, dict) and part in place:
            place = place[part]
        else:
            return False
    return isinstance(place, dict) or (isinstance(place, list) and last.isdigit() and int(last) < len(place))


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, "junk", -1e9, 1e9, 0, 2.5, True, [], [None], {}, {"junk": 1}, {"kind": "junk"}, {"kind": 3}),
        *({"choices": []}, {"choices": [None, "junk"]}, {"low": 2, "high": 1}, {"low": "x"}),
        {"kind": ["sgd"]},
    ]
)


def test_the_unchanged_spec_is_valid() -> None:
    assert faults(SPEC) == {}


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pointer=st.sampled_from(pointers(SPEC)), value=JUNK)
@example(pointer="/search_space/optimizers/0/momentum", value=2)
@example(pointer="/search_space/optimizers/0/kind", value="junk")
def test_every_fault_keeps_its_pointer(pointer: str, value: Any) -> None:
    spec = changed(pointer, value)
    reported = faults(spec)
    for at, sentence in reported.items():
        assert at == "" or resolves(spec, at), (at, reported)
        # The fault is at the changed value, in it, or in an object that the change took the sense from.
        assert at.startswith(pointer) or pointer.startswith(at) or _same_object(at, pointer), (at, pointer)
        assert sentence
        assert "<" not in sentence.replace("< ", "").replace("<= ", ""), sentence


def _same_object(at: str, pointer: str) -> bool:
    """Return whether the fault may be of a neighbour: another kind, dataset or batch size makes it wrong."""
    return at.split("/")[1] == pointer.split("/")[1] or at.startswith("/search_space/batch_size")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    parent=st.sampled_from(["", *(p for p in pointers(SPEC) if p.endswith(("budget", "model", "/0", "/1")))]),
    name=st.sampled_from(["junk", "a/b", "a~b", "", "<range>", "momentum ", "0", "лр"]),
)
def test_an_unknown_field_is_pointed_to_and_the_known_ones_are_named(parent: str, name: str) -> None:
    place: Any = SPEC
    for part in parent.split("/")[1:]:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if not isinstance(place, dict):
        return
    reported = faults(changed(f"{parent}/junk", 1) if name == "junk" else _with(parent, name))
    escaped = name.replace("~", "~0").replace("/", "~1")
    sentence = reported[f"{parent}/{escaped}"]
    assert "is not a field of this object" in sentence
    assert all(known in sentence for known in place)


def _with(parent: str, name: str) -> Any:
    spec = copy.deepcopy(SPEC)
    place: Any = spec
    for part in parent.split("/")[1:]:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[name] = 1
    return spec


@pytest.mark.parametrize(
    ("pointer", "value", "at", "said"),
    [
        ("/budget/trials", 10**9, None, "must be <= 100000, got 1000000000"),
        ("/budget/trials", 0, None, "must be >= 1, got 0"),
        ("/budget/steps", 2.5, None, "must be an integer, got 2.5"),
        ("/budget/steps", "500", None, 'must be an integer, got "500"'),
        ("/budget/steps", True, None, "must be an integer, got true"),
        ("/replicates", None, None, "must be an integer, got null"),
        ("/search_space/optimizers/0/momentum", 2, None, "must be < 1, got 2"),
        ("/search_space/optimizers/0/learning_rate/low", 3, None, "low must be <= high, but low is 3"),
        ("/search_space/optimizers/0/learning_rate/low", 0, None, "low must be > 0 if log is true"),
        ("/search_space/optimizers/0/learning_rate/high", 1e7, None, "learning_rate must be <= 1e+06"),
        ("/search_space/optimizers/0/learning_rate/step", 0.1, None, "step cannot be combined with log"),
        ("/search_space/optimizers/1/beta2/choices/1", 1.5, None, "beta2 must be < 1, got 1.5"),
        ("/search_space/optimizers/1/kind", "adm", None, "must be one of adadelta, "),
        ("/search_space/optimizers/1/kind", "adm", None, "(did you mean adam?), got"),
        ("/search_space/optimizers/1/kind", "RMSprop", None, "(did you mean rmsprop?), got"),
        ("/search_space/optimizers/1/beta3", 1, None, "did you mean beta2?"),
        ("/search_space/optimizers/1/lr", 0.1, None, "did you mean learning_rate?"),
        ("/search_space/optimizers/1/wd", 0.1, None, "did you mean weight_decay?"),
        (
            "/search_space/optimizers/1",
            "adam",
            None,
            'must be an object, such as {"kind": "adam"}, got "adam"',
        ),
        (
            "/search_space/schedules",
            ["cosin"],
            "/search_space/schedules/0",
            'such as {"kind": "cosine"}, got',
        ),
        ("/search_space/optimizers/1", "nothing", None, "must be an object whose kind is one of adadelta, "),
        ("/sampler", "tpe", None, 'must be an object, such as {"kind": "tpe"}, got "tpe"'),
        ("/objective/model", "mlp", None, 'must be an object, such as {"kind": "mlp"}, got "mlp"'),
        ("/search_space/optimizers", [], None, "must have at least 1 entry, got 0"),
        (
            "/search_space/optimizers",
            [{}],
            "/search_space/optimizers/0/kind",
            "is required; choose one of: adadelta",
        ),
        ("/search_space/schedules", {"kind": "cosine"}, None, "must be a list, got an object"),
        ("/search_space/batch_size", 2.5, None, "must be an integer or 'full' or an object, got 2.5"),
        ("/search_space/batch_size/choices/0", 5000, None, "digits has 1079 training rows"),
        ("/search_space/batch_size/choices", [], None, "must have at least 1 entry, got 0"),
        ("/search_space/batch_size/junk", 1, None, "is not a field of this object"),
        ("/objective/kind", "clasification", None, "must be one of function, classification, regression"),
        ("/objective/dataset", "mnist", None, "choose one of: breast_cancer"),
        (
            "/objective/dataset",
            "digit",
            None,
            "'digit' is not a dataset (did you mean digits?); choose one of: breast_cancer",
        ),
        ("/objective/model/activation", "relu6", None, "(did you mean relu?), got"),
        ("/objective/loss", "cross-entropy", None, "did you mean cross_entropy?"),
        ("/objective/dataset", "diabetes", None, "diabetes is a regression dataset"),
        ("/objective/model/activation", "swish", None, "activation must be one of gelu, "),
        ("/objective/model/hidden/1", 5000, None, "must be <= 4096, got 5000"),
        ("/objective/model/kind", "cnn", None, "must be one of embedding_bag, linear, mlp"),
        (
            "/objective/loss",
            "squared",
            None,
            "squared is not a loss for classes; choose one of: cross_entropy, hinge",
        ),
        ("/objective/loss", 3, None, "must be an object, got 3"),
        ("/objective/loss/label_smoothing", 1, None, "must be < 1, got 1"),
        ("/objective/loss/kind", "huber", None, "huber is not a loss for classes"),
        ("/objective/model/dropout/high", 1, None, "dropout must be < 1, got 1"),
        ("/objective/l2/low", 0, None, "low must be > 0 if log is true"),
        ("/precision", "float16", None, "must be 'float32' or 'float64', got \"float16\""),
        ("/sampler/kind", "sobol", None, "must be one of auto, tpe, random, qmc, cmaes, grid"),
        ("/confirmation/replicates", 1, None, "must be >= 2, got 1"),
        ("/name", "x" * 201, None, "must have at most 200 characters, got 201"),
        ("/seed", -1, None, "must be >= 0, got -1"),
    ],
)
def test_a_fault_names_the_field_the_value_and_the_limit(
    pointer: str, value: Any, at: str | None, said: str
) -> None:
    reported = faults(changed(pointer, value))
    assert list(reported) == [at or pointer], json.dumps(reported)
    assert said in reported[at or pointer]


def test_a_missing_objective_is_pointed_to() -> None:
    assert faults({}) == {"/objective": "is required"}


def test_a_start_of_the_wrong_length_is_pointed_to() -> None:
    objective = {"kind": "function", "name": "rosenbrock", "dimension": 2, "start": [1.0, 2.0, 3.0]}
    said = "start has 3 values, but dimension is 2; make them equal"
    assert faults({"objective": objective}) == {"/objective/start": said}


def test_an_unknown_function_is_answered_with_the_one_that_is_close() -> None:
    reported = faults({"objective": {"kind": "function", "name": "rosenbrok"}})
    assert reported["/objective/name"].startswith(
        "'rosenbrok' is not a function (did you mean rosenbrock?); choose one of: "
    )


def test_every_fault_is_reported_at_once() -> None:
    spec = changed("/budget/trials", 0)
    spec["seed"] = -1
    spec["search_space"]["optimizers"][2]["junk"] = 1
    assert set(faults(spec)) == {"/budget/trials", "/seed", "/search_space/optimizers/2/junk"}
