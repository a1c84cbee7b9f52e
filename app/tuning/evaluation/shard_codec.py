"""Encoding of shards and their results for a worker on another machine: JSON, and never code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from app.domain.records import TrialResult
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard

_SHARD = TypeAdapter(Shard)
_RESULTS = TypeAdapter(
    list[TrialResult],
    config=ConfigDict(ser_json_inf_nan="constants", ser_json_bytes="base64", val_json_bytes="base64"),
)


def encode_shard(shard: Shard) -> bytes:
    """Encode a shard without its spec, which the job has; floats keep every bit."""
    steps = shard.spec.budget.steps  # a request may be longer than the trials
    return json.dumps(_SHARD.dump_python(shard, exclude={"spec"}) | {"steps": steps}).encode()


def decode_shard(data: bytes, spec: JobSpec) -> Shard:
    """Decode a shard that `encode_shard` encoded. spec: of the shard's job."""
    fields: dict[str, Any] = json.loads(data)  # Any: the fields' own types
    steps = fields.pop("steps")
    if steps != spec.budget.steps:
        spec = spec.model_copy(update={"budget": spec.budget.model_copy(update={"steps": steps})})
    return _SHARD.validate_python(fields | {"spec": spec})


def encode_results(results: Sequence[TrialResult]) -> bytes:
    """Encode the results of a shard; nan stays nan among the values."""
    return _RESULTS.dump_json(list(results))


def decode_results(data: bytes) -> list[TrialResult]:
    """Decode results that `encode_results` encoded."""
    return _RESULTS.validate_json(data)
