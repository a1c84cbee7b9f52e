"""The samplers other than TPE: sequences, grids and CMA-ES, and the spaces that each can search."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.records import FinishedTrial
from app.spec import search as wire
from app.spec.job import JobSpec
from app.tuning.planning.plan import Plan
from app.tuning.planning.rounds import Rounds
from app.tuning.planning.suitability import check_suitable
from app.tuning.samplers import SAMPLERS, effective_sampler
from app.tuning.samplers.cma_evolution import Evolution
from app.tuning.samplers.cmaes import evolved_state
from app.tuning.samplers.grid import cells
from app.tuning.samplers.qmc import halton
from app.tuning.search.asking import ask_round
from app.tuning.search.warm_start import INHERITED_ROUND
from app.tuning.space.tree import SearchSpace
from tests.support.jobs import DIGITS, ended, job, space

ADAM = {"kind": "adam", "beta1": {"low": 0.5, "high": 0.99}}
PLAIN = space(ADAM)
GRID = space(
    {"kind": "sgd", "learning_rate": {"choices": [0.01, 0.1, 1.0]}},
    {
        "kind": "adam",
        "learning_rate": {"choices": [0.01, 0.1]},
        "beta1": {"low": 0.5, "high": 0.9, "step": 0.1},
    },
    schedules=[{"kind": "constant"}, {"kind": "cosine", "warmup_fraction": {"choices": [0.0, 0.1]}}],
)


def of_kind(kind: str, **parts: Any) -> JobSpec:
    return job(**{"sampler": {"kind": kind}} | parts)


def all_asked(spec: JobSpec) -> list[dict[str, Any]]:
    """Return the parameters of every trial of a job whose sampler reads no trial."""
    return [
        configuration.params
        for r in range(len(Rounds.of(spec)))
        for configuration in ask_round(Plan.of(spec), r, [])
    ]


def told(spec: JobSpec, rounds: int) -> list[FinishedTrial]:
    """Trials of as many rounds, best at a rate of 0.01 and a beta1 of 0.8; some diverged."""
    plan, trials = Plan.of(spec), list[FinishedTrial]()
    for r in range(rounds):
        for number, configuration in zip(plan.rounds.numbers(r), ask_round(plan, r, trials), strict=True):
            rate, beta = configuration.params["adam.learning_rate"], configuration.params["adam.beta1"]
            value = (math.log10(rate) + 2.0) ** 2 + 10 * (beta - 0.8) ** 2
            trials.append(ended(number, r, configuration, None if rate > 0.08 else value))
    return trials


def test_every_kind_of_a_spec_has_a_sampler() -> None:
    assert {"auto", *SAMPLERS} == set(wire.SAMPLERS)


@pytest.mark.parametrize("kind", ["random", "qmc", "grid"])
def test_a_sampler_that_goes_by_numbers_does_not_depend_on_the_past(kind: str) -> None:
    spec = of_kind(kind, search_space=GRID, trials=40)
    assert all_asked(spec) == all_asked(spec)
    assert all_asked(spec)[:27] == [configuration.params for configuration in ask_round(Plan.of(spec), 0, [])]


def test_the_points_of_a_sequence_are_spread_evenly() -> None:
    for dimension, base in enumerate((2, 3, 5)):
        points = halton(range(base**3), dimension, seed=7)
        assert sorted(np.floor(points * base**3).tolist()) == list(range(base**3))
    assert halton([3, 1], 2, seed=7).tolist() == halton(range(4), 2, seed=7)[[3, 1]].tolist()
    assert halton(range(4), 2, seed=8).tolist() != halton(range(4), 2, seed=7).tolist()


def test_the_sequence_gives_every_optimizer_its_share_and_spreads_its_rates() -> None:
    spec = of_kind("qmc", trials=32, search_space=space({"kind": "sgd"}, {"kind": "adam"}))
    asked = all_asked(spec)
    assert Counter(params["optimizer"] for params in asked) == {"sgd": 16, "adam": 16}
    logarithms = np.sort(
        [math.log10(params["adam.learning_rate"]) for params in asked if "adam.learning_rate" in params]
    )
    assert (
        np.diff(logarithms).max() < 3 * (logarithms[-1] - logarithms[0]) / 16
    )  # random gaps reach 4.4 times


def test_a_grid_has_every_combination_once() -> None:
    spec = of_kind("grid", search_space=GRID, trials=1_000)
    asked = all_asked(spec)
    assert (
        cells(SearchSpace.of(spec)) == (3 + 2 * 5) * (1 + 2) == Plan.of(spec).rounds.trial_count == len(asked)
    )
    assert len({tuple(sorted(params.items())) for params in asked}) == len(asked)
    betas = {params["adam.beta1"] for params in asked if "adam.beta1" in params}
    assert sorted(betas) == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9])


def test_a_budget_smaller_than_the_grid_is_spread_over_it() -> None:
    asked = all_asked(of_kind("grid", search_space=GRID, trials=13))
    counts = Counter(params["optimizer"] for params in asked)
    assert counts == {"adam": 9, "sgd": 4}  # of 10 and 3 cells, each with three schedules
    assert len({params["schedule"] for params in asked}) == 2


def test_a_grid_that_fixes_everything_is_one_trial() -> None:
    fixed = space({"kind": "sgd", "learning_rate": 0.1})
    assert all_asked(of_kind("grid", search_space=fixed)) == [{}]


def test_a_grid_over_a_range_without_a_step_is_refused_with_its_pointer() -> None:
    spec = of_kind("grid", objective=DIGITS | {"l2": {"low": 0.0, "high": 0.1}}, search_space=PLAIN)
    messages = dict(check_suitable(spec))
    assert list(messages) == [
        "/search_space/optimizers/0/learning_rate",
        "/search_space/optimizers/0/beta1",
        "/objective/l2",
    ]
    assert messages["/search_space/optimizers/0/beta1"] == (
        "a grid needs a step or choices, got the range from 0.5 to 0.99; give a step (of a linear range) or "
        "choices, or take sampler qmc, which spreads trials over ranges"
    )


def test_cmaes_is_refused_for_a_space_with_choices() -> None:
    optimizers: list[dict[str, Any]] = [{"kind": "sgd"}, ADAM | {"beta2": {"choices": [0.99, 0.999]}}]
    spec = of_kind("cmaes", search_space=space(*optimizers))
    assert check_suitable(spec) == [
        (
            "/search_space/optimizers",
            "cmaes searches the parameters of one optimizer, got 2; list one, or take sampler tpe, which "
            "searches any space",
        ),
        (
            "/search_space/optimizers/1/beta2",
            "cmaes searches numbers, got 2 choices; give one value or a range, or take sampler tpe, which "
            "searches any space",
        ),
    ]
    alone = of_kind("cmaes", search_space=space({"kind": "sgd"}))
    assert [pointer for pointer, _ in check_suitable(alone)] == ["/search_space"]
    assert check_suitable(of_kind("cmaes", search_space=PLAIN)) == []


def test_every_space_suits_the_samplers_that_draw() -> None:
    for kind in ("auto", "tpe", "random", "qmc"):
        assert check_suitable(of_kind(kind)) == []


def test_a_round_of_cmaes_is_a_generation_asked_from_all_before_it() -> None:
    rounds = Rounds.of(of_kind("cmaes", search_space=PLAIN, trials=200))
    assert {len(rounds.numbers(r)) for r in range(12)} == {16}
    assert [rounds.seen(r) for r in range(13)] == list(range(13))


def test_cmaes_finds_the_minimum_and_is_a_function_of_the_stored_trials() -> None:
    spec = of_kind("cmaes", search_space=PLAIN, trials=160)
    trials = told(spec, 9)
    asked = ask_round(Plan.of(spec), 9, trials)
    assert asked == ask_round(Plan.of(spec), 9, trials[::-1])
    rates = [math.log10(configuration.params["adam.learning_rate"]) for configuration in asked]
    betas = [configuration.params["adam.beta1"] for configuration in asked]
    assert np.median(rates) == pytest.approx(-2.0, abs=0.1)
    assert np.median(betas) == pytest.approx(0.8, abs=0.03)


def test_cmaes_tells_each_generation_once_and_asks_as_if_it_told_all(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, calls, kept = of_kind("cmaes", search_space=PLAIN, trials=160), list[int](), dict[str, object]()
    trials = told(spec, 8)
    fresh = [ask_round(Plan.of(spec), r, trials) for r in range(8)]
    tell = Evolution.tell

    def counted(self: Evolution, points: Any) -> Any:
        calls.append(1)
        return tell(self, points)

    monkeypatch.setattr(Evolution, "tell", counted)
    assert [ask_round(Plan.of(spec), r, trials, kept) for r in range(8)] == fresh
    assert len(calls) == 7


def test_cmaes_does_not_continue_from_trials_that_are_missing() -> None:
    spec, kept = of_kind("cmaes", search_space=PLAIN, trials=160), dict[str, object]()
    trials = told(spec, 4)
    ask_round(Plan.of(spec), 4, trials, kept)
    for others in (
        [replace(trial, value=-(trial.value or 0.0)) for trial in trials],
        [trial for trial in trials if trial.round < 2],
        trials[:-8],
    ):
        r = others[-1].round + 1
        assert ask_round(Plan.of(spec), r, others, kept) == ask_round(Plan.of(spec), r, others)
    ask_round(Plan.of(spec), 4, trials[:-8], kept)  # which ends within a round
    assert ask_round(Plan.of(spec), 4, trials, kept) == ask_round(Plan.of(spec), 4, trials)


def test_cmaes_begins_at_the_best_trial_of_other_jobs() -> None:
    spec = of_kind("cmaes", search_space=PLAIN)
    distributions = SearchSpace.of(spec).distributions()
    others = [replace(trial, number=trial.number - 16, round=INHERITED_ROUND) for trial in told(spec, 1)]
    best = min((trial for trial in others if trial.value is not None), key=lambda trial: trial.value or 0.0)
    assert evolved_state([], distributions).mean.tolist() == [0.5, 0.5]
    begun = evolved_state(others, distributions)
    # beta1 is a range here, never choices.
    low, high = distributions["adam.beta1"].low, distributions["adam.beta1"].high  # type: ignore[union-attr]
    assert low + begun.mean[1] * (high - low) == pytest.approx(best.configuration.params["adam.beta1"])
    assert begun.generations == 0


def test_an_evolution_finds_the_minimum_of_a_narrow_rotated_valley() -> None:
    def value(points: Any) -> Any:
        across, along = points @ np.array([0.8, -0.6]), points @ np.array([0.6, 0.8])
        return 1e4 * (across - 0.1) ** 2 + (along - 0.7) ** 2

    state, generator = Evolution.initial(np.array([0.5, 0.5]), 0.25), np.random.default_rng(0)
    for _ in range(40):
        points = state.ask(16, generator)
        assert ((points >= 0.0) & (points <= 1.0)).all()
        state = state.tell(points[np.argsort(value(points))])
    assert value(state.mean) < 1e-8


@pytest.mark.parametrize(
    ("trials", "searched", "kind"),
    [
        (16, GRID, "qmc"),
        (17, GRID, "tpe"),
        (511, PLAIN, "tpe"),
        (512, PLAIN, "cmaes"),
        (512, GRID, "tpe"),
        (512, space({"kind": "sgd"}), "tpe"),
    ],
)
def test_auto_goes_by_budget_and_space(trials: int, searched: Any, kind: str) -> None:
    spec = job(trials=trials, search_space=searched)
    assert effective_sampler(spec) == kind
    assert check_suitable(spec) == []
