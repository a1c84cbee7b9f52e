"""Runs every benchmark that takes minutes, or those named: `python -m benchmarks store jobs`."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module

import numpy as np

# Modules with a `run` that yields the lines of its report.
BENCHMARKS = ("engine", "store", "jobs", "http", "wall", "machines")
ON_REQUEST = ("advice", "estimates", "search", "rounds", "pruning")  # take a quarter of an hour and more


def main(names: list[str]) -> int:
    """Print the machine, then the lines of each benchmark."""
    known = (*BENCHMARKS, *ON_REQUEST)
    unknown = set(names) - set(known)
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )
    for name in names or BENCHMARKS:
        print(f"\n{name}")
        for line in import_module(f"benchmarks.{name}").run():
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
