"""Does tasks in processes, each once: what a file already has is read from there."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.advice.oracle import oracle
from benchmarks.advice.peer import peer
from benchmarks.advice.tasks import job, losses, losses_at, retuned, start

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".bench" / "advice.jsonl"

KINDS: dict[str, Callable[..., Any]] = {
    "job": job,
    "losses": losses,
    "losses_at": losses_at,
    "oracle": oracle,
    "peer": peer,
    "retuned": retuned,
    "start": start,
}


@dataclass(frozen=True)
class Task:
    """A kind of work and its arguments, which JSON can hold."""

    kind: str
    arguments: tuple[Any, ...]

    @property
    def key(self) -> str:
        """Return the key of the task; a job's key changes with whatever might change its answer."""
        version = _version() if self.kind == "job" else ""
        text = json.dumps([self.kind, self.arguments, version], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """Results by task, in a file of lines."""

    def __init__(self, file: Path = FILE, processes: int | None = None) -> None:
        self._file = file
        self._processes = processes or os.cpu_count() or 1
        self._known: dict[str, Any] = {}
        if file.exists():
            for line in file.read_text().splitlines():
                row = json.loads(line)
                self._known[row["key"]] = row["result"]

    def __getitem__(self, task: Task) -> Any:
        return self._known[task.key]

    def __contains__(self, task: Task) -> bool:
        return task.key in self._known

    def do(self, tasks: Iterable[Task]) -> None:
        """Compute the tasks without a stored result, side by side."""
        missing = {task.key: task for task in tasks if task.key not in self._known}
        if not missing:
            return
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes, which are spawned
        self._file.parent.mkdir(exist_ok=True)
        context = multiprocessing.get_context("spawn")
        with (
            ProcessPoolExecutor(self._processes, mp_context=context) as pool,
            self._file.open("a") as file,
        ):
            running = {pool.submit(_timed, task.kind, task.arguments): task for task in missing.values()}
            for ended, future in enumerate(as_completed(running), start=1):
                task = running[future]
                self._known[task.key], cpu_s = future.result()
                row = {"key": task.key, "kind": task.kind, "arguments": task.arguments, "cpu_s": cpu_s}
                file.write(json.dumps(row | {"result": self._known[task.key]}) + "\n")
                file.flush()
                _tell(f"{ended} of {len(missing)}: {task.kind} of {task.arguments[0]}")
        _tell("")


def _tell(progress: str) -> None:
    """On a terminal, in place: the first lines of a report come after most of the work."""
    if sys.stderr.isatty():
        print(f"\r\033[K{progress}", end="", file=sys.stderr, flush=True)


def _timed(kind: str, arguments: tuple[Any, ...]) -> tuple[Any, float]:
    """Return the result of a task and its seconds of a core."""
    begun = time.process_time()
    result = KINDS[kind](*arguments)
    return result, round(time.process_time() - begun, 1)


@cache
def _version() -> str:
    """Return a digest of the sources that a job's answer depends on."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "app" / "tuning").rglob("*.py"), *(ROOT / "app" / "spec").rglob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
