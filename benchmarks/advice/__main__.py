"""`python -m benchmarks.advice --problems wine --seeds 3`: a part of the benchmark."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.advice.problems import PROBLEMS
from benchmarks.advice.report import JOBS, STUDIES, Peer, run
from benchmarks.advice.store import FILE, Store


def main() -> None:
    """Print the report of the problems whose names contain one of the words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advice")
    parser.add_argument(
        "--problems", nargs="*", default=[], help="words that names contain; default: the core"
    )
    parser.add_argument("--seeds", type=int, default=JOBS, help="jobs of each problem")
    parser.add_argument("--first-seed", type=int, default=0, help="of the jobs; the others follow it")
    parser.add_argument("--processes", type=int, help="default: one a core")
    parser.add_argument("--file", type=Path, default=FILE, help="where results are kept")
    parser.add_argument("--studies", type=int, default=STUDIES, help="of Optuna, on each problem")
    parser.add_argument(
        "--optuna",
        type=Peer,
        choices=list(Peer),
        default=Peer.RUN,
        help="its studies take most of the time: run them, count those that are stored, or leave them out",
    )
    asked = parser.parse_args()
    chosen = [
        problem
        for problem in PROBLEMS
        if (any(word in problem.name for word in asked.problems) if asked.problems else problem.core)
    ]
    store = Store(asked.file, asked.processes)
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    for line in run(chosen, seeds, store, peer=asked.optuna, studies=asked.studies):
        print(line, flush=True)


if __name__ == "__main__":
    main()
