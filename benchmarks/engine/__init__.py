"""The engine beside PyTorch, jax and the processor's peak, on one core; in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.peers import lines_of

# Read when NumPy, PyTorch and jax are loaded.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    yield from lines_of("benchmarks.engine", os.environ | ONE_THREAD)
