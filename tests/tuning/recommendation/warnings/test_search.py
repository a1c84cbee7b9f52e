"""Warnings of a search: the states of its trials, and the way out for each cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.warnings.search import search_warnings
from tests.support.jobs import NOISY, finished, job, search, space

WIDE = {"low": 1e-4, "high": 10.0, "log": True}
BOTH = {
    "search_space": space({"kind": "sgd", "learning_rate": WIDE}, {"kind": "adam", "learning_rate": WIDE})
}
LOST = "the process that evaluated a batch died or hung 5 times; submit the job again with fewer replicates"


def sgd(number: int, rate: float, value: float | None = 1.0, **parts: Any) -> FinishedTrial:
    return finished(number, value, kind="sgd", learning_rate=rate, optimizer="sgd", **parts)


def adam(number: int, rate: float, value: float | None = 1.0) -> FinishedTrial:
    return finished(number, value, kind="adam", learning_rate=rate, optimizer="adam")


def of(ended: Sequence[FinishedTrial], **parts: Any) -> list[str]:
    return search_warnings(Plan.of(job(**({"trials": len(ended)} | BOTH | parts))), ended)


def distinct(count: int, first: int = 0) -> list[FinishedTrial]:
    return [sgd(i, 1e-4 * (i + 1)) for i in range(first, first + count)]


def test_a_job_with_a_small_budget_is_not_warned_of_few_trials() -> None:
    assert of(distinct(5)) == []


def test_few_completed_trials_are_warned_of_with_the_states_of_the_others() -> None:
    pruned = [replace(trial, state=TrialState.PRUNED, value=None) for trial in distinct(20, 5)]
    (warning,) = of(distinct(5) + pruned)
    assert warning.startswith("Only 5 of 25 trials completed (20 were pruned)")
    assert "`pruner` to none" in warning


def test_a_search_that_ran_out_of_time_is_warned_of() -> None:
    budget = {"trials": 40, "steps": 60, "seconds": 1.0}
    (warning,) = of(distinct(5), budget=budget)
    assert "5 of 40 trials completed (35 did not start)" in warning
    assert warning.endswith("`budget.seconds`.")


def test_a_grid_of_few_cells_is_no_lack_of_trials() -> None:
    choices = {"kind": "sgd", "learning_rate": {"choices": [1e-3, 1e-4]}}
    spec = job(search_space=space(choices), sampler={"kind": "grid"}, trials=60)
    assert search_warnings(Plan.of(spec), search(spec)) == []


def test_divergence_above_a_rate_is_attributed_to_that_optimizer() -> None:
    ended = [adam(i, 1e-3 * (i + 1)) for i in range(12)]
    ended += [sgd(12 + i, 0.01 * (i + 1)) for i in range(10)]
    ended += [sgd(22 + i, 0.11 + 0.3 * i, None) for i in range(12)]
    (warning,) = of(ended)
    assert (
        warning
        == "12 of 22 trials of sgd diverged. Give the learning_rate of sgd a range with `high` at 0.1."
    )


def test_divergence_at_any_rate_is_not_attributed_to_the_rate() -> None:
    ended = [sgd(i, 0.001 * (i + 1), None if i % 2 else 1.0) for i in range(40)]
    (warning,) = of(ended)
    assert warning.startswith("20 of 40 trials of sgd diverged. Low rates diverged as well.")


def test_an_optimizer_that_always_diverged_wants_rates_below_the_least() -> None:
    ended = [adam(i, 1e-3 * (i + 1)) for i in range(12)] + [sgd(12 + i, 5.0 + i, None) for i in range(6)]
    (warning,) = of(ended)
    assert (
        warning == "6 of 6 trials of sgd diverged. Give the learning_rate of sgd values below 5, or drop sgd."
    )


@pytest.mark.parametrize(
    ("searched", "way_out"),
    [
        ({"choices": [0.01, 9.0]}, "Drop the choices above 0.01 from the learning_rate of sgd."),
        (9.0, "Lower the learning_rate of sgd, 9 in all trials."),
    ],
)
def test_divergence_of_rates_without_a_range_has_another_way_out(searched: Any, way_out: str) -> None:
    adams = {"kind": "adam", "learning_rate": WIDE}
    parts = {"search_space": space({"kind": "sgd", "learning_rate": searched}, adams)}
    low = [] if searched == 9.0 else [sgd(20, 0.01)]
    ended = (
        [adam(i, 1e-3 * (i + 1)) for i in range(12)] + [sgd(12 + i, 9.0, None, key=i) for i in range(8)] + low
    )
    (warning,) = of(ended, **parts)
    assert warning.endswith(way_out)


def test_a_few_that_diverged_are_not_warned_of() -> None:
    assert of([*distinct(12), sgd(12, 9.0, None)]) == []


def test_a_function_without_a_lower_bound_wants_fewer_steps() -> None:
    ended = [*distinct(12), *(sgd(12 + i, 1.0 + i, None) for i in range(12))]
    (warning,) = of(ended, objective={"kind": "function", "name": "saddle"})
    assert "12 of 24 trials diverged. saddle has no lower bound" in warning
    assert warning.endswith("Lower `budget.steps`.")


def test_failed_trials_are_warned_of_with_their_reason() -> None:
    lost = [replace(trial, state=TrialState.FAILED, value=None, reason=LOST) for trial in distinct(3, 12)]
    (warning,) = of(distinct(12) + lost)
    assert warning == f"3 of 15 trials failed in every attempt and have no value. Reason: {LOST}."


def test_of_several_reasons_the_commonest_is_named() -> None:
    reasons = [LOST, LOST, "the disk was full"]
    lost = [
        replace(trial, state=TrialState.FAILED, value=None, reason=reason)
        for trial, reason in zip(distinct(3, 12), reasons, strict=True)
    ]
    (warning,) = of(distinct(12) + lost)
    assert f"Reason of 2 trials: {LOST}." in warning


def test_a_space_of_two_configurations_makes_most_trials_repeats() -> None:
    parts = {"search_space": space({"kind": "sgd", "learning_rate": {"choices": [1e-3, 1e-4]}})}
    spec = job(NOISY, trials=60, steps=5, pruner={"kind": "none"}, **parts)
    ended = search(spec)
    assert len({trial.value for trial in ended}) == 2  # a repeat tells nothing new
    (warning,) = search_warnings(Plan.of(spec), ended)
    assert warning.startswith("58 of 60 trials repeat another trial")
    assert "Only 2 distinct configurations ran" in warning
    assert "Lower `budget.trials` to 2" in warning


def test_a_space_of_one_configuration_is_warned_of() -> None:
    spec = job(search_space=space({"kind": "sgd", "learning_rate": 1e-4}), trials=12, steps=5)
    (warning,) = search_warnings(Plan.of(spec), search(spec))
    assert "11 of 12 trials repeat" in warning
    assert "Only 1 distinct configuration ran" in warning


def test_repeats_of_a_grid_that_is_not_exhausted_want_the_grid_sampler() -> None:
    fine = {"kind": "sgd", "learning_rate": {"low": 0.001, "high": 0.1, "step": 0.001}}
    (warning,) = of([sgd(i, 0.001 * (1 + i % 10)) for i in range(40)], search_space=space(fine))
    assert "Only 10 distinct configurations ran, of 100 in the search space" in warning
    assert "`grid`" in warning


def test_a_few_repeats_are_not_warned_of() -> None:
    assert of([*distinct(12), sgd(12, 1e-4)]) == []
