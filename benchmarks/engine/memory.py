"""How much memory a batch takes while it runs, over its width."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.engine.works import C

WIDTHS = (256, 2048, 16_384)


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    peaks = [_peak(trials) / 1e6 for trials in WIDTHS]
    yield (
        f"memory while {', '.join(f'{trials:,}' for trials in WIDTHS)} trials of C run, unrecorded:"
        f" {', '.join(f'{peak:.0f}' for peak in peaks)} MB (must: bounded by a slab, not by the batch)"
    )


def _peak(trials: int) -> int:
    """Return the largest number of bytes that Python and NumPy held."""
    training = replace(C, trials=trials, steps=2)
    runs = training.runs()
    tracemalloc.start()
    training.run(runs, record=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
