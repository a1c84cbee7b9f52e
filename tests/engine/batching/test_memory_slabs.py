"""Wide batches run in slabs: memory is bounded, and no row changes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from app.engine.batching import blocking, memory_slabs
from app.engine.batching.run_batch import run_batch
from app.engine.trajectories.result import Outcome
from tests.support.batches import assert_same_row, run, supervised

# Of four kinds, one with a rate at which it diverges at once.
RUNS = [
    run(kind, learning_rate=10.0 ** (i % 3 - 3) * (1e12 if i == 5 else 1), batch_size=16, replicate=i % 2)
    for i, kind in enumerate(("adam", "sgd", "momentum", "adamw") * 4)
]


def test_slabs_do_not_change_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = supervised("iris", (5,))
    whole = run_batch(objective, RUNS, steps=40, seed=1, rungs=(10,))
    monkeypatch.setattr(memory_slabs, "_SLAB_BYTES", 12_000)
    cut = run_batch(objective, RUNS, steps=40, seed=1, rungs=(10,))
    assert len(memory_slabs.slabs(objective, RUNS, np.float64)) > 3
    assert Outcome.DIVERGED in cut.outcomes
    for row in range(len(RUNS)):
        assert_same_row(cut, row, whole, row)


def test_shared_buffers_of_blocks_do_not_change_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = supervised("iris", (5,))
    settings = [{"model.dropout": 0.3} if i % 3 == 0 else {} for i in range(len(RUNS))]
    runs = [
        run(batch_size=16, replicate=i % 2, settings=run_settings, learning_rate=1e-2 * (1 + i))
        for i, run_settings in enumerate(settings)
    ]
    whole = run_batch(objective, runs, steps=40, seed=1, rungs=(10,))
    monkeypatch.setattr(blocking, "BLOCK_BYTES", 30_000)
    cut = run_batch(objective, runs, steps=40, seed=1, rungs=(10,))
    for row in range(len(runs)):
        assert_same_row(cut, row, whole, row)


def test_memory_does_not_grow_with_the_width_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_slabs, "_SLAB_BYTES", 2_000_000)
    monkeypatch.setattr(blocking, "BLOCK_BYTES", 500_000)
    objective = supervised("digits", (16,))

    def peak(trials: int) -> int:
        runs = [run(batch_size=32)] * trials
        tracemalloc.start()
        run_batch(objective, runs, steps=2, seed=0, dtype=np.float32, record=False)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(80)  # what is imported and cached once is not counted
    # Room for what grows: results, and nothing like the 29 kB of a row's parameters and state.
    assert peak(800) - peak(80) < 720 * 4_000
