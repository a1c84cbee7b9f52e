"""The whole report; what takes long is kept in `.bench/search.jsonl`."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.search import cost, regret
from benchmarks.search.store import Store


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    yield from cost.lines()
    yield ""
    yield from regret.lines(Store())
