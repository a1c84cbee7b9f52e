"""The figures of the benchmark of the advice, on invented losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from benchmarks.advice.figures import Outcome, clustered, share
from benchmarks.advice.problems import PROBLEMS
from benchmarks.advice.tasks import adam

JOBS, SEEDS = 10, 200


def outcome(advised: float, oracle: float = 1.0, usual: float = 2.0, **parts: Any) -> Outcome:
    """Return losses around these means, with a scatter that all configurations share on a seed."""
    common = np.random.default_rng(0).normal(0.0, 0.1, SEEDS)
    scatter = np.random.default_rng(1).normal(0.0, 0.02, (JOBS, 1))
    defaults: dict[str, Any] = {
        "advised": advised + scatter - scatter.mean() + common,
        "peers": None,
        "oracle": oracle + common,
        "adam": usual + common,
        "stated": [(advised - 0.1, advised + 0.1)] * JOBS,
    }
    return Outcome(**(defaults | parts))


def test_regret_is_the_share_of_the_gap_to_adam_that_is_left() -> None:
    figures = outcome(1.25)
    assert figures.gap == pytest.approx(1.0)
    assert figures.regret.mean == pytest.approx(0.25)
    assert figures.regret.low < 0.25 < figures.regret.high
    assert figures.against_adam.high < 0.0


def test_a_gap_within_its_noise_gives_no_regret() -> None:
    generator = np.random.default_rng(2)
    noisy = outcome(1.0, adam=1.05 + generator.normal(0.0, 1.0, SEEDS))
    assert noisy.floor > 0.05
    assert not noisy.is_measured
    assert outcome(1.0).is_measured


def test_an_interval_covers_if_it_holds_the_mean_over_the_fresh_seeds() -> None:
    stated = [(0.9, 1.6)] * 6 + [(2.0, 3.0)] * 3 + [None]
    assert sum(outcome(1.25, stated=stated).covered) == 6


def test_the_peer_is_compared_seed_by_seed() -> None:
    better = outcome(1.25)
    assert better.against_peer is None
    peers = better.advised[:4] - better.advised[:4].mean() + better.advised.mean() + 0.1
    gap = outcome(1.25, peers=peers).against_peer
    assert gap is not None
    assert gap.mean == pytest.approx(-0.1)
    diverged = np.where(peers == peers.max(), np.nan, peers)
    gap_to_diverged = outcome(1.25, peers=diverged).against_peer
    assert gap_to_diverged is not None
    assert gap_to_diverged.mean == -math.inf
    # What a seed gives both of them drops out; what differs from job to job stays.
    assert gap.high - gap.low < 0.1


def test_the_interval_allows_for_other_jobs_and_other_seeds() -> None:
    generator = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        values = generator.normal(0.0, 1.0, (JOBS, 1)) + generator.normal(0.0, 1.0, SEEDS)
        estimate = clustered(values)
        hits += estimate.low <= 0.0 <= estimate.high
    assert hits / 200 > 0.95 - 3 * math.sqrt(0.05 * 0.95 / 200)


def test_a_run_that_diverged_makes_the_mean_infinite() -> None:
    values = np.zeros((2, 3))
    values[1, 2] = np.nan
    assert clustered(values).mean == math.inf


def test_a_share_has_wilsons_interval() -> None:
    estimate = share([True] * 9 + [False])
    assert (estimate.mean, round(estimate.low, 3), round(estimate.high, 3)) == (0.9, 0.596, 0.982)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_every_problem_is_a_job_that_the_service_takes(problem: Any) -> None:
    spec = problem.spec(3)
    assert (spec.seed, spec.budget.trials) == (3, 256)
    assert adam(problem.name)["optimizer"]["learning_rate"] == 1e-3
