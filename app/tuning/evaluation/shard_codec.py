"""Encoding of shards and their results for a worker on another machine: JSON, and never code."""

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
    """Encode a shard without its spec, which the job has; floats keep every bit."""
    configurations = [asdict(configuration) for configuration in shard.configurations]
    fields = {name: value for name, value in vars(shard).items() if name != "spec"}
    steps = shard.spec.budget.steps  # a request may be longer than the trials
    return json.dumps(fields | {"configurations": configurations, "steps": steps}).encode()


def decode_shard(data: bytes, spec: JobSpec) -> Shard:
    """Decode a shard that `encode_shard` encoded. spec: of the shard's job."""
    fields: dict[str, Any] = json.loads(data)  # Any: the fields' own types
    steps = fields.pop("steps")
    if steps != spec.budget.steps:
        spec = spec.model_copy(update={"budget": spec.budget.model_copy(update={"steps": steps})})
    fields["configurations"] = tuple(Configuration(**values) for values in fields["configurations"])
    for name in ("numbers", "replicates"):
        fields[name] = tuple(fields[name])
    return Shard(spec=spec, **fields)


def encode_results(results: Sequence[TrialResult]) -> bytes:
    """Encode the results of a shard; nan stays nan among the values."""
    return json.dumps([_plain(result) for result in results]).encode()


def decode_results(data: bytes) -> list[TrialResult]:
    """Decode results that `encode_results` encoded."""
    return [_result(fields) for fields in json.loads(data)]


def _plain(result: TrialResult) -> dict[str, Any]:
    trajectory = result.trajectory
    return asdict(result) | {"trajectory": None if trajectory is None else b64encode(trajectory).decode()}


def _result(fields: dict[str, Any]) -> TrialResult:
    trajectory = fields["trajectory"]
    return TrialResult(
        **fields
        | {
            "state": TrialState(fields["state"]),
            "values": tuple(fields["values"]),
            "rungs": tuple((step, value) for step, value in fields["rungs"]),
            "trajectory": None if trajectory is None else b64decode(trajectory),
        }
    )
