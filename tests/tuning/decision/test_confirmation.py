"""The confirmation on new seeds: what it can change, and its differences to the other candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.domain.records import Configuration
from app.tuning.evaluation.requests import Seeds
from tests.support.jobs import finished, space
from tests.support.synthetic_evaluations import (
    COSINE,
    LOG_RANGE,
    NAN,
    REPLICATES,
    SyntheticEvaluations,
    advised,
    bowl,
    trials,
)

CONFIRMING = (Seeds.CONFIRM, Seeds.RECONFIRM)


class Contradicting(SyntheticEvaluations):
    """Two configurations that tie until the confirming seeds, which contradict the simpler configuration."""

    def __init__(self, gap: float = 0.3) -> None:
        super().__init__(
            lambda config, steps: 1.0 + abs(config.optimizer["learning_rate"] - 0.04), individual=0.0
        )
        self._gap = gap

    def _value(self, config: Configuration, replicate: int, steps: int) -> float:
        is_against = replicate >= Seeds.CONFIRM and replicate < Seeds.NORMS
        worse = self._gap if is_against and config.schedule["kind"] == "constant" and config.params else 0.0
        return super()._value(config, replicate, steps) + worse * (1.0 + 0.1 * (replicate % 2))


def tied() -> list:  # type: ignore[type-arg]
    """Return two trials that tie: the first with a cosine, the second with a constant rate."""
    first, second, *_ = trials()
    configuration = replace(first.configuration, schedule=COSINE)
    other = replace(
        second.configuration, optimizer=first.configuration.optimizer, params=first.configuration.params
    )
    return [replace(first, configuration=configuration), replace(second, configuration=other)]


def test_a_tie_that_the_confirmation_contradicts_is_broken_once_and_confirmed_on_new_seeds() -> None:
    evaluations = Contradicting()
    recommendation = advised(evaluations, tied())
    assert recommendation.schedule["kind"] != "constant"
    first, second = (evaluations.of(stage) for stage in CONFIRMING)
    assert len(first) == len(second) == 1
    assert second[0].replicates == range(Seeds.RECONFIRM, Seeds.RECONFIRM + REPLICATES)
    mean = recommendation.evidence.candidates[0].mean
    assert mean == pytest.approx(evaluations(second[0]).values[0].mean())
    assert any(
        "contradicted" in text and "confirmed on new seeds" in text for text in recommendation.explanation
    )


def test_a_tie_is_kept_unless_the_confirmation_contradicts_it() -> None:
    evaluations = Contradicting(gap=0.0)
    recommendation = advised(evaluations, tied())
    assert recommendation.schedule["kind"] == "constant"
    assert not evaluations.of(Seeds.RECONFIRM)


def test_a_candidate_at_the_edge_of_divergence_replaces_none_with_a_margin() -> None:
    class Edge(Contradicting):
        def _value(self, config: Configuration, replicate: int, steps: int) -> float:
            is_high = config.optimizer["learning_rate"] > 0.0401
            fragile = is_high and config.schedule["kind"] != "constant"
            low = config.optimizer["learning_rate"] < 0.0399 and config.schedule["kind"] != "constant"
            return NAN if fragile else super()._value(config, replicate, steps) + (9.0 if low else 0.0)

    evaluations = Edge()
    recommendation = advised(evaluations, tied())
    assert recommendation.schedule["kind"] == "constant"
    assert recommendation.safe_learning_rate is not None


def test_a_choice_that_diverges_when_confirmed_is_replaced_by_one_with_a_margin() -> None:
    class Fragile(SyntheticEvaluations):
        def _value(self, config: Configuration, replicate: int, steps: int) -> float:
            is_late = replicate // 1_000_000 in (stage // 1_000_000 for stage in CONFIRMING)
            if is_late and config.params and config.optimizer["learning_rate"] > 0.03:
                return NAN
            return super()._value(config, replicate, steps)

    evaluations = Fragile(
        lambda config, steps: 1.0 + 0.02 * abs(np.log(config.optimizer["learning_rate"] / 0.04)),
        individual=0.0,
    )
    recommendation = advised(evaluations)
    assert evaluations.of(Seeds.RECONFIRM)
    assert recommendation.optimizer["learning_rate"] <= 0.02 + 1e-9
    assert recommendation.evidence.candidates[0].mean is not None
    assert recommendation.safe_learning_rate is not None
    assert recommendation.safe_learning_rate.high <= 0.02 + 1e-9


def test_every_candidate_has_its_difference_to_the_recommended_one() -> None:
    candidates = advised(SyntheticEvaluations(bowl(), individual=0.1)).evidence.candidates
    assert candidates[0].difference is None
    for other in candidates[1:]:
        assert other.difference is not None
        assert other.mean is not None
        assert candidates[0].mean is not None
        assert other.difference.mean == pytest.approx(candidates[0].mean - other.mean)
        assert other.difference.ci95[0] < other.difference.mean < other.difference.ci95[1]


def decays_win(config: Configuration, steps: int) -> float:
    return bowl()(config, steps) * (0.5 if config.schedule["kind"] != "constant" else 1.0)


def test_the_best_constant_rate_is_the_one_that_did_best_on_the_seeds_of_the_race() -> None:
    """Trial 0 has the best value of the search by luck; the race shows that trial 1 is better."""
    ended = [
        finished(0, 0.1, learning_rate=0.005, optimizer="adam"),
        finished(1, 0.9, learning_rate=0.04, optimizer="adam"),
    ]
    ended += [replace(trial, number=2 + i) for i, trial in enumerate(trials(2))]
    ended[2] = replace(ended[2], configuration=replace(ended[2].configuration, schedule=COSINE))
    recommendation = advised(SyntheticEvaluations(decays_win), ended)
    assert recommendation.schedule["kind"] != "constant"
    (constant,) = [
        baseline
        for baseline in recommendation.evidence.baselines
        if baseline.label.startswith("best constant rate: ")
    ]
    assert constant.optimizer["learning_rate"] > 0.03
    assert constant.schedule["kind"] == "constant"
    assert constant.difference is not None
    assert constant.difference.probability_better > 0.99


def test_the_best_constant_rate_is_left_out_if_a_constant_rate_is_recommended() -> None:
    recommendation = advised(SyntheticEvaluations(bowl()))
    assert recommendation.schedule["kind"] == "constant"
    assert not any("best constant" in baseline.label for baseline in recommendation.evidence.baselines)


NARROW = space(
    {"kind": "sgd", "learning_rate": {"low": 1e-6, "high": 1e-4, "log": True}},
    schedules=[{"kind": "constant"}],
)


def test_an_optimizer_outside_the_space_is_never_recommended_but_reported() -> None:
    """With sgd between 1e-6 and 1e-4, a space that a user may post, every default is far better."""
    ended = [
        finished(i, 3.0 + i, kind="sgd", learning_rate=rate, optimizer="sgd")
        for i, rate in enumerate([9.9e-5, 5e-5, 2e-5])
    ]
    for trial in ended:
        trial.configuration.params.pop("optimizer")
    recommendation = advised(SyntheticEvaluations(bowl(0.01)), ended, search_space=NARROW)
    assert recommendation.optimizer["kind"] == "sgd"
    assert 1e-6 <= recommendation.optimizer["learning_rate"] <= 1e-4
    assert {candidate.optimizer["kind"] for candidate in recommendation.evidence.candidates} == {"sgd"}
    outside = recommendation.outside_space
    assert outside is not None
    assert outside.optimizer["kind"] in ("momentum", "sgd")
    assert outside.difference.ci95[0] > 0.0
    assert outside.difference.probability_better < 0.001
    assert any("outside the search space" in text for text in recommendation.warnings)
    assert any(
        "upper end" in text or "upper edge" in text or "raise" in text for text in recommendation.warnings
    )
    assert "outside the search space" in recommendation.summary[-1]


def test_no_default_outside_the_space_is_reported_unless_it_is_better() -> None:
    assert advised(SyntheticEvaluations(bowl())).outside_space is None


def test_any_default_may_be_recommended_if_a_job_names_no_optimizers() -> None:
    def momentum_wins(config: Configuration, steps: int) -> float:
        return 0.1 if config.optimizer["kind"] == "dog" else bowl()(config, steps)

    ended = trials()
    recommendation = advised(SyntheticEvaluations(momentum_wins), ended, search_space={})
    assert recommendation.optimizer["kind"] == "dog"
    assert recommendation.outside_space is None
    (warning,) = [text for text in recommendation.warnings if "better than every trial" in text]
    assert warning.startswith(
        "dog at its defaults was better than every trial, though the search did not try"
    )


def test_a_named_space_keeps_its_ranges_for_decays_too() -> None:
    tight = space({"kind": "adam", "learning_rate": LOG_RANGE | {"high": 0.05}}, {"kind": "sgd"})
    evaluations = SyntheticEvaluations(decays_win)
    advised(evaluations, search_space=tight)
    rates = [
        config.optimizer["learning_rate"]
        for request in evaluations.of(Seeds.FINAL)
        for config in request.configurations
        if config.params
    ]
    assert max(rates) <= 0.05
