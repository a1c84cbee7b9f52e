from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.recommendation import Recommendation
from app.spec.records import FinishedTrial
from app.tuning.race import RaceField, race_field
from app.tuning.recommend import choose, recommend, sweep_entries
from app.tuning.statistics import mean_interval
from tests.tuning.jobs import NOISY, finished, job, space

NAN = float("nan")
COSINE = {"kind": "cosine", "warmup_fraction": 0.0, "warmup_start_factor": 0.0, "final_factor": 0.0}
LOG_RANGE = {"low": 1e-3, "high": 1e-1, "log": True}


def spec(**parts: Any) -> JobSpec:
    body: dict[str, Any] = {
        "confirmation": {"top": 2, "replicates": 4},
        "search_space": space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "sgd"}),
    }
    return job(**({"objective": NOISY} | body | parts))


def trials(count: int = 12) -> list[FinishedTrial]:
    """Trial 0 has a cosine schedule and is the best, then trial 1; the others are near one of these."""
    found = [
        finished(i, 1.0 + i, learning_rate=0.01 if i % 2 else 0.05, optimizer="adam") for i in range(count)
    ]
    first = found[0]
    found[0] = replace(first, configuration=replace(first.configuration, schedule=COSINE))
    return found


def field_of(the_spec: JobSpec, of: list[FinishedTrial]) -> RaceField:
    field = race_field(the_spec, of)
    assert field is not None
    return field


def values(*means: float, n: int = 4) -> NDArray[np.float64]:
    """Rows around these means, with a common scatter and a little of their own."""
    generator = np.random.default_rng(0)
    common = generator.normal(0.0, 0.1, n)
    return np.array([mean + common + generator.normal(0.0, 0.001, n) for mean in means])


def recommended(
    raced: NDArray[np.float64],
    confirmed: NDArray[np.float64],
    of: list[FinishedTrial] | None = None,
    swept: NDArray[np.float64] | None = None,
    **parts: Any,
) -> Recommendation:
    the_spec, ended = spec(**parts), of if of is not None else trials()
    field = field_of(the_spec, ended)
    return recommend(the_spec, field, raced, choose(field, raced), confirmed, swept, ended)


RACED = values(1.0, 1.2, 2.0, 3.0)  # two candidates, adam's and sgd's defaults
CONFIRMED = values(1.1, 2.1, 3.1)


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
    expected = mean_interval(CONFIRMED[0] - CONFIRMED[1])
    assert expected is not None and found.difference is not None
    assert (found.difference.mean, found.difference.ci95) == (expected.mean, expected.ci95)
    assert found.difference.probability_better == 1.0
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
    raced, confirmed = values(1.0, 1.2, 0.5, 3.0), values(0.5, 0.5, 3.0)
    confirmed[1] = confirmed[0]
    found = recommended(raced, confirmed)
    assert found.evidence.candidates[0].source == "baseline"
    assert len(found.evidence.candidates) == 3
    assert found.optimizer["learning_rate"] == 0.001
    assert found.evidence.baselines[0].difference is None
    assert found.evidence.baselines[1].difference is not None
    assert any("a default won the race" in warning for warning in found.warnings)


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


def test_a_baseline_that_diverges_is_named_with_its_count() -> None:
    confirmed = CONFIRMED.copy()
    confirmed[2, :3] = NAN
    found = recommended(RACED, confirmed)
    assert found.evidence.baselines[1].mean is None
    assert any(
        "sgd at its defaults, constant) diverged on 3 of those 4" in text for text in found.explanation
    )


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
        np.array([[1.0], [2.0], [3.0]]),
        objective={"kind": "function", "name": "rosenbrock"},
    )
    assert one.evidence.candidates[0].ci95 == (1.0, 1.0)
    difference = one.evidence.baselines[0].difference
    assert difference is not None
    assert (difference.ci95, difference.probability_better) == ((-1.0, -1.0), 1.0)
    assert any("one replicate of each is enough" in text for text in one.explanation)


def test_the_explanation_cites_its_figures() -> None:
    found = recommended(RACED, CONFIRMED)
    text = " ".join(found.explanation)
    own, baseline = found.evidence.candidates[0], found.evidence.baselines[0]
    assert own.ci95 is not None and baseline.difference is not None and baseline.mean is not None
    for figure in (own.mean, *own.ci95, baseline.mean, -baseline.difference.mean, RACED[0].mean()):
        assert f"{figure:.4g}" in text
    assert "12 of 12 trials ran all 60 updates." in text
    assert "Trial 0 (adam at 0.05, cosine)" in text


def test_the_explanation_says_what_the_schedule_did() -> None:
    found = recommended(RACED, CONFIRMED)
    (sentence,) = [text for text in found.explanation if "constant schedule" in text]
    gap = (RACED[1] - RACED[0]).mean()
    assert "trial 1: adam at 0.01, constant" in sentence
    assert f"{gap:.4g} more than this one with its cosine schedule" in sentence
    assert "ends at" in found.explanation[-1]


def test_every_sentence_is_one() -> None:
    found = recommended(RACED, CONFIRMED)
    assert all((text[0].isupper() or text[0].isdigit()) and text.endswith(".") for text in found.explanation)


@pytest.mark.parametrize(("rate", "edge"), [(0.0999, "upper"), (0.00101, "lower"), (0.01, None)])
def test_a_learning_rate_at_an_edge_of_its_range_is_warned_of(rate: float, edge: str | None) -> None:
    ended = [finished(i, 1.0 + i, learning_rate=rate, optimizer="adam") for i in range(12)]
    found = recommended(values(1.0, 2.0, 3.0), CONFIRMED, ended)
    expected = [
        f"adam's learning_rate, {rate:.4g}, sits at the {edge} edge of its search range 0.001 to 0.1; "
        "widen it"
    ]
    assert found.warnings == (expected if edge else [])


def test_an_edge_that_cannot_be_moved_is_not_warned_of() -> None:
    schedules = [{"kind": "cosine", "warmup_fraction": {"low": 0.0, "high": 0.2}}]
    parts = {"search_space": space({"kind": "adam"}, schedules=schedules)}
    for fraction, warned in ((0.0, False), (0.2, True)):
        params: dict[str, Any] = {"cosine.warmup_fraction": fraction}
        ended = [finished(i, 1.0 + i, **params) for i in range(12)]
        found = recommended(values(1.0, 2.0), values(1.0, 2.0), ended, **parts)
        assert any("warmup_fraction" in warning for warning in found.warnings) is warned


def test_a_gain_that_is_not_certain_is_warned_of() -> None:
    confirmed = np.array([[1.0, 2.0, 1.0, 2.0], [2.0, 1.0, 2.0, 1.5], [3.0, 4.0, 3.0, 4.0]])
    found = recommended(RACED, confirmed)
    (warning,) = found.warnings
    assert "adam at its defaults, constant is not certain" in warning


def test_few_completed_and_many_diverged_trials_are_warned_of() -> None:
    ended = trials(4) + [finished(i, None) for i in range(4, 8)]
    text = " ".join(recommended(RACED, CONFIRMED, ended).warnings)
    assert "only 4 trials completed" in text
    assert "4 of 8 trials diverged" in text


@pytest.mark.parametrize(("dataset", "rows"), [("iris", 30), ("digits", None)])
def test_a_small_validation_part_is_warned_of(dataset: str, rows: int | None) -> None:
    objective = {"kind": "classification", "dataset": dataset, "model": {"kind": "linear"}}
    found = recommended(RACED, CONFIRMED, objective=objective)
    warned = [warning for warning in found.warnings if "validation part" in warning]
    assert warned == ([] if rows is None else [warned[0]])
    assert rows is None or f"has {rows} rows" in warned[0]


def test_pruned_and_diverged_trials_are_counted() -> None:
    ended = [*trials(), finished(12, None, state=TrialState.PRUNED), finished(13, None)]
    found = recommended(RACED, CONFIRMED, ended)
    assert found.explanation[0] == "12 of 14 trials ran all 60 updates (1 pruned, 1 diverged)."
