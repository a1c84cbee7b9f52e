"""What the engine's figures depend on: the processor's vector units, and the BLAS that NumPy has."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import REPEATS
from benchmarks.peers import has

_LEVELS = (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("asimd", "NEON"))


def describe() -> str:
    """Return a line that describes the machine."""
    # Any: NumPy's own dictionary of strings, which its stubs say it prints instead of giving it.
    build: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = build["Build Dependencies"]["blas"]
    peers = [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "jax") if has(name)]
    beside = f"beside {', '.join(peers)}" if peers else "without peers"
    return (
        f"{vector_level()}, NumPy {np.__version__} with {blas['name']} {blas['version']}, {beside}; one core,"
        f" one thread, processor time, medians of {REPEATS} rounds in turns"
    )


def vector_level() -> str:
    """Return the widest vector instructions that the flags of the processor name."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return "vector units unknown"
    return next((name for flag, name in _LEVELS if flag in flags), "no wide vector units")
