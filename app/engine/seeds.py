"""Random streams, each named by (seed, purpose, replicate).

Clock, round, job and worker do not enter, so a run can be repeated on any machine and in any batch.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """The purpose of a stream. Stored results depend on these numbers: never renumber, only add."""

    SPLIT = 0
    INITIALISATION = 1
    ORDER = 2
    NOISE = 3
    DROPOUT = 4
    SAMPLER = 5
    RACE_MEANS = 6
    SPARSITY = 7
    ENQUEUED = 8
    NEIGHBOURS = 9
    CROSSINGS = 10
    HORIZONS = 11


def stream(seed: int, purpose: Purpose, replicate: int) -> np.random.Generator:
    """Return a separate generator for one purpose in one replicate.

    seed, replicate: at least 0 (ValueError otherwise). Equal arguments give equal streams.
    """
    if seed < 0 or replicate < 0:
        raise ValueError(f"seed and replicate must be >= 0, got seed={seed}, replicate={replicate}")
    return np.random.default_rng(np.random.SeedSequence([seed, int(purpose), replicate]))
