from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from app.domain.records import Configuration, FinishedTrial
from app.tuning.evaluation.requests import Seeds
from tests.support.jobs import ROSENBROCK, finished, space
from tests.support.synthetic_evaluations import (
    COSINE,
    REPLICATES,
    Rival,
    SyntheticEvaluations,
    advised,
    bowl,
    trials,
)


def warned(word: str, warnings: list[str]) -> list[str]:
    return [warning for warning in warnings if word in warning]


@pytest.mark.parametrize(("rate", "edge"), [(0.0999, "upper"), (0.00101, "lower"), (0.01, None)])
def test_a_learning_rate_at_an_edge_of_its_range_is_warned_of(rate: float, edge: str | None) -> None:
    ended = [finished(i, 1.0 + i, learning_rate=rate, optimizer="adam") for i in range(12)]
    recommendation = advised(SyntheticEvaluations(bowl(rate)), ended)
    way_out = "`high` above 0.1" if edge == "upper" else "`low` below 0.001"
    expected = [
        f"adam's learning_rate, {rate:.3g}, is at the {edge} edge of its search range, 0.001 to 0.1. A "
        f"better value may lie outside. Give learning_rate a range with {way_out}."
    ]
    assert warned("edge", recommendation.warnings) == (expected if edge else [])


def test_an_edge_that_cannot_be_moved_is_not_warned_of() -> None:
    schedules = [{"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.2}}]
    parts = {"search_space": space({"kind": "adam"}, schedules=schedules)}
    for fraction, is_warned in ((0.0, False), (0.2, True)):
        params: dict[str, Any] = {"cosine.warmup_fraction": fraction}
        schedule = COSINE | {"warmup_fraction": fraction, "warmup_shape": "linear"}
        ended = [
            replace(trial, configuration=replace(trial.configuration, schedule=schedule))
            for trial in (finished(i, 1.0 + i, learning_rate=0.02, **params) for i in range(12))
        ]

        def means(configuration: Configuration, steps: int, best: float = fraction) -> float:
            return bowl(0.02)(configuration, steps) + abs(
                float(configuration.schedule["warmup_fraction"]) - best
            )

        recommendation = advised(SyntheticEvaluations(means), ended, **parts)
        assert recommendation.schedule["warmup_fraction"] == fraction
        assert bool(warned("warmup_fraction", recommendation.warnings)) is is_warned


def test_a_gain_that_is_not_certain_is_warned_of() -> None:
    recommendation = advised(Rival(1.0))
    (warning,) = warned("not certain", recommendation.warnings)
    assert 'The gain over "adam at its defaults, constant" is not certain.' in warning


def test_a_baseline_that_was_better_is_warned_of_as_such() -> None:
    recommendation = advised(Rival(0.1))
    (warning,) = warned("did better", recommendation.warnings)
    assert '"adam at its defaults, constant" did better. Take that baseline instead' in warning
    assert not any("adam at its defaults" in text for text in warned("not certain", recommendation.warnings))
    assert not warned("did better", advised(Rival(1.0)).warnings + advised(Rival(1.5)).warnings)


def test_settings_that_differ_from_the_defaults_are_warned_of() -> None:
    digits = {"kind": "classification", "dataset": "digits", "model": {"kind": "linear"}}
    ended = [
        replace(
            trial, configuration=replace(trial.configuration, batch_size=size, settings={"l2": 0.1 / size})
        )
        for trial, size in zip(trials(), [32, *[64] * 11], strict=True)
    ]

    def large_is_better(configuration: Configuration, steps: int) -> float:
        return bowl()(configuration, steps) * (1.0 if configuration.batch_size == 64 else 2.0)

    recommendation = advised(SyntheticEvaluations(large_is_better), ended, objective=digits)
    assert recommendation.batch_size == 64
    (warning,) = warned("The defaults ran with", recommendation.warnings)
    assert "ran with the l2 and batch size of the best trial" in warning

    def only_first(configuration: Configuration, steps: int) -> float:
        return bowl()(configuration, steps) * (1.0 if configuration.batch_size == 32 else 2.0)

    alike = advised(SyntheticEvaluations(only_first), ended, objective=digits)
    assert alike.batch_size == 32
    assert not warned("The defaults ran with", alike.warnings)


def test_a_derived_schedule_is_not_at_the_edge_of_the_original_schedule() -> None:
    schedules = [{"kind": "cosine", "final_factor": {"low": 0.0, "high": 0.5}}]
    parts = {"search_space": space({"kind": "adam"}, schedules=schedules)}
    schedule = COSINE | {"final_factor": 0.5}
    params: dict[str, Any] = {"cosine.final_factor": 0.5}
    ended = [
        replace(trial, configuration=replace(trial.configuration, schedule=schedule))
        for trial in (finished(i, 1.0 + i, learning_rate=0.02, **params) for i in range(12))
    ]

    def best(kind: str) -> Any:
        def means(configuration: Configuration, steps: int) -> float:
            least = bowl(0.02)(configuration, steps) * (
                1.0 if configuration.schedule["kind"] == kind else 2.0
            )
            return least + (
                0.5 - configuration.schedule["final_factor"]
                if kind == "cosine" == configuration.schedule["kind"]
                else 0.0
            )

        return means

    assert warned("final_factor", advised(SyntheticEvaluations(best("cosine")), ended, **parts).warnings)
    for kind in ("table", "linear"):
        recommendation = advised(SyntheticEvaluations(best(kind)), ended, **parts)
        assert recommendation.schedule["kind"] == kind
        assert not warned("final_factor", recommendation.warnings)


@pytest.mark.parametrize("replicates", [2, 7, 8])
def test_few_seeds_are_warned_of(replicates: int) -> None:
    warnings = advised(
        SyntheticEvaluations(bowl()), confirmation={"top": 2, "replicates": replicates}
    ).warnings
    assert len(warned(f"Only {replicates} seeds confirm the", warnings)) == (replicates < 8)


def test_a_gain_that_is_certain_is_not_warned_of() -> None:
    assert not warned("not certain", advised(Rival(1.5)).warnings)


def test_a_deterministic_gain_that_is_none_is_warned_of() -> None:
    def alike(configuration: Configuration, steps: int) -> float:
        return 1.0 if configuration.optimizer["kind"] == "adam" else 2.0

    recommendation = advised(SyntheticEvaluations(alike, common=0.0, individual=0.0), objective=ROSENBROCK)
    assert any(
        'is no better than "adam at its defaults, constant".' in text for text in recommendation.warnings
    )


def test_few_completed_and_many_diverged_trials_are_warned_of() -> None:
    ended = trials(4) + [finished(i, None) for i in range(4, 8)]
    text = " ".join(advised(SyntheticEvaluations(bowl()), ended).warnings)
    assert "Only 4 of 32 trials completed" in text
    assert "4 of 8 trials of adam diverged" in text


@pytest.mark.parametrize(("dataset", "rows"), [("iris", 30), ("digits", None)])
def test_a_small_validation_part_is_warned_of(dataset: str, rows: int | None) -> None:
    objective = {"kind": "classification", "dataset": dataset, "model": {"kind": "linear"}}
    ended = [replace(trial, configuration=replace(trial.configuration, batch_size=32)) for trial in trials()]
    texts = warned(
        "validation part", advised(SyntheticEvaluations(bowl()), ended, objective=objective).warnings
    )
    assert (len(texts) == 1 and f"has {rows} rows" in texts[0]) if rows else texts == []


def moving(factor: float) -> Any:
    """Where the best peak is `factor` of 0.04 after 120 updates, and the loss there half as large."""

    def means(configuration: Configuration, steps: int) -> float:
        return (
            bowl()(configuration, steps) if steps == 60 else 0.5 * bowl(0.04 * factor)(configuration, steps)
        )

    return means


def test_a_budget_too_small_to_settle_is_warned_of() -> None:
    for factor in (1.0, 0.25):  # the best peak of the longer run counts
        (warning,) = warned("still falls", advised(SyntheticEvaluations(moving(factor), common=0.0)).warnings)
        assert "The loss still falls after 60 updates. On the same seeds the mean is 1" in warning
        assert re.search(r"after 60 and 0\.\d+ after 120", warning)


def test_an_uncertain_gain_of_longer_runs_is_not_warned_of() -> None:
    settled = advised(SyntheticEvaluations(bowl()))
    assert not warned("still falls", settled.warnings)
    for factor in (1.0, 0.25):
        doubtful = advised(SyntheticEvaluations(moving(factor), individual=5.0))
        assert not warned("still falls", doubtful.warnings)


def test_a_loss_near_zero_has_settled() -> None:
    recommendation = advised(SyntheticEvaluations(moving(1.0), start=1e6))  # a thousandth of it is the floor
    assert not warned("still falls", recommendation.warnings)


def test_an_unconfirmed_job_has_the_warnings_of_its_search() -> None:
    ended: list[FinishedTrial] = [finished(0, 1.0, learning_rate=0.0999, optimizer="adam")]
    warnings = advised(SyntheticEvaluations(bowl()), ended, confirmation=None).warnings
    assert "`confirmation` is null" in warnings[0]
    assert warned("edge", warnings)
    assert warned("Only 1 of 32 trials completed", warnings)


def test_a_mean_that_rests_on_a_single_seed_is_warned_of() -> None:
    class Rare(SyntheticEvaluations):
        def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
            times = 100.0 if replicate == Seeds.CONFIRM + 3 else 1.0
            return times * super()._value(configuration, replicate, steps)

    (warning,) = warned("single seed", advised(Rare(bowl(), common=0.0)).warnings)
    assert warning.startswith(f"A single seed of {REPLICATES} contributes 93.5 % of the mean")
    assert not warned("single seed", advised(SyntheticEvaluations(bowl())).warnings)
