from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.spec.answers import TrialState
from app.spec.records import Configuration, FinishedTrial
from app.tuning import evaluate as sharding
from app.tuning.evaluate import evaluate
from app.tuning.memory import batch_bytes
from app.tuning.race import (
    confirm_replicates,
    describe,
    differs,
    gather,
    race_field,
    race_replicates,
    race_shards,
    sweep_replicates,
)
from app.tuning.space import Space
from tests.tuning.jobs import DIGITS, NOISY, configuration, finished, job, race, space

CONFIRM = {"top": 3, "replicates": 6}


def test_without_a_completed_trial_there_is_no_race() -> None:
    assert race_field(job(), [finished(0, None), finished(1, None, state=TrialState.PRUNED)]) is None


def test_the_best_distinct_trials_race_against_every_optimizer_at_its_defaults() -> None:
    spec = job(confirmation=CONFIRM, search_space=space({"kind": "sgd"}, {"kind": "adam"}, {"kind": "adam"}))
    trials = [
        finished(0, 0.5, kind="adam", learning_rate=0.01, optimizer="adam"),
        finished(1, 0.1, kind="adam", learning_rate=0.02, optimizer="adam"),
        finished(2, 0.2, kind="adam", learning_rate=0.021, optimizer="adam"),  # a nuance of trial 1
        finished(3, 0.3, kind="sgd", learning_rate=0.02, optimizer="sgd"),
        finished(4, 0.9, kind="sgd", learning_rate=0.001, optimizer="sgd"),
    ]
    field = race_field(spec, trials)
    assert field is not None
    assert field.numbers == (1, 3, 0)
    assert [entry.optimizer["kind"] for entry in field.baselines] == ["sgd", "adam"]
    assert field.labels[-2:] == ("sgd at its defaults, constant", "adam at its defaults, constant")
    assert field.labels[0] == "trial 1: adam at 0.02, constant"
    assert field.entries == field.candidates + field.baselines
    assert [field.is_baseline(i) for i in range(5)] == [False, False, False, True, True]


def test_equal_values_go_to_the_lower_number() -> None:
    trials = [finished(2, 0.1, learning_rate=0.01), finished(1, 0.1, learning_rate=0.1)]
    field = race_field(job(search_space=space({"kind": "adam"})), trials)
    assert field is not None
    assert field.numbers == (1, 2)


def test_baselines_are_the_catalogues_defaults_at_the_best_batch_size() -> None:
    spec = job(DIGITS, search_space=space({"kind": "adam", "beta1": 0.5}))
    best = finished(0).configuration
    trial = FinishedTrial(
        number=0, round=0, state=TrialState.COMPLETED, configuration=replace(best, batch_size=128), value=1.0
    )
    field = race_field(spec, [trial])
    assert field is not None
    (baseline,) = field.baselines
    assert baseline.batch_size == 128
    assert field.labels[1] == "adam at its defaults, constant, batch size 128"
    assert baseline.optimizer == {
        "kind": "adam",
        "learning_rate": 0.001,
        "gradient_clip_norm": 0.0,
        "gradient_clip_value": 0.0,
        "beta1": 0.9,
        "beta2": 0.999,
        "eps": 1e-8,
        "weight_decay": 0.0,
    }
    assert baseline.schedule == {
        "kind": "constant",
        "warmup_fraction": 0.0,
        "warmup_start_factor": 0.0,
        "warmup_shape": "linear",
    }


def test_without_confirmation_the_field_is_the_best_trial_alone() -> None:
    field = race_field(job(confirmation=None), [finished(0, 2.0), finished(1, 1.0)])
    assert field is not None
    assert (field.numbers, field.baselines) == ((1,), ())


def distinct(a: Configuration, b: Configuration) -> bool:
    spec = job(
        search_space=space(
            {
                "kind": "adam",
                "learning_rate": {"low": 1e-4, "high": 1e0, "log": True},
                "beta1": {"choices": [0.8, 0.9]},
            }
        )
    )
    return differs(a, b, Space.of(spec).distributions())


def test_a_move_of_less_than_a_twentieth_of_the_logarithmic_range_is_a_nuance() -> None:
    # The range spans four decades; 0.05 of it is a factor of 1.58.
    beta1: dict[str, Any] = {"adam.beta1": 0.9}
    one = configuration(learning_rate=0.01, **beta1)
    assert not distinct(one, configuration(learning_rate=0.015, **beta1))
    assert distinct(one, configuration(learning_rate=0.017, **beta1))


def test_another_choice_another_batch_size_and_other_parameters_are_distinct() -> None:
    beta1: dict[str, Any] = {"adam.beta1": 0.9}
    one = configuration(**beta1)
    assert distinct(one, configuration(**(beta1 | {"adam.beta1": 0.8})))
    assert distinct(one, replace(one, batch_size=32))
    assert distinct(one, configuration("sgd"))


def test_race_and_confirmation_use_seeds_that_the_search_never_has() -> None:
    spec = job(NOISY, replicates=64, confirmation={"top": 1, "replicates": 256})
    search, raced, confirmed = range(spec.replicates), race_replicates(spec), confirm_replicates(spec)
    assert (len(raced), len(confirmed)) == (256, 256)
    assert not set(search) & set(raced)
    assert not set(search) & set(confirmed)
    assert not set(raced) & set(confirmed)


def test_the_sweep_shares_the_first_four_seeds_of_the_confirmation() -> None:
    spec = job(NOISY)
    assert list(sweep_replicates(spec)) == list(confirm_replicates(spec))[:4]


def test_one_replicate_is_enough_where_all_are_the_same() -> None:
    spec = job()
    assert [len(found(spec)) for found in (race_replicates, confirm_replicates, sweep_replicates)] == [
        1,
        1,
        1,
    ]


def test_a_race_is_cut_by_its_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = job(NOISY, confirmation=CONFIRM)
    entries = [configuration("sgd", 0.01), configuration("adam", 0.1)]
    assert len(race_shards(spec, entries, race_replicates(spec))) == 1
    monkeypatch.setattr(sharding, "SHARD_OPERATIONS", 1.0)
    found = race_shards(spec, entries, race_replicates(spec))
    assert [shard.replicates for shard in found] == [(1_000_000 + i,) for i in range(6)]
    assert all(shard.configurations == tuple(entries) for shard in found)
    assert not any(shard.record or shard.bracket is not None for shard in found)


def test_entries_that_would_not_fit_the_memory_together_are_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = job(NOISY, confirmation=CONFIRM)
    entries = [configuration("sgd", rate) for rate in (0.001, 0.003, 0.01, 0.03)]
    whole = race(spec, entries, race_replicates(spec))
    three = [(entry.optimizer_instance(), entry.rows) for entry in entries[:3]]
    monkeypatch.setattr(sharding, "SHARD_BYTES", batch_bytes(spec, three))
    found = race_shards(spec, entries, race_replicates(spec))
    assert {shard.numbers for shard in found} == {(0, 1), (2, 3)}
    assert len(found) == 8  # twelve runs a group, of which three fit a shard
    np.testing.assert_array_equal(race(spec, entries, race_replicates(spec)), whole)


def test_however_it_is_cut_a_race_gives_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = job(NOISY, confirmation=CONFIRM)
    entries = [configuration("sgd", 0.01), configuration("adam", 0.1)]
    whole = race(spec, entries, race_replicates(spec))
    monkeypatch.setattr(sharding, "SHARD_OPERATIONS", 1.0)
    np.testing.assert_array_equal(race(spec, entries, race_replicates(spec)), whole)
    assert whole.shape == (2, 6)


def test_the_values_are_by_entry_and_replicate_with_nan_where_one_diverged() -> None:
    spec = job(confirmation=CONFIRM)
    (shard,) = race_shards(spec, [configuration("sgd", 0.5), configuration("sgd", 1e-4)], range(5, 7))
    found = gather([evaluate(shard)])
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_nothing_to_race_gives_no_shards() -> None:
    assert race_shards(job(), [], range(3)) == []
    assert race_shards(job(), [configuration()], range(0)) == []
    assert gather([]).size == 0


def test_a_configuration_is_described_in_a_few_words() -> None:
    assert describe(configuration(learning_rate=0.00123456)) == "adam at 0.00123, constant"
    assert describe(replace(configuration(), batch_size="full")) == "adam at 0.01, constant, batch size full"
