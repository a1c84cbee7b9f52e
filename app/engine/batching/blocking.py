"""Cuts the rows of a batch into blocks by a fixed rule of shapes, and regroups the remaining rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.block import Block, Segment, column_width
from app.engine.batching.cache_size import BLOCK_BYTES
from app.engine.batching.stacking import concatenate, stack
from app.engine.objectives.base import Objective, Problem
from app.engine.optimizers import Optimizer
from app.engine.schedules import Schedule
from app.engine.schedules.momentum_cycling import cycling, with_cycled_momentum

# Arrays as large as the parameters: x, gradient, work and the state of an adaptive optimizer.
_OPTIMIZER_ARRAYS = 6
_WIDENED_ARRAYS = 20  # the same and the coefficient columns, if columns are widened


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a batch: optimizer, schedule, batch size, replicate and settings.

    batch_size: None for the full batch, and for functions. settings: values of this run for hyperparameters
    of the objective, by the names of `Objective.settings`.
    """

    optimizer: Optimizer
    schedule: Schedule
    batch_size: int | None = None
    replicate: int = 0
    settings: Mapping[str, float] = field(default_factory=dict)


ProblemKey: TypeAlias = tuple[int, int | None]  # replicate and batch size


class Population:
    """The runs of a batch that go on, as blocks."""

    def __init__(
        self, objective: Objective, runs: Sequence[Run], seed: int, dtype: type, records: bool
    ) -> None:
        self._objective = objective
        self._runs = [
            dataclasses.replace(run, optimizer=with_cycled_momentum(run.optimizer, run.schedule))
            for run in runs
        ]
        self._dtype = dtype
        self._records = records
        self._problems: dict[ProblemKey, Problem] = {}
        for run in runs:
            key = self._problem_key(run)
            if key not in self._problems:
                self._problems[key] = objective.problem(seed, *key, dtype)
        self._settings = {
            name: np.array([[run.settings.get(name, default)] for run in runs], dtype=np.float64)
            for name, default in objective.settings.items()
        }
        # Rows of one optimizer are neighbours, so that one call steps them all; then rows of one replicate.
        order = sorted(range(len(runs)), key=lambda row: (self._row_key(row), runs[row].replicate))
        groups = groupby(order, key=self._row_key)
        self._blocks: list[Block] = []
        self._rows_when_cut = 0
        self._cut(self._new_segment(list(rows)) for _, rows in groups)

    @property
    def problems(self) -> Iterable[Problem]:
        """Return the problems that at least one row still needs."""
        return self._problems.values()

    def __len__(self) -> int:
        return sum(len(block) for block in self._blocks)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in turn; if there are several, only the current block holds its buffers."""
        for block in self._blocks:
            yield block
            if len(self._blocks) > 1:
                block.release()

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Drop the rows that are not in the mask, (B,), and blocks without rows."""
        kept = [(block, block.keep(mask[block.rows])) for block in self._blocks]
        self._blocks = [block for _, block in kept if block is not None]
        for before, block in kept:
            if block is not None and block is not before:
                block.release()
        if 2 * len(self) < self._rows_when_cut:
            self._regroup()

    def _regroup(self) -> None:
        """Merge the remaining rows into few full blocks, and drop the problems that no row needs."""
        segments = sorted((segment for block in self._blocks for segment in block.segments), key=self._key)
        self._cut(_merged(list(same)) for _, same in groupby(segments, key=self._key))
        needed = {id(problem) for segment in segments for problem in segment.problems}
        self._problems = {key: problem for key, problem in self._problems.items() if id(problem) in needed}

    def _cut(self, segments: Iterable[Segment]) -> None:
        """Make the blocks: rows of one batch size each, as many as the cache holds, of about equal size."""
        self._blocks = []
        for _, same in groupby(segments, key=lambda segment: self._key(segment)[0]):
            for block in self._blocks_of(list(same)):
                block.release()
                self._blocks.append(block)
        self._rows_when_cut = len(self)

    def _blocks_of(self, segments: list[Segment]) -> Iterator[Block]:
        """Yield blocks of about equal size that hold the rows of the segments, in order."""
        rows = sum(len(segment.rows) for segment in segments)
        count = -(-rows // self._capacity(self._runs[segments[0].rows[0]].batch_size))
        stops = [rows * (block + 1) // count for block in range(count)]
        first = 0
        for stop in stops:
            parts = []
            offset = 0
            for segment in segments:
                low, high = max(first - offset, 0), min(stop - offset, len(segment.rows))
                if low < high:
                    parts.append(segment.take(np.arange(low, high)))
                offset += len(segment.rows)
            yield Block(self._objective, parts, self._settings, self._records)
            first = stop

    def _capacity(self, batch_size: int | None) -> int:
        """Return the largest number of rows of a block, from shapes and caches, never from time."""
        dimension = self._objective.dimension
        arrays = _WIDENED_ARRAYS if column_width(dimension) > 1 else _OPTIMIZER_ARRAYS
        optimizer = arrays * dimension * np.dtype(self._dtype).itemsize
        return max(1, BLOCK_BYTES // (optimizer + self._objective.row_bytes(batch_size, self._dtype)))

    def _new_segment(self, rows: list[int]) -> Segment:
        problems = [self._problems[self._problem_key(self._runs[row])] for row in rows]
        starts = zip(problems, rows, strict=True)
        x = np.stack([problem.start(self._runs[row].settings) for problem, row in starts])
        width = column_width(self._objective.dimension)
        optimizer = stack([self._runs[row].optimizer for row in rows], width)
        cycles = cycling(self._runs[rows[0]].schedule) is not None
        return Segment(optimizer, optimizer.begin(x), np.array(rows), problems, x, np.zeros_like(x), cycles)

    def _problem_key(self, run: Run) -> ProblemKey:
        return (0 if self._objective.deterministic else run.replicate), run.batch_size

    def _key(self, segment: Segment) -> SegmentKey:
        return self._row_key(int(segment.rows[0]))

    def _row_key(self, row: int) -> SegmentKey:
        run, optimizer = self._runs[row], self._runs[row].optimizer
        variant = (cycling(run.schedule) is not None, *optimizer.clipping(), *optimizer.variant())
        return run.batch_size or 0, optimizer.kind, variant


SegmentKey: TypeAlias = tuple[int, str, tuple[bool, ...]]  # batch size (0: full), optimizer kind, variant


def _merged(segments: list[Segment]) -> Segment:
    first = segments[0]
    return Segment(
        optimizer=concatenate([segment.optimizer for segment in segments]),
        state={name: np.concatenate([segment.state[name] for segment in segments]) for name in first.state},
        rows=np.concatenate([segment.rows for segment in segments]),
        problems=[problem for segment in segments for problem in segment.problems],
        x=np.concatenate([segment.x for segment in segments]),
        g=np.concatenate([segment.g for segment in segments]),
        cycles=first.cycles,
    )
