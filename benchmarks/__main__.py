"""Runs every benchmark, or those named: `python -m benchmarks store jobs`."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime

import numpy as np

from benchmarks import http, jobs, store, wall

BENCHMARKS = {"store": store.run, "jobs": jobs.run, "http": http.run, "wall": wall.run}


def main(names: list[str]) -> int:
    """Prints the machine, then what each benchmark gives."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )
    for name in names or BENCHMARKS:
        print(f"\n{name}")
        for line in BENCHMARKS[name]():
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
