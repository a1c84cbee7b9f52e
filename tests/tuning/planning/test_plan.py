from __future__ import annotations

import math

import pytest

from app.tuning.evaluation.requests import Seeds
from app.tuning.planning.baselines import baselines_of
from app.tuning.planning.plan import Plan
from tests.support.jobs import NOISY, job, space

NONE = {"kind": "none"}
ADAM = space({"kind": "adam"})
SPEC = job(NOISY, confirmation={"top": 3, "replicates": 6})


def test_one_seed_is_enough_if_every_seed_gives_the_same() -> None:
    assert [Plan.of(spec).replicates for spec in (job(), job(NOISY), SPEC)] == [1, 64, 6]
    assert Plan.of(job()).few_seeds(Seeds.SWEEP) == range(Seeds.SWEEP, Seeds.SWEEP + 1)
    assert [Plan.of(spec).few_replicates for spec in (job(NOISY), SPEC)] == [16, 2]


def test_without_confirmation_the_advice_runs_nothing() -> None:
    plan = Plan.of(job(trials=20, steps=30, replicates=2, pruner=NONE, confirmation=None))
    assert (plan.replicates, plan.top, plan.max_advice_runs) == (0, 0, 0)
    assert plan.stage_runs == {}
    assert plan.search_share == 1.0
    assert plan.max_updates == 20 * 30 * 2
    assert plan.estimate.runs == 40


def test_a_grid_that_ends_early_costs_its_own_trials_alone() -> None:
    choices = space({"kind": "sgd", "learning_rate": {"choices": [0.1, 0.2, 0.3]}})
    parts = {"sampler": {"kind": "grid"}, "search_space": choices, "confirmation": None, "pruner": NONE}
    exhausted, exact = (
        Plan.of(job(NOISY, trials=trials, steps=10, replicates=2, **parts)) for trials in (100, 3)
    )
    assert exhausted.rounds.trial_count == 3
    assert exhausted.estimate == exact.estimate
    assert exhausted.max_updates == exact.max_updates == 3 * 2 * 10


def test_a_pruner_is_expected_to_stop_a_part_of_the_trials() -> None:
    def searched(kind: str, trials: int = 27) -> float:
        return Plan.of(
            job(NOISY, trials=trials, steps=27, sampler={"kind": "random"}, pruner={"kind": kind})
        ).searched

    assert searched("none") == 1.0
    # 27 trials to step 1, 9 to step 3, 3 to step 9, 1 to step 27.
    assert searched("successive_halving") == pytest.approx((27 * 1 + 9 * 2 + 3 * 6 + 1 * 18) / 27**2)
    # The median rule leaves the first round whole.
    assert searched("median") == 1.0
    assert searched("median", 54) == pytest.approx((1.0 + (3 + 6 / 2 + 18 / 4) / 27) / 2)


def test_the_updates_of_a_job_count_all_its_runs() -> None:
    confirmation = {"top": 3, "replicates": 6}
    spec = job(NOISY, trials=20, steps=30, replicates=2, pruner=NONE, confirmation=confirmation)
    baselines = len(baselines_of(spec)) + 1  # and the best constant rate
    kinds = len(spec.search_space.optimizers)  # of each the best trial races, and may be a parent
    race = max(3 * 6, (3 + 3 + kinds + baselines) * 2)
    neighbours = 3 * max(3 * 6, (4 + kinds + 3 * 6 // 4) * 2)
    final, confirm = (4 + kinds + 5 + 4) * 6, (3 + baselines) * 6
    norms, sweeps = 2 * 2, 3 * (17 + 1) * 2
    horizons, most = (math.ceil((peaks * (8 + 15 + 60) / 30 + 1) * 2) for peaks in (5, 13))
    planned = 20 * 2 + race + neighbours + final + confirm + norms + sweeps + horizons
    assert Plan.of(spec).search_share == 20 * 2 / planned
    prolonged = (8 * 1 + 6 * 2 + 4 * 4) * 6
    entries = 6 * 4 + 3 * 6 // 4 + 4
    margin = 2 * (entries * 2 + max(3 * 6, entries * 2))
    ends = (3 + 5 + 3) * 18 * (6 + 48) + most - horizons
    again = confirm + (3 + 5) * (17 + 1) * 2
    assert Plan.of(spec).max_updates == (planned + prolonged + margin + ends + again) * 30


def test_exact_replicates_race_once() -> None:
    spec = job(trials=20, steps=30, pruner=NONE, search_space=ADAM)
    baselines = len(baselines_of(spec)) + 1
    race, final, confirm = 8 + 3 + 1 + baselines, 4 + 1 + 5 + 4, 3 + baselines
    horizons, most = (math.ceil(peaks * (8 + 15 + 60) / 30 + 1) for peaks in (17, 25))
    planned = race + 3 * (4 + 1 + 32) + final + confirm + 2 + 3 * 18 + horizons
    assert Plan.of(spec).search_share == 20 / (20 + planned)
    margin = 2 * 2 * (6 * 4 + 32 + 4)
    assert Plan.of(spec).max_updates == (20 + planned + margin + confirm + 8 * 18 + most - horizons) * 30
