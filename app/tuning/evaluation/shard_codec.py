"""Shards and their results as bytes and back, for a worker on another machine: JSON, and never code."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from app.domain.records import Configuration, TrialResult
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard


def encode_shard(shard: Shard) -> bytes:
    """The shard without its spec, which is its job's; floats keep every bit."""
    configurations = [asdict(configuration) for configuration in shard.configurations]
    fields = {name: value for name, value in vars(shard).items() if name != "spec"}
    steps = shard.spec.budget.steps  # a request may be longer than the trials
    return json.dumps(fields | {"configurations": configurations, "steps": steps}).encode()


def decode_shard(data: bytes, spec: JobSpec) -> Shard:
    """The shard that `encode_shard` was given. spec: of its job."""
    fields: dict[str, Any] = json.loads(data)  # Any: the fields' own types
    steps = fields.pop("steps")
    if steps != spec.budget.steps:
        spec = spec.model_copy(update={"budget": spec.budget.model_copy(update={"steps": steps})})
    fields["configurations"] = tuple(Configuration(**found) for found in fields["configurations"])
    for name in ("numbers", "replicates"):
        fields[name] = tuple(fields[name])
    return Shard(spec=spec, **fields)


def encode_results(results: Sequence[TrialResult]) -> bytes:
    """The results; nan keeps its place among the values."""
    return json.dumps([_plain(result) for result in results]).encode()


def decode_results(data: bytes) -> list[TrialResult]:
    """The results that `encode_results` was given."""
    return [_result(fields) for fields in json.loads(data)]


def _plain(result: TrialResult) -> dict[str, Any]:
    curve = result.trajectory
    return asdict(result) | {"trajectory": None if curve is None else b64encode(curve).decode()}


def _result(fields: dict[str, Any]) -> TrialResult:
    curve = fields["trajectory"]
    return TrialResult(
        **fields
        | {
            "state": TrialState(fields["state"]),
            "values": tuple(fields["values"]),
            "rungs": tuple((step, value) for step, value in fields["rungs"]),
            "trajectory": None if curve is None else b64decode(curve),
        }
    )
