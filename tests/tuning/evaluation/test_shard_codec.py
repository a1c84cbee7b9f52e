"""Shards and results keep every bit in encoding and decoding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.records import TrialResult
from app.domain.states import TrialState
from app.tuning.evaluation import shard_codec
from app.tuning.evaluation.requests import EvaluationRequest, shards_of_request
from app.tuning.evaluation.shards import Shard, evaluate, failed_results, shards_of_round
from app.tuning.planning.plan import Plan
from app.tuning.search.asking import ask_round
from tests.support.make_spec import MakeSpec


@pytest.fixture
def shard(make_spec: MakeSpec) -> Shard:
    """Return a bracket of the first round."""
    spec = make_spec(
        budget={"trials": 27, "steps": 30}, sampler={"kind": "random"}, pruner={"kind": "hyperband"}
    )
    numbers = Plan.of(spec).rounds.numbers(0)
    (whole,) = shards_of_round(spec, 0, numbers, ask_round(Plan.of(spec), 0, []))
    return whole


def test_a_shard_is_the_same_after_decoding(shard: Shard) -> None:
    assert shard_codec.decode_shard(shard_codec.encode_shard(shard), shard.spec) == shard


def test_a_request_keeps_its_number_of_steps_after_decoding(shard: Shard) -> None:
    request = EvaluationRequest(configurations=shard.configurations[:2], replicates=range(7, 9), steps=90)
    (longer,) = shards_of_request(shard.spec, request)
    decoded = shard_codec.decode_shard(shard_codec.encode_shard(longer), shard.spec)
    assert decoded == longer
    assert decoded.spec.budget.steps == 90


def test_results_are_the_same_after_decoding(shard: Shard) -> None:
    results = evaluate(shard)
    assert {result.state for result in results} > {TrialState.PRUNED}
    lost = failed_results(replace(shard, numbers=shard.numbers[:1]), "lost")
    decoded = shard_codec.decode_results(shard_codec.encode_results([*results, *lost]))
    assert repr(decoded) == repr([*results, *lost])  # nan is not equal to itself, but its text is


def test_results_that_earlier_releases_stored_stay_readable() -> None:
    stored = (
        b'[{"number": 3, "state": "completed", "value": NaN, "values": [0.5, NaN], "metrics": {"error": null}'
        b', "steps_done": 30, "rungs": [[10, 0.75]], "reason": null, "trajectory": "+/8=", "engine_s": 0.25}]'
    )
    result = TrialResult(
        number=3,
        state=TrialState.COMPLETED,
        value=float("nan"),
        values=(0.5, float("nan")),
        metrics={"error": None},
        steps_done=30,
        rungs=((10, 0.75),),
        reason=None,
        trajectory=b"\xfb\xff",
        engine_s=0.25,
    )
    assert repr(shard_codec.decode_results(stored)) == repr([result])
    assert repr(shard_codec.decode_results(shard_codec.encode_results([result]))) == repr([result])
