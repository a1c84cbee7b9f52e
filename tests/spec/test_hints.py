"""Hints for unknown names: the names that a client may have meant."""

from __future__ import annotations

import pytest

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.spec.hints import ALIASES, closest, did_you_mean
from app.spec.job import Budget

ADAM = ("learning_rate", "beta1", "beta2", "eps", "weight_decay", "batch_size")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("lr", "learning_rate"),
        ("LR", "learning_rate"),
        ("learning-rate", "learning_rate"),
        ("lerning_rate", "learning_rate"),
        ("beta_1", "beta1"),
        ("wd", "weight_decay"),
        ("bs", "batch_size"),
        ("momentum", None),
        ("x" * 101, None),
        (3, None),
    ],
)
def test_a_name_is_known_by_alias_spelling_and_closeness(given: object, meant: str | None) -> None:
    assert closest(given, ADAM) == meant


def test_a_parameter_of_a_trial_keeps_its_prefix() -> None:
    names = ("adam.learning_rate", "sgd.learning_rate", "cosine.warmup_fraction")
    assert closest("sgd.lr", names) == "sgd.learning_rate"
    assert did_you_mean("cosine.warmup", names, "take it") == "did you mean cosine.warmup_fraction? Take it"
    assert did_you_mean("sgd.nonsense", names, "take it") == "take it"


def test_every_alias_names_a_kind_and_is_no_kind() -> None:
    fields = {
        field.name for cls in (*OPTIMIZERS.values(), *SCHEDULES.values()) for field in hyper_fields(cls)
    }
    kinds = {*OPTIMIZERS, *SCHEDULES, "rosenbrock", "himmelblau"}
    assert set(ALIASES.values()) <= fields | kinds | set(Budget.model_fields) | {"batch_size"}
    assert not set(ALIASES) & kinds
