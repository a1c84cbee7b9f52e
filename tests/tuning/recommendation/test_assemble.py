from __future__ import annotations

import pytest

from app.domain.records import Configuration
from app.spec.resources.recommendations import Candidate, Recommendation
from app.tuning.evaluation.requests import Seeds
from app.tuning.statistics import loss_interval
from tests.support.jobs import ROSENBROCK
from tests.support.synthetic_evaluations import NAN, REPLICATES, SyntheticEvaluations, advised, bowl

DEFAULT_RATE = 0.001  # of adam


def defaults_lead(configuration: Configuration, steps: int) -> float:
    is_default = (
        configuration.optimizer["kind"] == "adam" and configuration.optimizer["learning_rate"] == DEFAULT_RATE
    )
    return 0.5 if is_default else bowl()(configuration, steps)


def winner(recommendation: Recommendation) -> Candidate:
    return recommendation.evidence.candidates[0]


def test_the_recommended_configuration_heads_the_candidates() -> None:
    recommendation = advised(SyntheticEvaluations(bowl()))
    best = winner(recommendation)
    assert (best.optimizer, best.schedule, best.batch_size) == (
        recommendation.optimizer,
        recommendation.schedule,
        None,
    )
    assert recommendation.optimizer["learning_rate"] == 0.04
    assert best.source == "search"
    assert (
        recommendation.total_steps,
        recommendation.evidence.metric,
        recommendation.evidence.replicates,
    ) == (60, "loss", REPLICATES)


def test_all_figures_come_from_the_same_seeds_drawn_after_the_choice() -> None:
    evaluations = SyntheticEvaluations(bowl())
    recommendation = advised(evaluations)
    (confirmation,) = evaluations.of(Seeds.CONFIRM)
    values = evaluations(confirmation).values
    by_optimizer = {
        (entry.optimizer["kind"], entry.optimizer["learning_rate"], entry.schedule["kind"]): row
        for entry, row in zip(confirmation.configurations, values, strict=True)
    }
    for row in (*recommendation.evidence.candidates, *recommendation.evidence.baselines):
        row_values = by_optimizer[row.optimizer["kind"], row.optimizer["learning_rate"], row.schedule["kind"]]
        expected = loss_interval(row_values)
        assert expected is not None
        assert (row.mean, row.ci95) == (expected.mean, expected.ci95)


def test_baselines_are_compared_with_the_winner_seed_by_seed() -> None:
    recommendation = advised(SyntheticEvaluations(bowl()))
    baseline = next(row for row in recommendation.evidence.baselines if row.label.startswith("adamw"))
    assert baseline.difference is not None
    assert baseline.ci95 is not None
    best_mean = winner(recommendation).mean
    assert best_mean is not None
    assert baseline.mean is not None
    assert baseline.difference.mean == pytest.approx(best_mean - baseline.mean)
    assert baseline.difference.probability_better == pytest.approx(1.0)
    width = baseline.difference.ci95[1] - baseline.difference.ci95[0]
    assert width < 0.1 * (baseline.ci95[1] - baseline.ci95[0])  # the common scatter is gone


def test_the_other_finalists_follow_by_their_mean_and_probabilities_add_up() -> None:
    candidates = advised(SyntheticEvaluations(bowl(), individual=0.1)).evidence.candidates
    means = [candidate.mean for candidate in candidates[1:] if candidate.mean is not None]
    assert means == sorted(means)
    assert len(means) == len(candidates) - 1
    assert sum(candidate.probability_best or 0.0 for candidate in candidates) <= 1.0 + 1e-9
    assert {candidate.source for candidate in candidates} >= {"search"}


def test_a_winning_default_is_recommended_with_a_warning() -> None:
    recommendation = advised(SyntheticEvaluations(defaults_lead))
    assert winner(recommendation).source == "baseline"
    assert recommendation.optimizer["learning_rate"] == DEFAULT_RATE
    default = next(
        row for row in recommendation.evidence.baselines if row.label.startswith("adam at its defaults")
    )
    assert default.difference is None
    assert "No trial was better than a default. Give more trials or other ranges." in recommendation.warnings
    assert "of adam at its defaults (learning rate 0.001, constant schedule)" in recommendation.explanation[1]


def test_without_confirmation_the_best_trial_is_recommended_with_a_warning() -> None:
    evaluations = SyntheticEvaluations(bowl())
    recommendation = advised(evaluations, confirmation=None)
    (candidate,) = recommendation.evidence.candidates
    assert (candidate.mean, candidate.ci95, candidate.probability_best) == (1.0, None, None)
    assert (recommendation.evidence.replicates, recommendation.evidence.baselines) == (0, [])
    assert recommendation.safe_learning_rate is None
    assert evaluations.requests == []
    assert "`confirmation` is null" in recommendation.warnings[0]
    assert "Nothing was run again" in recommendation.explanation[1]


class Late(SyntheticEvaluations):
    """Evaluations in which the learning rate, and lower searched rates, diverge in the confirmation."""

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        is_confirming = replicate in (Seeds.CONFIRM + 1, Seeds.RECONFIRM + 1)
        if is_confirming and self._is_unlucky(configuration):
            return NAN
        return super()._value(configuration, replicate, steps)

    def _is_unlucky(self, configuration: Configuration) -> bool:
        return bool(configuration.params)


def test_a_winner_that_diverges_when_confirmed_has_no_mean_and_a_warning() -> None:
    recommendation = advised(Late(bowl()))
    assert (winner(recommendation).mean, winner(recommendation).ci95) == (None, None)
    assert all(baseline.difference is None for baseline in recommendation.evidence.baselines)
    assert any(f"diverged on 1 of {REPLICATES} seeds" in warning for warning in recommendation.warnings)
    assert any(
        "drawn after the choice, so the mean is not known" in text for text in recommendation.explanation
    )
    assert not any("lower (" in text for text in recommendation.explanation)
    assert recommendation.safe_learning_rate is None
    assert "Take a lower learning rate" in recommendation.summary[-1]


def test_a_baseline_that_diverges_has_no_figures() -> None:
    class LateBaselines(Late):
        def _is_unlucky(self, configuration: Configuration) -> bool:
            return bool(configuration.optimizer["learning_rate"] == DEFAULT_RATE)

    baselines = advised(LateBaselines(bowl())).evidence.baselines
    adam = next(row for row in baselines if row.label == "adam at its defaults, constant")
    assert (adam.mean, adam.ci95, adam.difference) == (None, None, None)


def test_a_deterministic_objective_has_intervals_without_width() -> None:
    recommendation = advised(SyntheticEvaluations(bowl(), common=0.0, individual=0.0), objective=ROSENBROCK)
    assert winner(recommendation).ci95 == (1.0, 1.0)
    assert recommendation.evidence.replicates == 1
    difference = recommendation.evidence.baselines[-1].difference
    assert difference is not None
    assert difference.ci95[0] == difference.ci95[1] == difference.mean
    assert "once each, because every run of this objective is the same" in recommendation.explanation[1]
    assert not any("interval" in text or "seed" in text for text in recommendation.explanation)
