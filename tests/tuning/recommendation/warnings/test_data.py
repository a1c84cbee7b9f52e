"""Warnings of an objective: rare classes, targets without spread, functions without an optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.data import DATASETS, Data, load
from app.engine.objectives.functions import FUNCTIONS
from app.engine.seeds import Purpose, stream
from app.engine.supervised.split import training_rows, validation_rows
from app.tuning.recommendation.warnings.data import data_warnings
from app.tuning.recommendation.warnings.objective import objective_warnings
from tests.support.jobs import NOISY, job, run, space


def labelled(*counts: int) -> Data:
    """Return rows of classes 0, 1, ... with these counts."""
    targets = np.repeat(np.arange(len(counts)), counts)
    return Data(inputs=np.zeros((len(targets), 2)), targets=targets, classes=len(counts))


def numbered(*targets: float) -> Data:
    return Data(inputs=np.zeros((len(targets), 2)), targets=np.array(targets), classes=None)


def of(data: Data) -> list[str]:
    """Return the warnings of the targets, without the warning of the size."""
    return [text for text in data_warnings("uploaded", data, is_confirmed=True) if "uploaded" not in text]


def test_a_class_of_two_rows_is_warned_of_with_how_seldom_it_is_validated() -> None:
    (warning,) = of(labelled(118, 2))
    assert warning.startswith("Class 1 has 2 of 120 rows. The validation part has 0.4 such rows on average")
    assert "none on 63.9 % of seeds" in warning


def test_the_share_of_seeds_without_the_class_is_that_of_the_splits() -> None:
    rare, validated = {118, 119}, slice(training_rows(120), 120 - validation_rows(120))
    missed = [
        rare.isdisjoint(stream(0, Purpose.SPLIT, seed).permutation(120)[validated].tolist())
        for seed in range(2000)
    ]
    assert np.mean(missed) == pytest.approx(0.639, abs=0.03)  # 3 standard errors


def test_several_rare_classes_are_counted_and_the_rarest_is_named() -> None:
    (warning,) = of(labelled(300, 9, 4, 14))
    assert warning.startswith("3 of 4 classes have fewer than 16 of 327 rows; the rarest, class 2, has 4.")


def test_classes_with_rows_enough_are_not_warned_of() -> None:
    assert of(labelled(985, 15)) == []


def test_a_class_without_rows_is_warned_of() -> None:
    (warning,) = of(labelled(60, 0, 60))
    assert warning.startswith("Class 1 has no rows")
    (warning,) = of(labelled(60, 0, 60, 0))
    assert warning.startswith("Classes 1 and 3 have no rows")


def test_data_of_a_single_class_is_warned_of_once() -> None:
    (warning,) = of(labelled(120, 0))
    assert warning.startswith("All 120 rows have class 0, so there is nothing to classify.")


def test_a_target_without_spread_is_warned_of() -> None:
    (warning,) = of(numbered(*[3.5] * 120))
    assert warning.startswith("All 120 targets are 3.5, so there is nothing to predict")


def test_a_target_with_hardly_any_spread_is_warned_of() -> None:
    (warning,) = of(numbered(*[3.5] * 118, 1.0, 2.0))
    assert warning.startswith("2 of 120 targets differ from 3.5. The validation part has 0.4 such rows")
    assert of(numbered(*[0.0] * 100, *range(1, 21))) == []


@pytest.mark.parametrize("name", DATASETS)
def test_no_built_in_dataset_has_such_a_fault(name: str) -> None:
    assert [text for text in data_warnings(name, load(name), is_confirmed=True) if name not in text] == []


def test_the_way_out_of_a_small_validation_part_depends_on_the_confirmation() -> None:
    for is_confirmed, way_out in (
        (True, "Compare means by their intervals."),
        (False, "Raise `replicates`."),
    ):
        (warning,) = data_warnings("iris", load("iris"), is_confirmed=is_confirmed)
        assert "The validation part of iris has 30 rows" in warning
        assert warning.endswith(way_out)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_without_a_least_value_is_warned_of(name: str) -> None:
    texts = objective_warnings(job({"kind": "function", "name": name}))
    assert len(texts) == (not FUNCTIONS[name].bounded_below)
    assert all(text.startswith(f"{name} has no lower bound") for text in texts)


def test_an_exact_unraced_job_is_promised_no_other_value() -> None:
    parts: dict[str, Any] = {
        "confirmation": None,
        "trials": 12,
        "steps": 5,
        "search_space": space({"kind": "sgd", "learning_rate": {"low": 1e-4, "high": 1e-3, "log": True}}),
    }
    for objective, is_exact in (({"kind": "function", "name": "quadratic"}, True), (NOISY, False)):
        _, recommendation = run(job(objective, **parts))
        assert recommendation.warnings[0].startswith("`confirmation` is null")
        assert ("Fresh seeds" in recommendation.warnings[0]) is not is_exact
