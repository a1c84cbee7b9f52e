from __future__ import annotations

import pytest

from app.domain.records import Configuration
from app.spec.resources.recommendations import Candidate, Recommendation
from app.tuning.evaluation.requests import Seeds
from app.tuning.statistics import loss_interval
from tests.support.jobs import ROSENBROCK
from tests.support.synthetic_evaluations import NAN, REPLICATES, SyntheticEvaluations, advised, bowl

DEFAULT_RATE = 0.001  # of adam


def defaults_lead(found: Configuration, steps: int) -> float:
    is_default = found.optimizer["kind"] == "adam" and found.optimizer["learning_rate"] == DEFAULT_RATE
    return 0.5 if is_default else bowl()(found, steps)


def winner(found: Recommendation) -> Candidate:
    return found.evidence.candidates[0]


def test_the_recommended_configuration_heads_the_candidates() -> None:
    found = advised(SyntheticEvaluations(bowl()))
    own = winner(found)
    assert (own.optimizer, own.schedule, own.batch_size) == (found.optimizer, found.schedule, None)
    assert found.optimizer["learning_rate"] == 0.04
    assert own.source == "search"
    assert (found.total_steps, found.evidence.metric, found.evidence.replicates) == (60, "loss", REPLICATES)


def test_all_figures_come_from_the_same_seeds_drawn_after_the_choice() -> None:
    evaluations = SyntheticEvaluations(bowl())
    found = advised(evaluations)
    (confirmation,) = evaluations.of(Seeds.CONFIRM)
    values = evaluations(confirmation).values
    by_optimizer = {
        (entry.optimizer["kind"], entry.optimizer["learning_rate"], entry.schedule["kind"]): row
        for entry, row in zip(confirmation.configurations, values, strict=True)
    }
    for row in (*found.evidence.candidates, *found.evidence.baselines):
        own = by_optimizer[row.optimizer["kind"], row.optimizer["learning_rate"], row.schedule["kind"]]
        expected = loss_interval(own)
        assert expected is not None
        assert (row.mean, row.ci95) == (expected.mean, expected.ci95)


def test_baselines_are_compared_with_the_winner_seed_by_seed() -> None:
    found = advised(SyntheticEvaluations(bowl()))
    baseline = next(one for one in found.evidence.baselines if one.label.startswith("adamw"))
    assert baseline.difference is not None
    assert baseline.ci95 is not None
    own = winner(found).mean
    assert own is not None
    assert baseline.mean is not None
    assert baseline.difference.mean == pytest.approx(own - baseline.mean)
    assert baseline.difference.probability_better == pytest.approx(1.0)
    width = baseline.difference.ci95[1] - baseline.difference.ci95[0]
    assert width < 0.1 * (baseline.ci95[1] - baseline.ci95[0])  # the common scatter is gone


def test_the_other_finalists_follow_by_their_mean_and_probabilities_add_up() -> None:
    found = advised(SyntheticEvaluations(bowl(), own=0.1)).evidence.candidates
    means = [candidate.mean for candidate in found[1:] if candidate.mean is not None]
    assert means == sorted(means)
    assert len(means) == len(found) - 1
    assert sum(candidate.probability_best or 0.0 for candidate in found) <= 1.0 + 1e-9
    assert {candidate.source for candidate in found} >= {"search"}


def test_a_winning_default_is_recommended_with_a_warning() -> None:
    found = advised(SyntheticEvaluations(defaults_lead))
    assert winner(found).source == "baseline"
    assert found.optimizer["learning_rate"] == DEFAULT_RATE
    own = next(one for one in found.evidence.baselines if one.label.startswith("adam at its defaults"))
    assert own.difference is None
    assert "No trial was better than a default. Give more trials or other ranges." in found.warnings
    assert "of adam at its defaults (learning rate 0.001, constant schedule)" in found.explanation[1]


def test_without_confirmation_the_best_trial_is_recommended_with_a_warning() -> None:
    evaluations = SyntheticEvaluations(bowl())
    found = advised(evaluations, confirmation=None)
    (candidate,) = found.evidence.candidates
    assert (candidate.mean, candidate.ci95, candidate.probability_best) == (1.0, None, None)
    assert (found.evidence.replicates, found.evidence.baselines) == (0, [])
    assert found.safe_learning_rate is None
    assert evaluations.requests == []
    assert "`confirmation` is null" in found.warnings[0]
    assert "Nothing was run again" in found.explanation[1]


class Late(SyntheticEvaluations):
    """Where whatever has that learning rate, or a lower one that was searched, diverges when confirmed."""

    def _value(self, found: Configuration, replicate: int, steps: int) -> float:
        is_confirming = replicate in (Seeds.CONFIRM + 1, Seeds.RECONFIRM + 1)
        if is_confirming and self._is_unlucky(found):
            return NAN
        return super()._value(found, replicate, steps)

    def _is_unlucky(self, found: Configuration) -> bool:
        return bool(found.params)


def test_a_winner_that_diverges_when_confirmed_has_no_mean_and_a_warning() -> None:
    found = advised(Late(bowl()))
    assert (winner(found).mean, winner(found).ci95) == (None, None)
    assert all(baseline.difference is None for baseline in found.evidence.baselines)
    assert any(f"diverged on 1 of {REPLICATES} seeds" in warning for warning in found.warnings)
    assert any("drawn after the choice, so the mean is not known" in text for text in found.explanation)
    assert not any("lower (" in text for text in found.explanation)
    assert found.safe_learning_rate is None
    assert "Take a lower learning rate" in found.summary[-1]


def test_a_baseline_that_diverges_has_no_figures() -> None:
    class LateBaselines(Late):
        def _is_unlucky(self, found: Configuration) -> bool:
            return bool(found.optimizer["learning_rate"] == DEFAULT_RATE)

    found = advised(LateBaselines(bowl())).evidence.baselines
    adam = next(one for one in found if one.label == "adam at its defaults, constant")
    assert (adam.mean, adam.ci95, adam.difference) == (None, None, None)


def test_a_deterministic_objective_has_intervals_without_width() -> None:
    found = advised(SyntheticEvaluations(bowl(), common=0.0, own=0.0), objective=ROSENBROCK)
    assert winner(found).ci95 == (1.0, 1.0)
    assert found.evidence.replicates == 1
    difference = found.evidence.baselines[-1].difference
    assert difference is not None
    assert difference.ci95[0] == difference.ci95[1] == difference.mean
    assert "once each, because every run of this objective is the same" in found.explanation[1]
    assert not any("interval" in text or "seed" in text for text in found.explanation)
