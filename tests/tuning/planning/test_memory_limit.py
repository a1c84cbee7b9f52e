from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.records import Configuration
from app.engine.hyper import hyper_fields
from app.engine.schedules import SCHEDULES
from app.spec.job import JobSpec
from app.tuning.evaluation.memory import PROCESS_BYTES, batch_bytes
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.planning.memory_limit import bracket_bytes, memory_faults
from app.tuning.planning.rounds import Rounds
from tests.support.jobs import DIGITS, NOISY, configuration, job, space

NONE, HYPERBAND = {"kind": "none"}, {"kind": "hyperband"}
MEASURING = 3e6  # bytes
MANY_STAGES = {"kind": "mlp", "hidden": [64], "dropout": 0.5, "layer_norm": True}
TEXTS = {"kind": "classification", "dataset": "sparse_classification", "model": {"kind": "embedding_bag"}}
RATINGS = {"kind": "factorization", "dataset": "ratings"}
ADAM = space({"kind": "adam"})


def faults(spec: JobSpec) -> list[tuple[str, str]]:
    return memory_faults(spec, Rounds.of(spec))


def bracket(spec: JobSpec) -> int:
    return bracket_bytes(spec, Rounds.of(spec))


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
def test_the_estimate_is_close_to_the_memory_of_a_shard(
    objective: dict[str, Any], steps: int, count: int, batch_size: int | str | None
) -> None:
    spec = job(objective, steps=steps, pruner=NONE, replicates=2, search_space=ADAM)
    configurations = [replace(configuration("adam", 1e-3), batch_size=batch_size)] * count
    members = [(configuration.optimizer_instance(), configuration.rows) for configuration in configurations]
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
    members = [(configuration.optimizer_instance(), configuration.rows) for configuration in configurations]
    assert peak_bytes(spec, configurations) < batch_bytes(spec, members)


@pytest.mark.parametrize("pruner", ["successive_halving", "hyperband", "median"])
def test_a_pruned_round_that_no_process_could_hold_is_refused(pruner: str) -> None:
    spec = job(
        function(100_000), trials=27, replicates=64, pruner={"kind": pruner}, sampler={"kind": "random"}
    )
    spec = spec if pruner != "median" else spec.model_copy(update={"budget": job(trials=54).budget})
    ((pointer, message),) = faults(spec)
    assert bracket(spec) > PROCESS_BYTES
    assert pointer == "/replicates"
    assert f"27 trials x 64 replicates, ranked by {pruner}" in message
    assert f"{bracket(spec) / 1e9:.3g} GB of memory, and the limit is 2 GB" in message
    assert "a smaller dimension, or pruner none" in message


def test_the_ways_out_give_an_accepted_job() -> None:
    body: dict[str, Any] = {
        "trials": 27,
        "replicates": 64,
        "sampler": {"kind": "random"},
        "pruner": HYPERBAND,
    }
    (_, message), *_ = faults(job(function(100_000), **body))
    most = int(message.split("at most ")[1].split()[0])
    assert faults(job(function(100_000), **body | {"replicates": most})) == []
    assert faults(job(function(100_000), **body | {"replicates": most + 1})) != []
    assert faults(job(function(1_000), **body)) == []
    assert faults(job(function(100_000), **body | {"pruner": NONE})) == []


def test_replicates_of_one_trial_that_no_process_could_hold_together_are_refused() -> None:
    spec = job(mlp(2048, 2048), replicates=64, pruner=NONE)
    ((pointer, message),) = faults(spec)
    assert pointer == "/replicates"
    most = int(message.split("at most ")[1].split()[0])
    assert faults(job(mlp(2048, 2048), replicates=most, pruner=NONE)) == []
    assert faults(job(mlp(2048, 2048), replicates=most + 1, pruner=NONE)) != []


def test_a_run_that_no_process_could_hold_is_refused() -> None:
    ((pointer, message),) = faults(job(mlp(4096, 4096, 4096, 4096, 4096), pruner=NONE))
    assert pointer == "/objective"
    assert "one run would take" in message
    assert "a smaller model" in message


def test_the_largest_choice_of_the_space_counts() -> None:
    sizes = [
        job(DIGITS, search_space=ADAM | {"batch_size": choices})
        for choices in (32, {"choices": [32, "full"]})
    ]
    assert bracket(sizes[0]) < bracket(sizes[1])
    histories = [
        job(function(100), search_space=space({"kind": "adam"}, {"kind": "lbfgs", "history_size": history}))
        for history in (5, {"low": 5, "high": 100})
    ]
    assert bracket(histories[0]) < bracket(histories[1])


def test_an_ordinary_job_is_not_refused() -> None:
    for spec in (job(), job(DIGITS), job(NOISY, trials=1000, steps=10_000, replicates=64)):
        assert faults(spec) == []
