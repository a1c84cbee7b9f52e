"""Finds a Python that has the peers, PyTorch and jax, which users do not need."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARITY = ROOT / ".venv-parity" / "bin" / "python"  # `make bench` and `make parity` install it
HOW = "not installed: `make bench` measures beside it"


def has(name: str) -> bool:
    """Return whether this Python has the package."""
    return importlib.util.find_spec(name) is not None


def python() -> str:
    """Return this Python if it has PyTorch, else the Python of the parity checks if it is installed."""
    return str(PARITY) if not has("torch") and PARITY.exists() else sys.executable


def study_s(module: str, trials: int, steps: int) -> float | None:
    """Return the seconds, printed by the module, of a study on one thread; None without PyTorch."""
    if not has("torch") and not PARITY.exists():
        return None
    (line,) = lines_of(module, os.environ | {"OMP_NUM_THREADS": "1"}, str(trials), str(steps))
    return float(line)


def lines_of(module: str, environment: Mapping[str, str], *arguments: str) -> Iterator[str]:
    """Run a module by the Python that has the peers; yield each line as the module prints it."""
    command = [python(), "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield line.rstrip("\n")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
