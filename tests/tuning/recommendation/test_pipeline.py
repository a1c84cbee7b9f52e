"""The evaluation requests of the advice, and the recommendation that follows from their results."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from app.domain.records import Configuration, FinishedTrial
from app.engine.trajectories.result import Trajectory
from app.tuning.evaluation.requests import EvaluationRequest, EvaluationResult, Seeds
from app.tuning.planning.plan import Plan
from app.tuning.recommendation.pipeline import advise
from tests.support.jobs import NOISY, ROSENBROCK, finished, follow, job, run_request, search, space
from tests.support.synthetic_evaluations import (
    COSINE,
    NAN,
    REPLICATES,
    SyntheticEvaluations,
    advised,
    bowl,
    spec,
    trials,
)

CONSTANT_IS_BEST = bowl()


def decaying_is_better(configuration: Configuration, steps: int) -> float:
    return bowl()(configuration, steps) * (
        0.5 if configuration.schedule["kind"] in ("linear", "table") else 1.0
    )


def refined_is_better(configuration: Configuration, steps: int) -> float:
    return bowl()(configuration, steps) * (0.5 if configuration.schedule["kind"] == "table" else 1.0)


def test_the_stages_run_in_order_on_separate_seeds() -> None:
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations)
    stages = [Seeds(request.replicates.start // 1_000_000 * 1_000_000) for request in evaluations.requests]
    assert list(dict.fromkeys(stages)) == [
        Seeds.RACE,
        Seeds.NEIGHBOURS,
        Seeds.NORMS,
        Seeds.FINAL,
        Seeds.SWEEP,
        Seeds.CONFIRM,
        Seeds.HORIZONS,
    ]


def test_a_linear_decay_that_is_better_is_recommended() -> None:
    recommendation = advised(
        SyntheticEvaluations(decaying_is_better, individual=0.0)
    )  # it ties with the refined one, and is simpler
    assert recommendation.evidence.candidates[0].source == "decay"
    assert (recommendation.schedule["kind"], recommendation.schedule["final_factor"]) == ("linear", 0.0)
    assert recommendation.optimizer["learning_rate"] == 0.04


def test_a_refined_schedule_that_is_better_is_recommended() -> None:
    recommendation = advised(SyntheticEvaluations(refined_is_better))
    assert recommendation.evidence.candidates[0].source == "refined"
    assert recommendation.schedule["kind"] == "table"
    assert len(recommendation.schedule["factors"]) == 60


def test_the_refinement_reads_the_norms_of_the_leader_and_then_of_the_refined_run() -> None:
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations)
    first, second = evaluations.of(Seeds.NORMS)
    assert first.record
    assert second.record
    assert len(first.replicates) == 2
    assert first.configurations[0].schedule["kind"] == "constant"
    assert second.configurations[0].schedule["kind"] == "table"
    factors = second.configurations[0].schedule["factors"]
    # The synthetic norms fall tenfold: adam's l1 weights rise, then the rest that is summed runs out.
    assert factors[0] < max(factors) == 1.0
    assert factors[-1] == 0.0


def test_decays_run_at_the_peak_of_the_leader_and_at_twice_that_within_the_range() -> None:
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations)
    peaks = {
        entry.optimizer["learning_rate"]
        for entry in evaluations.of(Seeds.FINAL)[0].configurations
        if entry.schedule["kind"] == "linear"
    }
    assert peaks == {0.04, 0.08}
    near = [replace(trial, configuration=_at(trial.configuration, 0.06)) for trial in trials()]
    evaluations = SyntheticEvaluations(bowl(0.06))
    advised(evaluations, near)
    rates = [entry.optimizer["learning_rate"] for entry in evaluations.of(Seeds.FINAL)[0].configurations]
    assert max(rates) == 0.06  # the range ends at 0.1


def _at(configuration: Configuration, rate: float) -> Configuration:
    params = configuration.params | {"adam.learning_rate": rate}
    return replace(configuration, optimizer=configuration.optimizer | {"learning_rate": rate}, params=params)


def test_a_fixed_learning_rate_is_kept() -> None:
    fixed = [
        FinishedTrial(
            number=0,
            round=0,
            state=trial.state,
            configuration=replace(trial.configuration, params={}),
            value=1.0,
        )
        for trial in trials(1)
    ]
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations, fixed, search_space=space({"kind": "adam", "learning_rate": 0.04}))
    made = [
        configuration
        for configuration in evaluations.of(Seeds.FINAL)[0].configurations
        if configuration.schedule["kind"] != "constant"
    ]
    assert made
    assert {configuration.optimizer["learning_rate"] for configuration in made} == {0.04}


def test_a_decay_keeps_the_warmup_of_its_leader() -> None:
    warm = COSINE | {"warmup_fraction": 0.1}
    ended = trials(1)
    ended[0] = replace(ended[0], configuration=replace(ended[0].configuration, schedule=warm))
    recommendation = advised(SyntheticEvaluations(decaying_is_better, individual=0.0), ended)
    assert (recommendation.schedule["kind"], recommendation.schedule["warmup_fraction"]) == ("linear", 0.1)


def test_among_tied_candidates_the_simplest_schedule_is_chosen() -> None:
    ended = trials()
    ended[0] = replace(ended[0], configuration=replace(ended[0].configuration, schedule=COSINE))
    ended[1] = replace(ended[1], configuration=_at(ended[1].configuration, 0.04))

    def alike(configuration: Configuration, steps: int) -> float:
        lead = 0.0001 if configuration.schedule["kind"] == "cosine" else 0.0
        return bowl()(configuration, steps) - lead

    recommendation = advised(SyntheticEvaluations(alike, individual=0.01), ended)
    assert recommendation.schedule["kind"] == "constant"
    assert any(
        "cannot tell" in text and "has the simplest schedule" in text for text in recommendation.explanation
    )


def test_among_equally_simple_candidates_the_widest_safe_range_is_chosen() -> None:
    ended = [
        finished(0, 1.0, learning_rate=0.04, optimizer="adam"),
        finished(1, 1.1, kind="sgd", learning_rate=0.04, optimizer="sgd"),
    ]

    def narrow(configuration: Configuration, steps: int) -> float:
        is_sgd = configuration.optimizer["kind"] == "sgd"
        away = abs(float(configuration.optimizer["learning_rate"]) / 0.04 - 1.0)
        return 1.0 + (0.05 if is_sgd else 0.5) * away

    recommendation = advised(SyntheticEvaluations(narrow, individual=0.0), ended)
    assert recommendation.optimizer["kind"] == "sgd"
    assert any("has the widest margin or safe range" in text for text in recommendation.explanation)


def test_the_sweep_is_the_safe_range() -> None:
    safe = advised(SyntheticEvaluations(bowl())).safe_learning_rate
    assert safe is not None
    # 0.3 ln(2^0.5) = 0.10 is more than 5 %, so no other half octave is safe.
    assert (safe.low, safe.high, safe.diverges_above) == (0.04, 0.04, None)


def test_an_optimizer_whose_runs_diverge_for_the_norms_has_no_refined_schedule() -> None:
    class Diverging(SyntheticEvaluations):
        def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
            return NAN if replicate >= Seeds.NORMS and replicate < Seeds.FINAL else 1.0

    evaluations = Diverging(bowl())
    recommendation = advised(evaluations)
    assert len(evaluations.of(Seeds.NORMS)) == 1
    assert "refined" not in {candidate.source for candidate in recommendation.evidence.candidates}


def test_no_run_is_longer_than_a_run_can_be() -> None:
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations, budget={"trials": 12, "steps": 10_000_000})
    assert max(request.steps for request in evaluations.requests) == 10_000_000


def test_without_a_completed_trial_there_is_no_advice() -> None:
    assert (
        follow(
            advise(Plan.of(spec()), [finished(0, None)], lambda number: None), SyntheticEvaluations(bowl())
        )
        is None
    )


def test_a_loss_driven_schedule_is_exported_as_realised_in_its_trial() -> None:
    rule = {"kind": "reduce_by_ratio"}
    ended = [replace(trial, configuration=replace(trial.configuration, schedule=rule)) for trial in trials(1)]

    def rule_is_better(configuration: Configuration, steps: int) -> float:
        return bowl()(configuration, steps) * (
            0.5 if configuration.schedule["kind"] == "reduce_by_ratio" else 1.0
        )

    asked: list[int] = []

    def trajectory_of(number: int) -> Trajectory | None:
        asked.append(number)
        return None

    recommendation = follow(
        advise(Plan.of(spec()), ended, trajectory_of), SyntheticEvaluations(rule_is_better)
    )
    assert recommendation is not None
    assert recommendation.schedule["kind"] == "reduce_by_ratio"
    assert asked == [0]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"objective": ROSENBROCK},
        {"confirmation": {"top": 2, "replicates": 2}},
        {"confirmation": {"top": 1, "replicates": 16}},
        {"budget": {"trials": 1, "steps": 60}},
    ],
)
@pytest.mark.parametrize("individual", [0.0, 0.3, 3.0])
def test_the_advice_never_asks_for_more_runs_than_are_counted(
    parts: dict[str, Any], individual: float
) -> None:
    evaluations = SyntheticEvaluations(bowl(), individual=individual)
    advised(evaluations, trials(1) if "budget" in parts else None, **parts)
    most = Plan.of(spec(**parts)).max_advice_runs * 60
    assert sum(request.updates for request in evaluations.requests) <= most


def test_equal_results_give_the_same_requests_and_the_same_recommendation() -> None:
    spec_, trials_ = job(NOISY, trials=20, steps=20, confirmation={"top": 2, "replicates": 4}), []
    trials_ = search(spec_)
    requests: list[list[EvaluationRequest]] = [[], []]

    def noted(asked: list[EvaluationRequest], request: EvaluationRequest) -> EvaluationResult:
        asked.append(request)
        return run_request(spec_, request)

    answers = [
        follow(advise(Plan.of(spec_), trials_, lambda number: None), partial(noted, requests[i]))
        for i in range(2)
    ]
    assert answers[0] == answers[1]
    assert [request.digest for request in requests[0]] == [request.digest for request in requests[1]]


def test_the_confirmation_has_the_replicates_of_the_job() -> None:
    evaluations = SyntheticEvaluations(bowl())
    advised(evaluations)
    (confirmation,) = evaluations.of(Seeds.CONFIRM)
    assert len(confirmation.replicates) == REPLICATES
