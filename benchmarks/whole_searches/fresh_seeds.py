"""The values of configurations on seeds that no search has."""

from __future__ import annotations

import numpy as np

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.tuning.evaluation.shards import Shard, evaluate

FRESH_SEED = 1_000_003  # on which the found configurations are measured; no search has it
FRESH = 16  # replicates


def fresh_values(spec: JobSpec, configurations: list[Configuration]) -> list[float]:
    """Return each configuration's mean over seeds that no search had; inf if a replicate diverged."""
    other = spec.model_copy(update={"seed": FRESH_SEED})
    shard = Shard(
        spec=other,
        numbers=tuple(range(len(configurations))),
        configurations=tuple(configurations),
        replicates=tuple(range(FRESH)),
        record=False,
    )
    means = (float(np.mean(result.values)) for result in evaluate(shard))
    return [mean if np.isfinite(mean) else float("inf") for mean in means]
