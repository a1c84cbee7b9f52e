from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from app.domain.records import Configuration
from app.engine.hyper import hyper_fields
from app.engine.schedules import SCHEDULES
from app.spec.job import JobSpec
from app.tuning.evaluation.memory import PROCESS_BYTES, batch_bytes
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import Seeds
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.racing.candidates import baselines_of
from app.tuning.recommendation.budget import (
    AdviceShare,
    bracket_bytes,
    check_size,
    job_updates,
    search_share,
)
from app.tuning.recommendation.pipeline import planned_runs
from tests.support.jobs import DIGITS, NOISY, configuration, job, space
from tests.support.synthetic_evaluations import SyntheticEvaluations, advised, bowl
from tests.support.synthetic_evaluations import spec as synthetic_spec

NONE, HYPERBAND = {"kind": "none"}, {"kind": "hyperband"}
MEASURING = 3e6  # bytes
MANY_STAGES = {"kind": "mlp", "hidden": [64], "dropout": 0.5, "layer_norm": True}
TEXTS = {"kind": "classification", "dataset": "sparse_classification", "model": {"kind": "embedding_bag"}}
RATINGS = {"kind": "factorization", "dataset": "ratings"}
ADAM = space({"kind": "adam"})


def function(dimension: int) -> dict[str, Any]:
    return {"kind": "function", "name": "quadratic", "dimension": dimension, "noise": 0.1}


def mlp(*hidden: int) -> dict[str, Any]:
    return DIGITS | {"model": {"kind": "mlp", "hidden": list(hidden)}}


def peak_bytes(spec: JobSpec, configurations: Sequence[Configuration]) -> int:
    """Return the peak of NumPy's allocations while a shard of these is evaluated."""
    shard = Shard(
        spec=spec,
        numbers=tuple(range(len(configurations))),
        configurations=tuple(configurations),
        replicates=tuple(range(spec.replicates)),
    )
    build_objective(spec.objective)  # the dataset is loaded once a process, and belongs to no shard
    tracemalloc.start()
    try:
        evaluate(shard)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("objective", "steps", "count", "batch_size"),
    [
        (function(20_000), 3, 12, None),  # parameters
        (function(2), 1000, 60, None),  # trajectories
        (function(10), 1000, 60, None),
        (function(10), 3000, 20, None),
        (mlp(256, 256), 2, 8, 32),
        (DIGITS, 20, 16, "full"),  # activations
        (DIGITS | {"model": MANY_STAGES}, 3, 8, "full"),
        (TEXTS, 5, 16, 128),
        (RATINGS, 5, 16, 128),
    ],
)
def test_the_estimate_is_near_what_a_shard_takes(
    objective: dict[str, Any], steps: int, count: int, batch_size: int | str | None
) -> None:
    spec = job(objective, steps=steps, pruner=NONE, replicates=2, search_space=ADAM)
    configurations = [replace(configuration("adam", 1e-3), batch_size=batch_size)] * count
    members = [(found.optimizer_instance(), found.rows) for found in configurations]
    estimate = spec.replicates * batch_bytes(spec, members)
    peak = peak_bytes(spec, configurations)
    # What measures a block comes and goes; it is the same for any number of runs, and no estimate has it.
    assert 0.8 * (peak - MEASURING) < estimate < 4 * peak


def test_trajectories_take_no_more_than_the_estimate_while_they_are_put_in_order() -> None:
    # A schedule whose table takes scratch of several columns.
    spec = job(function(10), steps=1000, pruner=NONE, replicates=1, search_space=ADAM)
    schedule = {"kind": "one_cycle"} | {
        field.name: field.default for field in hyper_fields(SCHEDULES["one_cycle"])
    }
    configurations = [replace(configuration("adam", 1e-3), schedule=schedule)] * 100
    members = [(found.optimizer_instance(), found.rows) for found in configurations]
    assert peak_bytes(spec, configurations) < batch_bytes(spec, members)


@pytest.mark.parametrize("pruner", ["successive_halving", "hyperband", "median"])
def test_a_pruned_round_that_no_process_could_hold_is_refused(pruner: str) -> None:
    spec = job(
        function(100_000), trials=27, replicates=64, pruner={"kind": pruner}, sampler={"kind": "random"}
    )
    spec = spec if pruner != "median" else spec.model_copy(update={"budget": job(trials=54).budget})
    ((pointer, message),) = check_size(spec)
    assert bracket_bytes(spec) > PROCESS_BYTES
    assert pointer == "/replicates"
    assert f"27 trials x 64 replicates, ranked by {pruner}" in message
    assert f"{bracket_bytes(spec) / 1e9:.3g} GB of memory, and the limit is 2 GB" in message
    assert "a smaller dimension, or pruner none" in message


def test_the_ways_out_lead_out() -> None:
    body: dict[str, Any] = {
        "trials": 27,
        "replicates": 64,
        "sampler": {"kind": "random"},
        "pruner": HYPERBAND,
    }
    (_, message), *_ = check_size(job(function(100_000), **body))
    most = int(message.split("at most ")[1].split()[0])
    assert check_size(job(function(100_000), **body | {"replicates": most})) == []
    assert check_size(job(function(100_000), **body | {"replicates": most + 1})) != []
    assert check_size(job(function(1_000), **body)) == []
    assert check_size(job(function(100_000), **body | {"pruner": NONE})) == []


def test_replicates_of_one_trial_that_no_process_could_hold_together_are_refused() -> None:
    spec = job(mlp(2048, 2048), replicates=64, pruner=NONE)
    ((pointer, message),) = check_size(spec)
    assert pointer == "/replicates"
    most = int(message.split("at most ")[1].split()[0])
    assert check_size(job(mlp(2048, 2048), replicates=most, pruner=NONE)) == []
    assert check_size(job(mlp(2048, 2048), replicates=most + 1, pruner=NONE)) != []


def test_a_run_that_no_process_could_hold_is_refused() -> None:
    ((pointer, message),) = check_size(job(mlp(4096, 4096, 4096, 4096, 4096), pruner=NONE))
    assert pointer == "/objective"
    assert "one run would take" in message
    assert "a smaller model" in message


def test_the_largest_choice_of_the_space_counts() -> None:
    sizes = [
        job(DIGITS, search_space=ADAM | {"batch_size": choices})
        for choices in (32, {"choices": [32, "full"]})
    ]
    assert bracket_bytes(sizes[0]) < bracket_bytes(sizes[1])
    histories = [
        job(function(100), search_space=space({"kind": "adam"}, {"kind": "lbfgs", "history_size": history}))
        for history in (5, {"low": 5, "high": 100})
    ]
    assert bracket_bytes(histories[0]) < bracket_bytes(histories[1])


def test_an_ordinary_job_is_not_refused() -> None:
    for spec in (job(), job(DIGITS), job(NOISY, trials=1000, steps=10_000, replicates=64)):
        assert check_size(spec) == []


def test_the_updates_of_a_job_are_those_of_all_that_it_runs() -> None:
    spec = job(NOISY, trials=20, steps=30, replicates=2, confirmation={"top": 3, "replicates": 6})
    baselines = len(baselines_of(spec)) + 1  # and the best constant rate
    kinds = len(spec.search_space.optimizers)  # of each the best trial races, and may be a parent
    race = max(3 * 6, (3 + 3 + kinds + baselines) * 2)
    neighbours = 3 * max(3 * 6, (4 + kinds + 3 * 6 // 4) * 2)
    final, confirm = (4 + kinds + 5 + 4) * 6, (3 + baselines) * 6
    norms, sweeps = 2 * 2, 3 * (17 + 1) * 2
    horizons, most = (math.ceil((peaks * (8 + 15 + 60) / 30 + 1) * 2) for peaks in (5, 13))
    planned = 20 * 2 + race + neighbours + final + confirm + norms + sweeps + horizons
    assert search_share(spec) == 20 * 2 / planned
    prolonged = (8 * 1 + 6 * 2 + 4 * 4) * 6
    entries = 6 * 4 + 3 * 6 // 4 + 4
    margin = 2 * (entries * 2 + max(3 * 6, entries * 2))
    ends = (3 + 5 + 3) * 18 * (6 + 48) + most - horizons
    again = confirm + (3 + 5) * (17 + 1) * 2
    assert job_updates(spec) == (planned + prolonged + margin + ends + again) * 30


def test_without_confirmation_only_the_search_counts() -> None:
    assert job_updates(job(trials=20, steps=30, replicates=2, confirmation=None)) == 20 * 30 * 2


def test_where_all_replicates_are_the_same_the_race_runs_once() -> None:
    spec = job(trials=20, steps=30, search_space=ADAM)
    baselines = len(baselines_of(spec)) + 1
    race, final, confirm = 8 + 3 + 1 + baselines, 4 + 1 + 5 + 4, 3 + baselines
    horizons, most = (math.ceil(peaks * (8 + 15 + 60) / 30 + 1) for peaks in (17, 25))
    planned = race + 3 * (4 + 1 + 32) + final + confirm + 2 + 3 * 18 + horizons
    assert search_share(spec) == 20 / (20 + planned)
    margin = 2 * 2 * (6 * 4 + 32 + 4)
    assert job_updates(spec) == (20 + planned + margin + confirm + 8 * 18 + most - horizons) * 30


def test_what_is_done_of_a_job_grows_through_its_heats_up_to_the_whole() -> None:
    evaluations, spec = SyntheticEvaluations(bowl(), own=0.3), synthetic_spec()
    advised(evaluations)
    share, shares = AdviceShare(spec), [search_share(spec)]
    for request in evaluations.requests:
        share.begin(request)
        shares += [share.at(part) for part in (0.1, 0.6, 1.0)]
    # It does so although the final is longer than planned.
    final = sum(request.updates for request in evaluations.requests if request.stage is Seeds.FINAL)
    assert final > planned_runs(spec)[Seeds.FINAL] * spec.budget.steps
    assert all(a <= b for a, b in pairwise(shares))
    # Only further peaks at the last horizon find nothing left.
    assert len({share for share in shares if share < 1.0}) >= len(shares) - 4
    assert shares[-1] == pytest.approx(1.0)
    # The last stage has a share of its own: nothing jumps at the end.
    last = [
        request.updates for request in evaluations.requests if request.stage is evaluations.requests[-1].stage
    ]
    before = shares[-1 - 3 * len(last)]
    assert before < 1.0 - 0.5 * sum(last) / sum(request.updates for request in evaluations.requests)
