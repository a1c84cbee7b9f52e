"""Keeps what a search gave in `.bench/`: the stock samplers, which take most of the time, run once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".bench" / "search.jsonl"


@dataclass
class Store:
    """Results by what was asked for, in a file of lines."""

    file: Path = FILE
    _known: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.file.exists():
            for line in self.file.read_text().splitlines():
                row = json.loads(line)
                self._known[row["key"]] = row["result"]

    def get(self, version: str, task: Callable[..., Any], *arguments: Any) -> Any:
        """Return the result of the task, from the file if the file has it.

        version: of the code that the task runs; "" where that is a library's.
        """
        text = json.dumps([task.__module__, task.__name__, arguments, version])
        key = hashlib.sha256(text.encode()).hexdigest()
        if key not in self._known:
            begun = time.process_time()
            self._known[key] = json.loads(
                json.dumps(task(*arguments))
            )  # nan is a word that JSON of Python has
            row = {"key": key, "task": text, "cpu_s": round(time.process_time() - begun, 1)}
            self.file.parent.mkdir(exist_ok=True)
            with self.file.open("a") as file:
                file.write(json.dumps(row | {"result": self._known[key]}) + "\n")
        return self._known[key]


def version_of(*places: str) -> str:
    """Return a digest of these files, and of the files below these folders, of the project."""
    digest = hashlib.sha256()
    for place in places:
        path = ROOT / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
