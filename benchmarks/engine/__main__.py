"""`python -m benchmarks engine` runs this: one core, one thread for every peer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from benchmarks.engine import features, growth, memory, networks, rosenbrock
from benchmarks.engine.machine import describe

PARTS: tuple[Callable[[], Iterator[str]], ...] = (
    rosenbrock.run,
    networks.run,
    features.run,
    growth.run,
    memory.run,
)


def main() -> None:
    """Pin the process to one core and print the lines of each part."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(describe(), flush=True)
    for part in PARTS:
        for line in part():
            print(line, flush=True)


if __name__ == "__main__":
    main()
