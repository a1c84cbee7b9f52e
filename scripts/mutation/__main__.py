"""`python -m scripts.mutation --count 200`: the share of random mutants that the fast tests notice.

A mutant runs in a copy of the checkout, against the tests that run its line. Results are kept in
`.bench/mutants.jsonl` with the digest of the mutated file: a second run goes on where the first ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from hashlib import sha256
from itertools import count
from pathlib import Path
from queue import Queue

from scripts.mutation.coverage_map import TestsByLine, tests_by_line
from scripts.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / ".bench" / "mutants.jsonl"
FOLDERS = ("app/tuning", "app/services", "app/engine")
MOST_TESTS = 60  # that a mutant meets, spread over the files of the tests
LIMIT_S = 300.0  # after which a mutant counts as noticed: an endless loop


def main() -> None:
    """Draw mutants, run each, and print those that survive and the share of those that are noticed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutation")
    parser.add_argument("--count", type=int, default=200, help="mutants that run")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--workers", type=int, default=2, help="mutants at the same time")
    parser.add_argument("--folders", nargs="*", default=FOLDERS, help="what is mutated")
    given = parser.parse_args()
    covered = tests_by_line(ROOT, ROOT / ".bench" / "mutation", ["tests"], given.workers)
    drawn = _draw(given.folders, given.count, given.seed)
    known = _known()
    copies: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for number in range(given.workers):
            copies.put(_copy(Path(folder) / str(number)))
        with ThreadPoolExecutor(given.workers) as pool:
            outcomes = pool.map(lambda mutant: _outcome(mutant, covered, known, copies), drawn)
            noticed = sum(_told(mutant, outcome) for mutant, outcome in zip(drawn, outcomes, strict=True))
    print(f"{noticed} of {len(drawn)} mutants were noticed ({noticed / len(drawn):.1%})")


def _draw(folders: list[str], number: int, seed: int) -> list[Mutant]:
    """Return random mutants of the folders, each of another expression."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    found = [
        mutant
        for path in paths
        for mutant in mutants(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(found, min(number, len(found)))


def _outcome(mutant: Mutant, covered: TestsByLine, known: dict[str, str], copies: Queue[Path]) -> str:
    """Return "noticed", "survived", or "not run" if no fast test runs the line."""
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    digest = sha256(json.dumps([source, asdict(mutant)]).encode()).hexdigest()
    if digest in known:
        return known[digest]
    tests = _chosen(covered.get(mutant.path, {}).get(mutant.line, []))
    outcome = "not run"
    if tests:
        copy = copies.get()
        try:
            outcome = _run(copy, mutant, source, tests)
        finally:
            copies.put(copy)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"digest": digest, "outcome": outcome} | asdict(mutant)) + "\n")
    return outcome


def _run(copy: Path, mutant: Mutant, source: str, tests: list[str]) -> str:
    target = copy / mutant.path
    target.write_text(mutant.apply(source), encoding="utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": f"{copy}:{copy / 'client'}"}
    try:
        run = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "noticed"
    finally:
        target.write_text(source, encoding="utf-8")
    return "survived" if run.returncode == 0 else "noticed"


def _chosen(tests: list[str]) -> list[str]:
    """Return at most MOST_TESTS of the tests, in turn from each file that has some."""
    by_file: dict[str, list[str]] = {}
    for test in tests:
        by_file.setdefault(test.split("::")[0], []).append(test)
    rows: Iterator[list[str]] = (
        [names[place] for names in by_file.values() if place < len(names)] for place in count()
    )
    chosen: list[str] = []
    while len(chosen) < min(MOST_TESTS, len(tests)):
        chosen += next(rows)
    return chosen[:MOST_TESTS]


def _copy(target: Path) -> Path:
    """Copy what the tests need; return the folder."""
    ignored = shutil.ignore_patterns("__pycache__", ".*cache", ".venv*", ".git", ".bench", ".demo", "*.db*")
    shutil.copytree(ROOT, target, ignore=ignored)
    return target


def _known() -> dict[str, str]:
    """Return the outcomes of earlier runs by digest."""
    if not RESULTS.exists():
        return {}
    rows = (json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines())
    return {row["digest"]: row["outcome"] for row in rows}


def _told(mutant: Mutant, outcome: str) -> bool:
    """Print a mutant that was not noticed; return whether the mutant was noticed."""
    if outcome != "noticed":
        print(f"{outcome}: {mutant.path}:{mutant.line}: {mutant.before} -> {mutant.after}", flush=True)
    return outcome == "noticed"


if __name__ == "__main__":
    main()
