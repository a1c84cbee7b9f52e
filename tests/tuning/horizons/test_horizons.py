"""The best peaks of other horizons, and the peak of a run of any length."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from app.domain.records import Configuration
from app.spec.resources.recommendations import HorizonPeak, Recommendation, SafeLearningRate
from app.tuning.evaluation.requests import Seeds
from app.tuning.horizons.fitted_line import Basis, fitted_line, peak_at
from app.tuning.horizons.measurement import Grid, best_distance
from app.tuning.planning.race_limits import horizon_lengths
from tests.support.jobs import ROSENBROCK, finished
from tests.support.kinds import make_optimizer
from tests.support.synthetic_evaluations import NAN, SyntheticEvaluations, advised, bowl, trials


def moving(slope: float, best: float = 0.04) -> SyntheticEvaluations:
    """Return a world whose best peak is proportional to a power of the horizon."""
    return SyntheticEvaluations(lambda config, steps: bowl(best * (steps / 60) ** slope)(config, steps))


@pytest.mark.parametrize(
    ("steps", "lengths"),
    [
        (500, [125, 250, 500, 1000]),
        (30, [8, 15, 30, 60]),  # 7.5 is rounded up
        (2, [1, 2, 4]),
        (1, [1, 2]),
        (10_000_000, [2_500_000, 5_000_000, 10_000_000]),
    ],
)
def test_horizons_are_rounded_half_up_without_repeats(steps: int, lengths: list[int]) -> None:
    assert horizon_lengths(steps) == lengths


@pytest.mark.parametrize("slope", [0.0, -0.5, -1.0, 0.5])
def test_the_best_peak_of_each_horizon_is_found(slope: float) -> None:
    horizons = advised(moving(slope)).horizons
    assert horizons is not None
    assert [horizon.total_steps for horizon in horizons] == [15, 30, 60, 120]
    for horizon in horizons:
        best = 0.04 * (horizon.total_steps / 60) ** slope
        assert abs(math.log2(horizon.learning_rate / best)) <= 0.25 + 1e-9
        assert horizon.ci95[0] <= horizon.learning_rate <= horizon.ci95[1]


def test_at_the_steps_of_the_job_the_peak_is_the_recommended_peak() -> None:
    recommended = advised(moving(-0.5))
    (tuned,) = [horizon for horizon in recommended.horizons or () if horizon.total_steps == 60]
    assert tuned.learning_rate == recommended.optimizer["learning_rate"]


def test_five_peaks_near_the_line_run_first_on_separate_seeds() -> None:
    evaluations = moving(-0.5)
    advised(evaluations)
    requests = evaluations.of(Seeds.HORIZONS)
    assert {len(request.replicates) for request in requests} == {2}
    assert [(request.steps, len(request.configurations)) for request in requests[:2]] == [(60, 1), (30, 5)]
    rates = {request.steps: [] for request in requests}  # type: ignore[var-annotated]
    for request in requests:
        rates[request.steps].append([config.optimizer["learning_rate"] for config in request.configurations])
    middle = np.median(rates[15][0])
    assert middle == pytest.approx(0.08)  # 0.04 at 60 and 0.057 at 30 steps predict it


def test_an_octave_is_left_to_the_first_divergence_of_each_horizon() -> None:
    def fragile(config: Configuration, steps: int) -> float:
        limit = 0.09 if steps == 120 else 10.0
        return NAN if config.optimizer["learning_rate"] > limit else bowl(0.08)(config, steps)

    near = [finished(i, 1.0 + i, learning_rate=0.08, optimizer="adam") for i in range(12)]
    peaks = {
        horizon.total_steps: horizon.learning_rate
        for horizon in advised(SyntheticEvaluations(fragile), near).horizons or ()
    }
    assert peaks[30] == pytest.approx(0.08, rel=0.2)
    assert peaks[120] <= 0.0566 + 1e-6  # 0.113 diverges


def test_optimizers_that_find_their_rate_and_rules_that_follow_losses_have_no_horizons() -> None:
    (first,) = trials(1)
    winner = replace(
        first.configuration, optimizer={"kind": "dog", **asdict(make_optimizer("dog"))}, params={}
    )
    dog = [replace(first, configuration=winner)]
    rule = [replace(first, configuration=replace(first.configuration, schedule={"kind": "reduce_by_ratio"}))]

    def best(config: Configuration, steps: int) -> float:
        is_best = config.optimizer["kind"] == "dog" or config.schedule["kind"] == "reduce_by_ratio"
        return bowl()(config, steps) * (0.01 if is_best else 1.0)

    for ended in (dog, rule):
        assert advised(SyntheticEvaluations(best), ended).horizons is None


def test_without_confirmation_there_are_no_horizons() -> None:
    assert advised(SyntheticEvaluations(bowl()), confirmation=None).horizons is None


def test_exact_runs_try_seventeen_peaks_and_the_interval_has_no_width() -> None:
    evaluations = SyntheticEvaluations(bowl(0.04), common=0.0, individual=0.0)
    horizons = advised(evaluations, objective=ROSENBROCK).horizons
    assert horizons is not None
    assert all(horizon.ci95 == (horizon.learning_rate,) * 2 for horizon in horizons)
    assert max(len(request.configurations) for request in evaluations.of(Seeds.HORIZONS)) == 17


def test_a_parabola_through_five_means_chooses_among_neighbours() -> None:
    grid = Grid(0.01, math.inf)
    means = {k: math.exp(0.02 * (k - 0.9) ** 2) for k in range(-2, 4)}
    grid.values |= {k: np.array([mean]) for k, mean in means.items()}
    grid.values[0] -= 0.02  # luck
    assert best_distance(grid) == 1


def recommendation(horizons: dict[int, float] | None, safe: float | None = None) -> Recommendation:
    recommended = advised(SyntheticEvaluations(bowl()))
    peaks = [HorizonPeak(total_steps=n, learning_rate=p, ci95=(p, p)) for n, p in (horizons or {}).items()]
    limits = SafeLearningRate(low=0.01, high=0.04, diverges_above=safe)
    update = {"horizons": peaks if horizons else None, "safe_learning_rate": limits, "total_steps": 60}
    return recommended.model_copy(update=update)


def test_a_line_is_fitted_in_log_log_with_its_slope_held_between_minus_one_and_zero() -> None:
    assert fitted_line({10: 0.4, 20: 0.2, 40: 0.1})(80) == pytest.approx(0.05)
    assert fitted_line({10: 0.4, 40: 0.2})(160) == pytest.approx(0.1)
    assert fitted_line({10: 0.1, 40: 0.4})(160) == pytest.approx(0.2)  # it does not rise
    steep = fitted_line({10: 1.0, 40: 0.01})
    assert steep(40) / steep(80) == pytest.approx(2.0)
    assert fitted_line({60: 0.3})(6_000) == pytest.approx(0.3)


def test_between_two_horizons_the_peak_is_on_a_line_in_log_log() -> None:
    recommended = recommendation({15: 0.16, 30: 0.08, 60: 0.04, 120: 0.01})
    assert peak_at(recommended, 60).basis is Basis.TUNED
    assert (peak_at(recommended, 30).peak, peak_at(recommended, 30).basis) == (0.08, Basis.MEASURED)
    between = peak_at(recommended, 85)
    assert between.basis is Basis.INTERPOLATED
    assert between.peak == pytest.approx(0.04 * (85 / 60) ** -2.0)
    beyond = peak_at(recommended, 240)
    assert beyond.basis is Basis.EXTRAPOLATED
    assert beyond.peak <= 0.01


def test_a_longer_run_never_has_a_higher_peak_than_the_longest_one_measured() -> None:
    recommended = recommendation({15: 0.04, 30: 0.04, 60: 0.04, 120: 0.02})
    assert peak_at(recommended, 240).peak <= 0.02


def test_a_shorter_run_keeps_away_from_the_divergence_of_the_sweep() -> None:
    horizons = {15: 0.16, 30: 0.08, 60: 0.04, 120: 0.02}
    assert peak_at(recommendation(horizons), 3).peak == pytest.approx(0.8)
    assert peak_at(recommendation(horizons, safe=0.5), 3).peak == pytest.approx(0.5 / 2**0.5)


def test_without_horizons_the_tuned_peak_is_kept() -> None:
    choice = peak_at(recommendation(None), 6_000)
    assert (choice.peak, choice.basis) == (0.04, Basis.TUNED)
