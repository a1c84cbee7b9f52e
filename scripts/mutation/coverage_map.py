"""Which tests run a line, by a run of the fast tests under coverage with a context for each test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import coverage

CONFIGURATION = """[run]
source = app
dynamic_context = test_function
data_file = {folder}/coverage
parallel = true
"""

TestsByLine = dict[str, dict[int, list[str]]]  # path -> line -> tests, the names of pytest


def tests_by_line(root: Path, folder: Path, tests: list[str], workers: int) -> TestsByLine:
    """Return the tests that run each line; the result is kept in `folder` and read from there.

    root: the checkout. tests: what pytest runs, beside the tests that take long.
    """
    kept = folder / "tests_by_line.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _measure(root, folder, tests, workers)
        kept.write_text(json.dumps(_read(root, folder)))
    stored = json.loads(kept.read_text())
    return {path: {int(line): names for line, names in lines.items()} for path, lines in stored.items()}


def _measure(root: Path, folder: Path, tests: list[str], workers: int) -> None:
    configuration = folder / "coveragerc"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-m", "not slow", "--timeout", "600"]
    options = [f"--cov-config={configuration}", "--cov", "--cov-context=test", "--cov-report="]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([*command, *options, *tests], cwd=root, env=environment, check=True)


def _read(root: Path, folder: Path) -> dict[str, dict[int, list[str]]]:
    data = coverage.CoverageData(str(folder / "coverage"))
    data.read()
    found: dict[str, dict[int, list[str]]] = defaultdict(dict)
    for file in data.measured_files():
        for line, contexts in data.contexts_by_lineno(file).items():
            names = sorted({context.split("|")[0] for context in contexts if context})
            if names:
                found[str(Path(file).relative_to(root))][line] = names
    return found
