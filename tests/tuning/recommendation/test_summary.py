"""The summary: one to four short texts for a newcomer."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.domain.records import Configuration
from tests.support.jobs import ROSENBROCK
from tests.support.synthetic_evaluations import (
    COSINE,
    REPLICATES,
    Rival,
    SyntheticEvaluations,
    advised,
    bowl,
    trials,
)


def cosine_is_best(configuration: Configuration, steps: int) -> float:
    return bowl()(configuration, steps) * (0.5 if configuration.schedule["kind"] == "cosine" else 1.0)


def scheduled() -> list:  # type: ignore[type-arg]
    ended = trials()
    schedule = COSINE | {"warmup_fraction": 0.1}
    ended[0] = replace(ended[0], configuration=replace(ended[0].configuration, schedule=schedule))
    return ended


def test_the_summary_names_choice_gain_certainty_and_risk() -> None:
    recommendation = advised(SyntheticEvaluations(cosine_is_best), scheduled())
    use, gain, sure, watch = recommendation.summary
    assert use == (
        "Use adam with a peak learning rate of 0.04 and a cosine schedule with 10 % warmup, for 60 updates."
    )
    best, adam = (
        recommendation.evidence.candidates[0],
        next(
            row for row in recommendation.evidence.baselines if row.label == "adam at its defaults, constant"
        ),
    )
    assert best.mean is not None
    assert adam.mean is not None
    assert gain.startswith(f"The loss is {best.mean:.3g} on average over {REPLICATES} fresh seeds. ")
    share = 100.0 * (1.0 - best.mean / adam.mean)
    assert f"{share:.3g} % lower than with Adam's defaults ({adam.mean:.3g})" in gain
    assert "% lower than with the best constant rate (" in gain
    assert sure.startswith("The gain over Adam's defaults is certain (probability more than 99.9 %)")
    assert re.match(r"(Any peak learning rate from|Keep the peak learning rate at)", watch)


def test_a_constant_rate_is_compared_with_adam_alone() -> None:
    use, gain, *_ = advised(SyntheticEvaluations(bowl())).summary
    assert use == "Use adam with a constant learning rate of 0.04, for 60 updates."
    assert "constant rate" not in gain
    assert "Adam's defaults" in gain


@pytest.mark.parametrize(
    ("mean", "words"),
    [(1.5, "is certain"), (1.0, "is not certain"), (0.1, "did better (probability of a gain")],
)
def test_the_summary_states_the_certainty_of_the_gain(mean: float, words: str) -> None:
    assert words in advised(Rival(mean)).summary[2]


def test_exact_figures_are_called_exact() -> None:
    summary = advised(SyntheticEvaluations(bowl(), common=0.0, individual=0.0), objective=ROSENBROCK).summary
    assert summary[2] == "Every run of this objective is the same, so these figures are exact."
    assert not any("seed" in text for text in summary)


def test_without_confirmation_the_summary_calls_the_value_partly_luck() -> None:
    use, value, worth = advised(SyntheticEvaluations(bowl()), confirmation=None).summary
    assert use.startswith("Use adam with")
    assert "the lowest of 12 completed trials" in value
    assert "partly luck: fresh seeds give a higher loss" in worth


def test_an_exact_search_value_is_not_called_luck() -> None:
    *_, worth = advised(SyntheticEvaluations(bowl()), objective=ROSENBROCK, confirmation=None).summary
    assert worth.startswith("Every run of this objective is the same")
    assert "`confirmation`" in worth
