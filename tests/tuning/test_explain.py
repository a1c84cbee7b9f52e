from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.spec.answers import TrialState
from app.spec.records import FinishedTrial
from app.tuning.figures import Gap, number, percent, probability
from app.tuning.statistics import Mean
from tests.tuning.jobs import finished
from tests.tuning.races import CONFIRMED, NAN, RACED, UNRIVALLED, recommended, trials, values

WINNER = "the recommended configuration, adam (learning rate 0.05, cosine schedule),"
ROSENBROCK = {"kind": "function", "name": "rosenbrock"}


def doubtful(mean: float) -> list[float]:
    """Values with that mean and a wide scatter of their own."""
    return [mean - 0.9, mean + 1.0, mean + 0.8, mean - 0.9]


def constant_trials() -> list[FinishedTrial]:
    return [finished(i, 1.0 + i, learning_rate=0.01, optimizer="adam") for i in range(12)]


def test_it_cites_its_figures_to_three_digits() -> None:
    found = recommended(RACED, CONFIRMED)
    text = " ".join(found.explanation)
    own, baseline = found.evidence.candidates[0], found.evidence.baselines[0]
    assert own.mean is not None and own.ci95 is not None and baseline.mean is not None
    assert baseline.difference is not None
    for figure in (own.mean, *own.ci95, baseline.mean):
        assert f"{figure:.3g}" in text
    low, high = baseline.difference.ci95
    share = [100 * bound / baseline.mean for bound in (-baseline.difference.mean, -high, -low)]
    assert f"{share[0]:.3g} % lower (95 % interval {share[1]:.3g} to {share[2]:.3g} %" in text


def test_it_has_at_most_six_sentences_each_one_whole() -> None:
    for found in (recommended(RACED, CONFIRMED), recommended(RACED, UNRIVALLED[[0, 1, 2, 2]])):
        assert len(found.explanation) <= 6
        for text in found.explanation:
            assert (text[0].isupper() or text[0].isdigit()) and text.endswith(".") and ".." not in text


def test_the_search_is_counted() -> None:
    assert recommended(RACED, CONFIRMED).explanation[0] == "All 12 trials ran all 60 updates."
    ended = [*trials(), finished(12, None, state=TrialState.PRUNED), finished(13, None)]
    first = recommended(RACED, CONFIRMED, ended).explanation[0]
    assert first == "Of 14 trials, 12 ran all 60 updates, 1 was pruned and 1 diverged."


def test_the_choice_names_the_winner_and_who_it_met() -> None:
    sentence = recommended(RACED, CONFIRMED).explanation[1]
    assert sentence.startswith(
        f"The best 2 of these raced 2 defaults on 4 fresh seeds: {WINNER} had the lowest"
    )
    assert sentence.endswith("with a probability of more than 99.9 %.")


def test_no_sentence_names_a_trial_by_its_number() -> None:
    assert not any("trial 0" in text.lower() for text in recommended(RACED, CONFIRMED).explanation)


def test_the_gain_over_a_constant_schedule_is_from_seeds_that_chose_neither() -> None:
    # In the race the rival is 0.2 behind; on the seeds drawn after it, it is ahead.
    confirmed = CONFIRMED.copy()
    confirmed[1] = confirmed[0] - np.array([0.1, 0.11, 0.1, 0.09])
    (sentence,) = [
        text for text in recommended(RACED, confirmed).explanation if "constant schedule, " in text
    ]
    assert f"adam (learning rate 0.01, constant schedule), had {confirmed[1].mean():.3g}" in sentence
    assert "did better there" in sentence and "higher" in sentence
    assert f"{RACED[1].mean():.3g}" not in sentence


def test_the_best_default_that_is_the_rival_too_is_named_once() -> None:
    found = recommended(values(1.0, 3.0, 2.0, 4.0), UNRIVALLED)
    sentences = [text for text in found.explanation if "constant schedule" in text]
    assert len(sentences) == 1
    assert "also the best with a constant schedule, had" in sentences[0]


def test_only_the_best_of_the_defaults_is_cited() -> None:
    (sentence,) = [text for text in recommended(RACED, CONFIRMED).explanation if "the 2 defaults" in text]
    assert sentence.startswith(
        "The best of the 2 defaults, adam (learning rate 0.001, constant schedule), had"
    )


def test_a_default_that_cannot_be_told_from_the_winner_is_called_as_good() -> None:
    confirmed = np.array([doubtful(1.0)[::-1], [9.0] * 4, doubtful(1.1), [9.0] * 4])
    (sentence,) = [text for text in recommended(RACED, confirmed).explanation if "the 2 defaults" in text]
    assert "had 1.1 on the same seeds and is as good, as far as 4 seeds can tell" in sentence


def test_a_default_that_did_better_is_said_to_have() -> None:
    confirmed = values(1.1, 5.0, 0.9, 3.1)
    (sentence,) = [text for text in recommended(RACED, confirmed).explanation if "the 2 defaults" in text]
    assert "did better there" in sentence


def test_defaults_that_all_diverged_are_said_to_have() -> None:
    confirmed = CONFIRMED.copy()
    confirmed[2:, :3] = NAN
    assert (
        "The 2 defaults all diverged on some of the same seeds." in recommended(RACED, confirmed).explanation
    )


def test_a_winner_that_diverged_when_confirmed_is_compared_with_nothing() -> None:
    confirmed = CONFIRMED.copy()
    confirmed[0, 0] = NAN
    found = recommended(RACED, confirmed).explanation
    assert "It diverged on 1 of 4 more seeds, drawn after this choice, so its mean is not known." in found
    assert not any("lower (" in text for text in found)


def test_where_all_diverged_in_the_race_no_mean_is_claimed() -> None:
    raced = RACED.copy()
    raced[:, 0] = NAN
    found = recommended(raced, UNRIVALLED)
    assert "all of them diverged on some" in found.explanation[1]
    assert "lowest mean" not in found.explanation[1]


def test_a_deterministic_race_has_no_seeds_and_no_intervals() -> None:
    one = np.array([[1.0], [1.2], [2.0], [3.0]])
    found = recommended(one, one, objective=ROSENBROCK).explanation
    assert f"{WINNER} had the lowest loss, 1." in found[1]
    assert any(text.endswith("had 2; that of the recommended configuration is 50 % lower.") for text in found)
    assert not any("seed" in text or "interval" in text for text in found)


def test_the_learning_rate_is_followed_from_start_to_end() -> None:
    assert (
        recommended(RACED, CONFIRMED)
        .explanation[-1]
        .startswith("The recommended learning rate starts at 0.05 and ends at ")
    )
    constant = recommended(values(1.0, 2.0, 3.0), UNRIVALLED, constant_trials()).explanation[-1]
    assert constant == "The recommended learning rate is 0.01 in all 60 updates."
    schedule = trials()[0].configuration.schedule | {"warmup_fraction": 0.1}
    ended = trials()
    ended[0] = replace(ended[0], configuration=replace(ended[0].configuration, schedule=schedule))
    assert (
        "starts at 0, rises to 0.05 in update 6, and ends at"
        in recommended(RACED, CONFIRMED, ended).explanation[-1]
    )


def test_the_batch_size_is_named_where_there_is_one() -> None:
    digits = {"kind": "classification", "dataset": "digits", "model": {"kind": "linear"}}
    ended = [replace(one, configuration=replace(one.configuration, batch_size=32)) for one in trials()]
    found = recommended(RACED, CONFIRMED, ended, objective=digits)
    assert "adam (learning rate 0.05, cosine schedule, batch size 32)" in found.explanation[1]
    assert found.evidence.baselines[0].label == "adam at its defaults, constant, batch size 32"
    assert "mean validation loss" in found.explanation[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.123"), (-1e-7, "-1e-07"), (1234.5, "1,234"), (0.0, "0"), (7.5e8, "7.5e+08")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_probability_that_is_almost_certain_is_not_called_certain() -> None:
    found = [probability(value) for value in (1.0, 0.9994, 0.5, 0.0)]
    assert found == ["more than 99.9 %", "more than 99.9 %", "50 %", "less than 0.1 %"]
    assert percent(0.12345) == "12.3 %"


@pytest.mark.parametrize(
    ("difference", "base", "text", "interval"),
    [
        (Mean(-0.5, (-0.6, -0.4)), 2.0, "25 % lower", "95 % interval 20 to 30 %"),
        (Mean(0.5, (-0.1, 1.1)), 2.0, "25 % higher", "95 % interval -5 to 55 %"),
        (Mean(-0.5, (-0.6, -0.4)), -2.0, "0.5 lower", "95 % interval 0.4 to 0.6"),  # of a negative loss
        (Mean(-3.0, (-3.5, -2.5)), 2.0, "3 lower", "95 % interval 2.5 to 3.5"),  # to a negative loss
        (Mean(3.0, (2.0, 4.0)), 0.001, "3 higher", "95 % interval 2 to 4"),
        (Mean(0.0, (0.0, 0.0)), 2.0, "no different", "95 % interval 0 to 0 %"),
    ],
)
def test_a_gap_is_in_percent_where_that_is_natural(
    difference: Mean, base: float, text: str, interval: str
) -> None:
    gap = Gap(difference, base)
    assert (str(gap), gap.interval) == (text, interval)
