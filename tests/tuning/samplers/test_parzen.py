"""The batch TPE: its estimator, its ranking, its picks and its proposals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna
import pytest
import scipy.stats
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.sampler import _get_pruned_trial_score  # the rule has no public name
from optuna.trial import create_trial

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.tuning.samplers.parzen.bandwidths import MIN_NARROWED_WIDTH, fit, fit_ranked, narrowed
from app.tuning.samplers.parzen.constant_liar import REACHES, picks
from app.tuning.samplers.parzen.estimator import Group
from app.tuning.samplers.parzen.history import History, Rank, rank_of
from app.tuning.samplers.parzen.proposals import STARTUP, propose
from app.tuning.space.distributions import Distribution, Pick
from app.tuning.space.unit_cube import uniform
from tests.support.jobs import configuration

UNIT = FloatDistribution(0.0, 1.0)
CHOICE = CategoricalDistribution(("a", "b"))
SPACE: dict[str, Distribution] = {
    "kind": CategoricalDistribution(("flat", "deep")),
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "depth": IntDistribution(1, 9),
}


def walk(pick: Pick) -> dict[str, Any]:
    """Only deep ones have a depth."""
    picked = {"kind": pick("kind", SPACE["kind"]), "rate": pick("rate", SPACE["rate"])}
    if picked["kind"] == "deep":
        picked["depth"] = pick("depth", SPACE["depth"])
    return picked


def value(point: dict[str, Any]) -> float:
    away = (math.log10(point["rate"]) + 2.0) ** 2
    return away + (0.1 * (point["depth"] - 6) ** 2 if "depth" in point else 1.0)


def history(count: int, *, diverged: bool = False) -> History:
    """Random trials with their values; diverged: whether each third one did."""
    nothing = History.of([], [], SPACE)
    proposals = propose(nothing, count, walk, np.random.default_rng(5))
    ranks: list[Rank] = [
        (2, 0.0, 0.0) if diverged and i % 3 == 0 else (0, 0.0, value(point))
        for i, point in enumerate(proposals)
    ]
    return History.of(proposals, ranks, SPACE)


def finished(state: TrialState, value: float | None = None, *rungs: tuple[int, float]) -> FinishedTrial:
    return FinishedTrial(
        number=0, round=0, state=state, configuration=configuration(), value=value, rungs=rungs
    )


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_a_density_integrates_to_1(count: int) -> None:
    generator = np.random.default_rng(count)
    group = Group.of([UNIT, CategoricalDistribution((1, 2, 3))])
    points = np.stack([generator.random(count), generator.integers(3, size=count).astype(float)], axis=1)
    middles = (np.arange(20_000) + 0.5) / 20_000
    total = sum(
        fit(group, points).density(np.stack([middles, np.full(20_000, choice)], axis=1)).mean()
        for choice in (0.0, 1.0, 2.0)
    )
    assert total == pytest.approx(1.0, abs=1e-4)  # the sum of a midpoint rule over kernels 0.01 wide


@pytest.mark.parametrize("numbers", [1, 6, 40])
def test_a_density_is_the_mean_of_the_prior_and_truncated_normals(numbers: int) -> None:
    """Compare densities near kernels, far from them, and with products beyond single precision."""
    generator = np.random.default_rng(numbers)
    group = Group.of([UNIT] * numbers)
    estimator = fit(group, generator.random((50, numbers)))
    points = np.concatenate(
        [estimator.kernels[:5] + 1e-3, generator.random((20, numbers)), np.ones((1, numbers))]
    )
    middles, widths = estimator.kernels, estimator.widths
    each = scipy.stats.truncnorm.pdf(
        points[:, None], -middles / widths, (1.0 - middles) / widths, middles, widths
    )
    expected = estimator.prior + each.prod(axis=2) @ estimator.weights
    # A kernel's logarithm is rounded to single precision: 300 of them, at most, to 1.5e-5.
    np.testing.assert_allclose(estimator.density(points), expected, rtol=2e-5)


def test_draws_follow_the_density() -> None:
    group = Group.of([UNIT, CategoricalDistribution(("a", "b"))])
    estimator = fit(group, np.array([[0.1, 0.0], [0.15, 0.0], [0.9, 1.0]]))
    drawn = estimator.draw(40_000, np.random.default_rng(0))
    edges = np.linspace(0.0, 1.0, 11)
    fine = (np.arange(1_000) + 0.5) / 1_000
    for choice in (0.0, 1.0):
        counts, _ = np.histogram(drawn[drawn[:, 1] == choice, 0], edges)
        density = estimator.density(np.stack([fine, np.full(1_000, choice)], axis=1))
        expected = density.reshape(10, 100).mean(axis=1) / 10 * len(drawn)
        assert np.abs(counts - expected).max() < 5 * math.sqrt(expected.max())  # five sigma of a count


def test_equal_categorical_trials_are_one_kernel_of_their_weight() -> None:
    group = Group.of([CategoricalDistribution((1, 2))])
    estimator = fit(group, np.array([[0.0], [1.0], [0.0], [0.0]]))
    assert estimator.weights.tolist() == [0.6, 0.2]
    assert estimator.prior == 0.2


def test_the_groups_are_the_parameters_that_occur_together() -> None:
    assert history(30).groups() == [[0, 1], [2]]


def test_without_trials_enough_a_round_is_spread_over_the_space() -> None:
    proposals = propose(history(STARTUP - 1), 20, walk, np.random.default_rng(0))
    assert [point["kind"] for point in proposals].count("deep") == 10
    places = sorted(int(5 * (math.log10(point["rate"]) + 4)) for point in proposals)
    assert places == list(range(20))  # one in each twentieth of the range


def test_proposals_are_near_good_trials() -> None:
    proposals = propose(history(200), 32, walk, np.random.default_rng(0))
    assert np.median([value(point) for point in proposals]) < 0.3
    assert all(("depth" in point) is (point["kind"] == "deep") for point in proposals)


def test_equal_streams_give_equal_proposals() -> None:
    first, again = (propose(history(60), 16, walk, np.random.default_rng(3)) for _ in range(2))
    assert first == again


def test_diverged_trials_are_never_called_good_while_others_are_left() -> None:
    past = history(60, diverged=True)
    good, bad = past.split([1])
    assert len(good) == past.good == 6
    assert len(good) + len(bad) == 60
    assert propose(past, 4, walk, np.random.default_rng(0))


def test_trials_rank_by_state_then_by_value_or_rung() -> None:
    ordered = [
        finished(TrialState.COMPLETED, 1.0),
        finished(TrialState.COMPLETED, 2.0),
        finished(TrialState.PRUNED, None, (10, 5.0), (30, 3.0)),
        finished(TrialState.PRUNED, None, (10, 5.0), (30, 4.0)),
        finished(TrialState.PRUNED, None, (10, 0.1)),
        finished(TrialState.DIVERGED, None, (10, 0.1), (30, 0.1), (90, 0.1)),
    ]
    ranks = [rank_of(trial) for trial in ordered]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or ())
    assert len(set(ranks)) == len(ranks)
    assert rank_of(finished(TrialState.FAILED)) is None


def test_pruned_trials_rank_as_optunas_tpe_ranks_them() -> None:
    reports: list[dict[int, float]] = [{}, {1: 2.0}, {1: 1.0, 4: 9.0}, {4: 8.0}, {4: math.nan}]
    study = optuna.create_study()

    def our_rank(values: dict[int, float]) -> Rank:
        rank = rank_of(finished(TrialState.PRUNED, None, *values.items()))
        assert rank is not None
        return rank

    def optuna_score(values: dict[int, float]) -> tuple[float, float]:
        trial = create_trial(state=optuna.trial.TrialState.PRUNED, intermediate_values=values)
        return _get_pruned_trial_score(trial, study)

    assert sorted(reports, key=our_rank) == sorted(reports, key=optuna_score)


def test_a_long_history_keeps_the_best_and_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tuning.samplers.parzen.history.HISTORY", 3)
    monkeypatch.setattr("app.tuning.samplers.parzen.history.MAX_GOOD", 2)
    values = [9.0, 0.1, 8.0, 0.2, 7.0, 6.0, 5.0, 4.0]
    past = History.of([{"x": i / 10} for i in range(8)], [(0, 0.0, value) for value in values], {"x": UNIT})
    assert past.points[:, 0].tolist() == [0.1, 0.3, 0.7, 0.6, 0.5]


def test_a_better_one_of_the_good_trials_weighs_more_in_numbers_and_not_in_choices() -> None:
    numbers = fit_ranked(Group.of([UNIT, CHOICE]), np.array([[0.2, 0.0], [0.5, 1.0], [0.8, 0.0]]))
    np.testing.assert_allclose(numbers.weights * 4 / 3, np.array([36.0, 9.0, 4.0]) / 49.0)
    assert numbers.weights.sum() + numbers.prior == pytest.approx(1.0)
    choices = fit_ranked(Group.of([CHOICE]), np.array([[0.0], [1.0]]))
    assert choices.weights[0] == choices.weights[1]


def test_narrowed_kernels_reach_half_a_cell() -> None:
    group = Group.of([UNIT, IntDistribution(1, 10)])
    estimator = fit(group, np.array([[0.2, 0.25], [0.21, 0.35]]))
    narrow = narrowed(estimator, 1e-6)
    assert (narrow.widths[:, 0] == MIN_NARROWED_WIDTH).all()
    assert (narrow.widths[:, 1] == 0.05).all()
    np.testing.assert_array_equal(narrowed(estimator, 0.5).widths[:, 0], 0.5 * estimator.widths[:, 0])


def test_the_picks_of_a_batch_look_around_and_refine() -> None:
    """Of many batches around one good place, the picks of the narrowest turn lie nearest to it."""
    group, good, bad = Group.of([UNIT]), np.array([[0.5]]), np.linspace(0.0, 1.0, 20)[:, None]
    away = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        turn = int(np.random.default_rng(seed).integers(len(REACHES)))
        away.append(np.roll(np.abs(picks(group, good, bad, 4, generator)[:, 0] - 0.5), turn))
    spread = np.median(away, axis=0)
    assert spread[3] < 0.6 * spread[0]


def test_the_picks_of_a_batch_keep_away_from_each_other() -> None:
    """Of two good places, a batch takes both; the nearest of its picks are apart."""
    group = Group.of([UNIT])
    good, bad = np.array([[0.2], [0.8]]), np.linspace(0.0, 1.0, 40)[:, None]
    for seed in range(5):
        picked = np.sort(picks(group, good, bad, 16, np.random.default_rng(seed))[:, 0])
        assert picked[0] < 0.45 < 0.55 < picked[-1]
        assert np.diff(picked).min() > 1e-4


def test_a_search_in_rounds_finds_better_values_than_random_draws() -> None:
    def best_of_model(seed: int) -> float:
        generator, points = np.random.default_rng(seed), list[dict[str, Any]]()
        while len(points) < 64:
            ranks: list[Rank] = [(0, 0.0, value(point)) for point in points]
            points += propose(History.of(points, ranks, SPACE), 8, walk, generator)
        return min(map(value, points))

    def best_of_random(seed: int) -> float:
        generator = np.random.default_rng(seed)
        return min(value(walk(lambda _, distribution: uniform(distribution, generator))) for _ in range(64))

    assert np.median([best_of_model(seed) for seed in range(3)]) < np.median(
        [best_of_random(seed) for seed in range(3)]
    )
