"""Comparisons of the rows of a batch with the same runs alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.run_batch import Judge, Run, run_batch
from app.engine.trajectories.result import BatchResult
from tests.support.batches import assert_same_row

RUNGS = (10, 30)  # steps at which the judge is asked
STEPS = 45


class BetterHalf:
    """A judge that keeps the better half of the rows, and notes the step at which each other row was cut."""

    def __init__(self) -> None:
        self.cut: dict[int, int] = {}

    def __call__(self, step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        keep = np.nan_to_num(values, nan=np.inf) <= np.nanmedian(values)
        for row in np.flatnonzero(~keep & np.isfinite(values)):
            self.cut.setdefault(int(row), step)
        return keep

    def of_row(self, row: int) -> Judge:
        """Return the judge of a batch of that row alone, which cuts it at the same step."""
        return lambda step, values: np.array([self.cut.get(row) != step])


def assert_rows_equal_alone(objective: Any, runs: list[Run], dtype: type, steps: int = STEPS) -> BatchResult:
    """Run the batch, then each row alone, and require equal bits; return the result of the batch."""
    judge = BetterHalf()
    shared: dict[str, Any] = {"steps": steps, "seed": 3, "dtype": dtype, "rungs": RUNGS}
    together = run_batch(objective, runs, judge=judge, **shared)
    for row, single in enumerate(runs):
        alone = run_batch(objective, [single], judge=judge.of_row(row), **shared)
        assert_same_row(together, row, alone, 0)
    return together
