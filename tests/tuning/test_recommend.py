from __future__ import annotations

import numpy as np
import pytest

from app.tuning.recommend import choose, confirm_entries, recommend, sweep_entries
from app.tuning.statistics import mean_interval
from tests.tuning.jobs import finished
from tests.tuning.races import CONFIRMED, COSINE, NAN, RACED, field_of, recommended, spec, trials, values


def test_the_lowest_mean_wins_and_ties_go_to_the_first() -> None:
    field = field_of(spec(), trials())
    assert choose(field, RACED) == 0
    assert choose(field, RACED[[1, 0, 0, 3]]) == 1


def test_a_baseline_can_win() -> None:
    assert choose(field_of(spec(), trials()), values(1.0, 1.2, 0.5, 3.0)) == 2


def test_an_entry_that_diverged_once_cannot_win() -> None:
    raced = values(1.0, 1.2, 2.0, 3.0)
    raced[0, 2] = NAN
    assert choose(field_of(spec(), trials()), raced) == 1


def test_where_every_entry_diverged_the_fewest_divergences_win() -> None:
    raced = values(1.0, 1.2, 2.0, 3.0)
    raced[:, 0] = NAN
    raced[0, 1] = NAN
    field = field_of(spec(), trials())
    assert choose(field, raced) == 1
    assert choose(field, np.full((4, 4), NAN)) == 0


def test_the_winners_figures_come_from_the_seeds_drawn_after_the_choice() -> None:
    found = recommended(RACED, CONFIRMED)
    own, other = found.evidence.candidates[0], found.evidence.candidates[1]
    expected, raced = mean_interval(CONFIRMED[0]), mean_interval(RACED[1])
    assert expected is not None and raced is not None
    assert (own.mean, own.ci95) == (expected.mean, expected.ci95)
    assert (other.mean, other.ci95) == (raced.mean, raced.ci95)
    assert own.probability_best == 1.0


def test_the_recommended_configuration_is_the_winners() -> None:
    found = recommended(RACED, CONFIRMED)
    assert found.optimizer == trials()[0].configuration.optimizer
    assert found.schedule == COSINE
    assert (found.batch_size, found.total_steps) == (None, 60)
    assert found.evidence.candidates[0].source == "search"
    assert (found.evidence.metric, found.evidence.replicates) == ("loss", 4)


def test_baselines_are_compared_on_the_same_seeds_as_the_winner() -> None:
    found = recommended(RACED, CONFIRMED).evidence.baselines[0]
    expected = mean_interval(CONFIRMED[0] - CONFIRMED[2])
    assert expected is not None and found.difference is not None
    assert (found.difference.mean, found.difference.ci95) == (expected.mean, expected.ci95)
    assert found.difference.probability_better == pytest.approx(1.0)
    width = found.difference.ci95[1] - found.difference.ci95[0]
    assert found.ci95 is not None
    assert width < 0.1 * (found.ci95[1] - found.ci95[0])  # the common scatter is gone


def test_the_other_candidates_follow_by_their_mean() -> None:
    ended = trials()
    ended[2] = finished(2, 1.5, learning_rate=0.001, optimizer="adam")
    raced = values(1.0, 1.4, 1.2, 2.0, 3.0)
    raced[1, 0] = NAN
    confirmation = {"top": 3, "replicates": 4}
    found = recommended(raced, CONFIRMED, ended, confirmation=confirmation).evidence.candidates
    assert [candidate.label.split(":")[0] for candidate in found] == ["trial 0", "trial 1", "trial 2"]
    assert (found[2].mean, found[2].ci95, found[2].probability_best) == (None, None, 0.0)


def test_a_default_that_wins_is_recommended_and_says_so() -> None:
    raced, confirmed = values(1.0, 1.2, 0.5, 3.0), values(0.5, 1.1, 3.0)  # adam's, trial 0, sgd's
    found = recommended(raced, confirmed)
    assert found.evidence.candidates[0].source == "baseline"
    assert len(found.evidence.candidates) == 3
    assert found.optimizer["learning_rate"] == 0.001
    assert found.evidence.baselines[0].difference is None
    assert found.evidence.baselines[1].difference is not None
    assert any("a default won the race" in warning for warning in found.warnings)
    assert "a default won, as the search found nothing better" in found.explanation[1]
    assert "the recommended configuration, adam at its defaults (learning rate 0.001," in found.explanation[1]


def test_without_confirmation_the_best_trial_is_recommended_with_a_warning() -> None:
    the_spec, ended = spec(confirmation=None), trials()
    found = recommend(the_spec, field_of(the_spec, ended), None, 0, None, None, ended)
    (candidate,) = found.evidence.candidates
    assert (candidate.mean, candidate.ci95, candidate.probability_best) == (1.0, None, None)
    assert (found.evidence.replicates, found.evidence.baselines) == (0, [])
    assert found.safe_learning_rate is None
    assert "confirmation is null" in found.warnings[0]
    assert "was not run again" in found.explanation[1]


def test_a_winner_that_diverges_when_confirmed_has_no_mean_and_a_warning() -> None:
    confirmed = CONFIRMED.copy()
    confirmed[0, 1] = NAN
    found = recommended(RACED, confirmed)
    assert (found.evidence.candidates[0].mean, found.evidence.candidates[0].ci95) == (None, None)
    assert [baseline.difference for baseline in found.evidence.baselines] == [None, None]
    assert any("diverged on 1 of 4 seeds" in warning for warning in found.warnings)


def test_a_baseline_that_diverges_has_no_figures() -> None:
    confirmed = CONFIRMED.copy()
    confirmed[3, :3] = NAN
    found = recommended(RACED, confirmed).evidence.baselines[1]
    assert (found.label, found.mean, found.difference) == ("sgd at its defaults, constant", None, None)


def test_the_finalists_are_the_winner_its_rival_and_the_defaults() -> None:
    field = field_of(spec(), trials())
    found = confirm_entries(field, RACED, 0)
    assert (found.entries, found.rival) == ((0, 1, 2, 3), 1)
    assert found.configurations == tuple(field.entries)


def test_a_default_that_is_the_rival_or_the_winner_runs_once() -> None:
    field = field_of(spec(), trials())
    rival = confirm_entries(field, values(1.0, 3.0, 2.0, 4.0), 0)
    assert (rival.entries, rival.rival) == ((0, 2, 3), 2)
    winner = confirm_entries(field, values(3.0, 2.0, 1.0, 4.0), 2)
    assert (winner.entries, winner.rival) == ((2, 0, 3), 0)
    assert winner.configurations[0] == field.baselines[0]


def test_an_entry_that_diverged_in_the_race_is_no_rival() -> None:
    raced = RACED.copy()
    raced[1, 0] = NAN
    assert confirm_entries(field_of(spec(), trials()), raced, 0).rival == 2


def test_without_another_sort_of_schedule_there_is_no_rival() -> None:
    ended = [finished(i, 1.0 + i, learning_rate=0.01, optimizer="adam") for i in range(4)]
    found = confirm_entries(field_of(spec(), ended), values(1.0, 2.0, 3.0), 0)
    assert (found.entries, found.rival) == ((0, 1, 2), None)


def test_the_sweep_becomes_the_safe_learning_rate() -> None:
    the_spec, ended = spec(), trials()
    field = field_of(the_spec, ended)
    swept = np.full((len(sweep_entries(field.entries[0])), 4), 1.0)
    found = recommend(the_spec, field, RACED, 0, CONFIRMED, swept, ended).safe_learning_rate
    assert found is not None
    assert (found.low, found.high) == (0.05 / 16, 0.05 * 16)


def test_a_deterministic_objective_has_intervals_without_width() -> None:
    one = recommended(
        np.array([[1.0], [1.2], [2.0], [3.0]]),
        np.array([[1.0], [1.2], [2.0], [3.0]]),
        objective={"kind": "function", "name": "rosenbrock"},
    )
    assert one.evidence.candidates[0].ci95 == (1.0, 1.0)
    difference = one.evidence.baselines[0].difference
    assert difference is not None
    assert (difference.ci95, difference.probability_better) == ((-1.0, -1.0), 1.0)
    assert "once each, because every run of this objective is the same" in one.explanation[1]
    assert not any("interval" in text for text in one.explanation)
