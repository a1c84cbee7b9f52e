from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.domain.records import Configuration
from app.domain.states import TrialState
from app.spec.resources.recommendations import Recommendation
from app.tuning.evaluation.requests import Seeds
from app.tuning.racing.candidates import race_field
from app.tuning.recommendation.formatting import Gap, number, percent, probability
from app.tuning.recommendation.wording import differences_in_words, in_words, settings_in_words
from app.tuning.statistics import Mean
from tests.support.jobs import ROSENBROCK, finished
from tests.support.synthetic_evaluations import (
    COSINE,
    NAN,
    REPLICATES,
    Rival,
    SyntheticEvaluations,
    advised,
    bowl,
    spec,
    trials,
)

BEST = "adam (learning rate 0.04, constant schedule)"


def sentence(recommendation: Recommendation, word: str) -> str:
    (only,) = [text for text in recommendation.explanation if word in text]
    return only


def test_it_cites_its_figures_to_three_digits() -> None:
    recommendation = advised(SyntheticEvaluations(bowl()))
    winner = recommendation.evidence.candidates[0]
    assert winner.mean is not None
    assert winner.ci95 is not None
    text = sentence(recommendation, "drawn after the choice the mean loss")
    for figure in (winner.mean, *winner.ci95):
        assert f"{figure:.3g}" in text
    best = min(
        (row for row in recommendation.evidence.baselines if row.label.split()[1:3] == ["at", "its"]),
        key=lambda row: row.mean or 0.0,
    )
    assert best.mean is not None
    assert best.difference is not None
    low, high = best.difference.ci95
    share = [100 * bound / best.mean for bound in (-best.difference.mean, -high, -low)]
    text = sentence(recommendation, "The best of the")
    assert f"of this default was {best.mean:.3g} on the same seeds" in text
    assert f"{share[0]:.3g} % lower (95 % interval {share[1]:.3g} to {share[2]:.3g} %)" in text


def test_every_sentence_is_whole_and_none_names_a_trial() -> None:
    for recommendation in (
        advised(SyntheticEvaluations(bowl())),
        advised(SyntheticEvaluations(bowl(), individual=1.0)),
    ):
        assert len(recommendation.explanation) <= 12
        for text in recommendation.explanation:
            assert text[0].isupper() or text[0].isdigit()
            assert text.endswith(".")
            assert ".." not in text
            assert "trial 0" not in text.lower()


def test_the_search_is_counted() -> None:
    text = "All 12 trials ran all 60 updates. The lowest loss, 1, is partly luck, as the lowest of 12 values."
    assert advised(SyntheticEvaluations(bowl())).explanation[0] == text
    ended = [*trials(), finished(12, None, state=TrialState.PRUNED), finished(13, None)]
    first = advised(SyntheticEvaluations(bowl()), ended).explanation[0]
    assert first.startswith("Of 14 trials, 12 ran all 60 updates, 1 was pruned and 1 diverged. The lowest")


def test_the_race_names_its_best_candidate_and_counts_runs_and_eliminations() -> None:
    text = advised(
        SyntheticEvaluations(bowl()), confirmation={"top": 8, "replicates": REPLICATES}
    ).explanation[1]
    assert text.startswith("The race ran 2 of the best trials and 10 defaults on up to ")
    assert re.search(rf"fresh seeds\. The lowest mean loss was [\d.]+, of {re.escape(BEST)}\. 11 of 12", text)
    assert text.endswith(" entries were dropped as worse.")


def test_the_variants_of_the_best_are_described() -> None:
    text = advised(SyntheticEvaluations(bowl(0.03))).explanation[2]
    assert text.startswith("Variants of the best entries ran next, in up to 3 generations, all on the same")
    assert "fresh seeds. The lowest mean loss was 0.9" in text
    assert ", of adam (learning rate 0.0" in text


def test_the_final_reports_the_derived_schedules() -> None:
    def refined_is_better(configuration: Configuration, steps: int) -> float:
        return bowl()(configuration, steps) * (0.6 if configuration.schedule["kind"] == "table" else 1.0)

    text = advised(SyntheticEvaluations(refined_is_better, common=0.0, individual=0.25)).explanation[3]
    assert re.match(r"The final ran \d of the best entries, (the best default|2 defaults), 2 linear", text)
    assert "decays and 2 schedules refined from gradient norms. Each entry ran on up to" in text
    assert re.search(
        r"The lowest mean loss was 0\.\d+, of adam \(.* refined table schedule\)\. The mean", text
    )
    assert re.search(r"best entry before the final is 0\.\d+ higher on the same seeds", text)


def test_the_best_constant_rate_is_compared_with_a_schedule() -> None:
    ended = trials()
    ended[0] = replace(ended[0], configuration=replace(ended[0].configuration, schedule=COSINE))

    def cosine_is_best(configuration: Configuration, steps: int) -> float:
        return bowl()(configuration, steps) * (0.5 if configuration.schedule["kind"] == "cosine" else 1.0)

    text = sentence(
        advised(SyntheticEvaluations(cosine_is_best), ended),
        "The best constant learning rate is that of adam",
    )
    assert "constant schedule). The mean loss of this constant rate was" in text
    assert "% lower" in text


def test_only_the_best_of_the_defaults_is_cited() -> None:
    recommendation = advised(SyntheticEvaluations(bowl()))
    defaults = [row for row in recommendation.evidence.baselines if not row.label.startswith("trial")]
    best = min(defaults, key=lambda row: row.mean or 0.0)
    assert best.optimizer["kind"] in ("momentum", "sgd")
    assert len(defaults) == 10
    text = sentence(recommendation, "at its defaults")
    assert text.startswith(f"The best of the 10 defaults is {best.optimizer['kind']} at its defaults (")


def test_a_default_close_to_the_winner_is_called_as_good() -> None:
    text = sentence(advised(Rival(1.0)), "the 10 defaults is adam")
    assert f"The default is as good, as far as {REPLICATES} seeds can tell" in text


def test_a_default_that_did_better_is_said_to_have() -> None:
    assert "The default did better on these seeds" in sentence(advised(Rival(0.1)), "the 10 defaults is adam")


def test_defaults_that_all_diverged_are_said_to_have() -> None:
    def only_tuned(configuration: Configuration, steps: int) -> float:
        return (
            bowl()(configuration, steps)
            if configuration.optimizer["learning_rate"] in (0.01, 0.04, 0.08)
            else NAN
        )

    ended = [finished(i, 1.0 + i, learning_rate=0.04, optimizer="adam") for i in range(12)]

    class Diverging(SyntheticEvaluations):
        def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
            is_default = configuration.params == {} and replicate // 1_000_000 == Seeds.CONFIRM // 1_000_000
            return NAN if is_default else super()._value(configuration, replicate, steps)

    explanation = advised(Diverging(only_tuned), ended).explanation
    assert "The 10 defaults all diverged on some of the same seeds." in explanation


def test_no_mean_is_stated_if_all_candidates_of_the_race_diverged() -> None:
    class Unlucky(SyntheticEvaluations):
        def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
            unlucky = replicate == Seeds.RACE
            return NAN if unlucky else super()._value(configuration, replicate, steps)

    text = advised(Unlucky(bowl())).explanation[1]
    assert "Every remaining entry diverged at least once, " in text
    assert "lowest" not in text


def test_a_deterministic_race_has_no_seeds_and_no_intervals() -> None:
    explanation = advised(
        SyntheticEvaluations(bowl(), common=0.0, individual=0.0), objective=ROSENBROCK
    ).explanation
    assert f"The lowest loss was 1, of {BEST}" in explanation[1]
    assert any(". The loss of the recommended configuration is" in text for text in explanation)
    assert not any("seed" in text or "interval" in text for text in explanation)


def test_the_learning_rate_is_followed_from_start_to_end() -> None:
    def own_schedule(configuration: Configuration, steps: int) -> float:
        return bowl()(configuration, steps) * (0.5 if configuration.schedule["kind"] == "cosine" else 1.0)

    ended = trials()
    for warmup, words in (
        (0.0, "starts at 0.04 and ends at "),
        (0.1, "starts at 0, rises to 0.04 in update 6"),
    ):
        schedule = COSINE | {"warmup_fraction": warmup}
        ended[0] = replace(ended[0], configuration=replace(ended[0].configuration, schedule=schedule))
        assert (
            f"The recommended learning rate {words}"
            in advised(SyntheticEvaluations(own_schedule), ended).explanation[-1]
        )
    constant = advised(SyntheticEvaluations(bowl())).explanation[-1]
    assert constant == "The recommended learning rate is 0.04 in all 60 updates."


def test_the_batch_size_is_named_if_the_objective_has_one() -> None:
    digits = {"kind": "classification", "dataset": "digits", "model": {"kind": "linear"}}
    ended = [replace(trial, configuration=replace(trial.configuration, batch_size=32)) for trial in trials()]
    recommendation = advised(SyntheticEvaluations(bowl()), ended, objective=digits)
    assert "adam (learning rate 0.04, constant schedule, batch size 32)" in recommendation.explanation[1]
    assert "adam at its defaults, constant, batch size 32" in [
        row.label for row in recommendation.evidence.baselines
    ]
    assert "validation loss" in recommendation.explanation[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.123"), (-1e-7, "-1e-07"), (1234.5, "1,234"), (0.0, "0"), (7.5e8, "7.5e+08")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_the_settings_of_the_objective_have_a_separate_sentence() -> None:
    (trial, *_) = trials()
    assert settings_in_words(trial.configuration) == ""
    configuration = replace(trial.configuration, settings={"l2": 0.01, "model.dropout": 0.1})
    assert settings_in_words(configuration) == "Settings: l2 0.01 and model.dropout 0.1."
    assert in_words(configuration) == BEST


def test_candidates_with_the_same_text_are_followed_by_their_differences() -> None:
    schedule = {"kind": "constant", "warmup_fraction": 0.0, "warmup_shape": "linear"}
    (trial, *_) = trials()
    ended = [replace(trial, configuration=replace(trial.configuration, schedule=schedule))]
    (first,) = race_field(spec(confirmation=None), ended)
    other = replace(
        first,
        configuration=replace(
            first.configuration,
            optimizer=first.configuration.optimizer | {"beta1": 0.95, "learning_rate": 0.0400001},
            schedule=schedule | {"warmup_fraction": 0.1, "warmup_shape": "cosine"},
        ),
    )
    assert in_words(other) == BEST
    assert differences_in_words(other, first) == (
        "Differences to the entry named before: learning rate 0.0400001 instead of 0.04 and beta1 0.95 "
        "instead of 0.9. Further differences: warmup fraction 0.1 instead of 0 and warmup shape cosine "
        "instead of linear."
    )
    assert differences_in_words(first, first) == ""
    once, twice = (replace(first, source="refined", refinements=times) for times in (1, 2))
    assert differences_in_words(once, twice) == ""
    assert in_words(once) == "adam (learning rate 0.04, refined table schedule)"
    assert in_words(twice) == "adam (learning rate 0.04, twice refined table schedule)"
    configuration = first.configuration
    optimizer = configuration.optimizer | {"amsgrad": True}
    flagged = replace(first, configuration=replace(configuration, optimizer=optimizer))
    factors = configuration.schedule | {"factors": [1.0, 0.0]}
    table = replace(first, configuration=replace(configuration, schedule=factors))
    assert "amsgrad true instead of none" in differences_in_words(flagged, first)
    assert differences_in_words(table, first).endswith(": other factors.")


def test_a_default_that_wins_in_the_final_is_not_said_to_have_led_the_race() -> None:
    class Late(SyntheticEvaluations):
        def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
            better = configuration.params == {} and replicate // 1_000_000 in (2, 4, 5)
            return super()._value(configuration, replicate, steps) * (0.1 if better else 1.0)

    explanation = advised(Late(bowl())).explanation
    assert f"of {BEST}" in explanation[1]


def test_a_probability_that_is_almost_certain_is_not_called_certain() -> None:
    texts = [probability(value) for value in (1.0, 0.9994, 0.5, 0.0)]
    assert texts == ["more than 99.9 %", "more than 99.9 %", "50 %", "less than 0.1 %"]
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
def test_a_gap_is_in_percent_if_the_base_is_not_near_zero(
    difference: Mean, base: float, text: str, interval: str
) -> None:
    gap = Gap(difference, base)
    assert (str(gap), gap.interval) == (text, interval)


def test_a_range_that_ends_with_the_sweep_is_said_to_be_at_least_as_wide() -> None:
    def flat(configuration: Configuration, steps: int) -> float:
        return 1.0 if configuration.params and configuration.optimizer["kind"] == "adam" else 9.0

    recommendation = advised(SyntheticEvaluations(flat, individual=0.0))
    (text,) = [text for text in recommendation.explanation if "are safe" in text]
    assert re.match(
        r"Peak learning rates from [\d.]+ or less to at least [\d.]+ are safe\. No run diverged", text
    )
    assert "to at least" in recommendation.summary[-1]
    narrow = advised(SyntheticEvaluations(bowl()))
    assert not any("at least" in text for text in (*narrow.summary, *narrow.explanation))
