from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tuning.jobs import finished, space
from tests.tuning.races import CONFIRMED, RACED, UNRIVALLED, recommended, trials, values


@pytest.mark.parametrize(("rate", "edge"), [(0.0999, "upper"), (0.00101, "lower"), (0.01, None)])
def test_a_learning_rate_at_an_edge_of_its_range_is_warned_of(rate: float, edge: str | None) -> None:
    ended = [finished(i, 1.0 + i, learning_rate=rate, optimizer="adam") for i in range(12)]
    found = recommended(values(1.0, 2.0, 3.0), UNRIVALLED, ended)
    expected = [
        f"adam's learning_rate, {rate:.3g}, sits at the {edge} edge of its search range 0.001 to 0.1; "
        "widen it"
    ]
    assert found.warnings == (expected if edge else [])


def test_an_edge_that_cannot_be_moved_is_not_warned_of() -> None:
    schedules = [{"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.2}}]
    parts = {"search_space": space({"kind": "adam"}, schedules=schedules)}
    for fraction, warned in ((0.0, False), (0.2, True)):
        params: dict[str, Any] = {"cosine.warmup_fraction": fraction}
        ended = [finished(i, 1.0 + i, **params) for i in range(12)]
        found = recommended(values(1.0, 2.0), values(1.0, 2.0), ended, **parts)
        assert any("warmup_fraction" in warning for warning in found.warnings) is warned


def test_a_gain_that_is_not_certain_is_warned_of() -> None:
    confirmed = np.array([[1.0, 2.0, 1.0, 2.0], [9.0] * 4, [2.0, 1.0, 2.0, 1.5], [3.0, 4.0, 3.0, 4.0]])
    found = recommended(RACED, confirmed)
    (warning,) = found.warnings
    difference = found.evidence.baselines[0].difference
    assert difference is not None
    low, high = difference.ci95
    assert f"over adam at its defaults, constant ({low:.3g} to {high:.3g}) is not certain" in warning


def test_gains_that_are_not_certain_share_a_warning() -> None:
    confirmed = np.array([[1.0, 2.0, 1.0, 2.0], [9.0] * 4, [2.0, 1.0, 2.0, 1.5], [2.0, 1.0, 1.0, 2.0]])
    (warning,) = recommended(RACED, confirmed).warnings
    assert "adam at its defaults, constant (" in warning and " and sgd at its defaults, constant (" in warning


def test_a_deterministic_gain_that_is_none_is_warned_of() -> None:
    found = recommended(
        np.array([[1.0], [1.2], [1.0], [3.0]]),
        np.array([[1.0], [1.0], [3.0]]),  # adam's default is the rival too
        objective={"kind": "function", "name": "rosenbrock"},
    )
    assert "it is no better than adam at its defaults, constant" in found.warnings


def test_few_completed_and_many_diverged_trials_are_warned_of() -> None:
    ended = trials(4) + [finished(i, None) for i in range(4, 8)]
    text = " ".join(recommended(RACED, CONFIRMED, ended).warnings)
    assert "only 4 trials completed" in text
    assert "4 of 8 trials diverged" in text


@pytest.mark.parametrize(("dataset", "rows"), [("iris", 30), ("digits", None)])
def test_a_small_validation_part_is_warned_of(dataset: str, rows: int | None) -> None:
    objective = {"kind": "classification", "dataset": dataset, "model": {"kind": "linear"}}
    found = recommended(RACED, CONFIRMED, objective=objective)
    warned = [warning for warning in found.warnings if "validation part" in warning]
    assert warned == ([] if rows is None else [warned[0]])
    assert rows is None or f"has {rows} rows" in warned[0]
