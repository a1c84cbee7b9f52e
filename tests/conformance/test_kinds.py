"""The properties of every registered kind: a new file is tested without a change here."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from app.engine.activations import ACTIVATIONS
from app.engine.batching.run_batch import Run, run_batch
from app.engine.batching.stacking import concatenate, select, stack
from app.engine.hyper import HyperField, hyper_fields
from app.engine.initialisations import INITIALISATIONS
from app.engine.losses import LOSSES
from app.engine.losses.cross_entropy import CrossEntropy
from app.engine.losses.squared import Squared
from app.engine.models import MODELS
from app.engine.objectives.function import FunctionObjective
from app.engine.objectives.functions import FUNCTIONS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from tests.support.batches import assert_same_row, suited_to
from tests.support.kinds import make_optimizer, make_schedule

REGISTRIES: dict[str, Any] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "function": FUNCTIONS,
    "model": MODELS,
    "loss": LOSSES,
    "activation": ACTIVATIONS,
    "initialisation": INITIALISATIONS,
}
KINDS = [
    pytest.param(cls, id=f"{noun} {kind}")
    for noun, kinds in REGISTRIES.items()
    for kind, cls in kinds.items()
]
FIELDS = [
    pytest.param(field, id=f"{kind}.{field.name}")
    for kinds in REGISTRIES.values()
    for kind, cls in kinds.items()
    for field in hyper_fields(cls)
]
STACKABLE = [pytest.param(cls, id=kind) for kinds in (OPTIMIZERS, SCHEDULES) for kind, cls in kinds.items()]


@pytest.mark.parametrize("noun", list(REGISTRIES))
def test_a_registry_names_the_known_kinds_for_an_unknown_kind(noun: str) -> None:
    with pytest.raises(
        KeyError, match=f"'nonsense' is no {noun}; choose one of: {', '.join(REGISTRIES[noun])}"
    ):
        REGISTRIES[noun]["nonsense"]


@pytest.mark.parametrize("cls", KINDS)
def test_the_docstring_has_a_summary_a_rule_and_a_source(cls: type) -> None:
    paragraphs = [" ".join(part.split()) for part in (cls.__doc__ or "").split("\n\n")]
    assert paragraphs[0].endswith(".")
    assert not paragraphs[0].startswith(cls.__name__ + "(")
    assert any(part.startswith("Rule: ") for part in paragraphs)
    assert any(part.startswith("Source: ") for part in paragraphs)


@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in OPTIMIZERS.items()])
def test_an_optimizer_documents_its_weight_decay_and_its_deviations(cls: type) -> None:
    paragraphs = [" ".join(part.split()) for part in (cls.__doc__ or "").split("\n\n")]
    (rule,) = (part for part in paragraphs if part.startswith("Rule: "))
    assert any(part.startswith("Deviation: ") for part in paragraphs)
    assert ("weight_decay" in rule) is any(field.name == "weight_decay" for field in hyper_fields(cls))


@pytest.mark.parametrize("cls", KINDS)
def test_an_instance_is_frozen_and_made_of_defaults(cls: Any) -> None:
    instance = cls()
    assert instance == cls()
    for field in dataclasses.fields(cls):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(instance, field.name, getattr(instance, field.name))


@pytest.mark.parametrize("field", FIELDS)
def test_a_default_keeps_its_bounds(field: HyperField) -> None:
    assert not field.required
    if field.type in (int, float):
        assert field.hyper.broken_bound(field.default) is None
    elif field.hyper.choices:
        assert field.default in field.hyper.choices


@pytest.mark.parametrize("field", FIELDS)
def test_a_search_range_lies_within_the_bounds(field: HyperField) -> None:
    hyper = field.hyper
    assert hyper.doc
    if hyper.search is not None:
        low, high = hyper.search
        assert low < high
        assert hyper.broken_bound(low) is None
        assert hyper.broken_bound(high) is None
        assert low > 0 or not hyper.log
    assert not hyper.searched or hyper.search is not None or hyper.choices


@pytest.mark.parametrize("cls", STACKABLE)
def test_instances_stack_to_columns_and_come_apart_again(cls: Any) -> None:
    stacked = stack([cls(), cls(), cls()])
    parts = [select(stacked, np.array([0])), select(stacked, np.array([False, True, True]))]
    for field in dataclasses.fields(cls):
        column = getattr(stacked, field.name)
        assert column.shape == (3, 1)
        assert column[2, 0] == getattr(cls(), field.name)
        np.testing.assert_array_equal(getattr(concatenate(parts), field.name), column)


def extremes(cls: Any) -> list[Any]:
    """Return instances at the defaults, and at both ends of every search range."""
    instances = [cls()]
    for field in hyper_fields(cls):
        values = field.hyper.search or field.hyper.choices
        instances += [dataclasses.replace(cls(), **{field.name: value}) for value in values]
    return instances


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in OPTIMIZERS.items()])
def test_an_optimizers_row_equals_the_run_alone_over_its_search_ranges(cls: Any, dtype: type) -> None:
    objective = FunctionObjective(function=FUNCTIONS["quadratic"](), dimension=5)
    assert_rows_alone(
        objective, [Run(optimizer=o, schedule=make_schedule("constant")) for o in extremes(cls)], dtype
    )


@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in SCHEDULES.items()])
def test_a_schedules_row_equals_the_run_alone_over_its_search_ranges(cls: Any) -> None:
    objective = FunctionObjective(function=FUNCTIONS["quadratic"](), dimension=5)
    runs = [Run(optimizer=make_optimizer("momentum"), schedule=schedule) for schedule in extremes(cls)]
    assert_rows_alone(objective, runs, np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in MODELS.items()])
def test_a_models_row_equals_the_run_alone(cls: Any, dtype: type) -> None:
    """Replicates, batch sizes and settings mixed; a model of few factors, or units, is its hardest case."""
    narrow = {"embedding_dimension": 1, "rank": 1, "hidden": (1,)}
    fields = {name: value for name, value in narrow.items() if name in {f.name for f in hyper_fields(cls)}}
    loss = Squared if cls.form == "pairs" else CrossEntropy
    for model in (cls(), cls(**fields)):
        objective = suited_to(model, loss)
        runs = [
            Run(
                optimizer=make_optimizer(kind, learning_rate=rate),
                schedule=make_schedule("constant"),
                batch_size=size,
                replicate=replicate,
                settings=dict.fromkeys(list(objective.settings)[:count], 0.3),
            )
            for kind, rate, size, replicate, count in (
                ("adam", 1e-2, 16, 0, 0),
                ("adam", 1e-3, 16, 1, 0),
                ("adam", 1e-2, 16, 0, 2),
                ("adam", 1e-1, 16, 1, 4),
                ("sgd", 1e9, 16, 0, 0),
                ("momentum", 1e-2, 1, 0, 1),
                ("adam", 1e-2, 1, 1, 0),
                ("adam", 1e-2, None, 0, 0),
            )
        ]
        assert_rows_alone(objective, runs, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [pytest.param(cls, id=kind) for kind, cls in LOSSES.items()])
def test_a_losses_row_equals_the_run_alone(cls: Any, dtype: type) -> None:
    objective = suited_to(MODELS["linear"](), cls)
    loss_settings = [name for name in objective.settings if name.startswith("loss.")]
    runs = [
        Run(
            optimizer=make_optimizer("momentum", learning_rate=rate),
            schedule=make_schedule("constant"),
            batch_size=size,
            settings=dict.fromkeys(loss_settings, value),
        )
        for rate in (1e-2, 1e9)
        for size in (1, 7, None)
        for value in ((0.0, 0.2) if loss_settings else (0.0,))
    ]
    assert_rows_alone(objective, runs, dtype)


def assert_rows_alone(objective: Any, runs: list[Run], dtype: type) -> None:
    together = run_batch(objective, runs, steps=20, seed=1, dtype=dtype)
    for row, single in enumerate(runs):
        assert_same_row(together, row, run_batch(objective, [single], steps=20, seed=1, dtype=dtype), 0)
