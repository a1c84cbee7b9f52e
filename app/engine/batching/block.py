"""A block: rows that are stepped together while their working set stays in the second-level cache."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, State
from app.engine.batching.learning_rates import Follower
from app.engine.batching.stacking import select
from app.engine.batching.step_chunk import Chunk
from app.engine.objective_columns import Settings
from app.engine.objectives.base import Objective, Problem, Scores, Workspace
from app.engine.optimizers import Optimizer

# Largest D for which coefficient columns are stored as wide as the rows: for rows this short, broadcasting
# a column costs more than reading the widened one.
_MAX_WIDENED_DIMENSION = 16


def column_width(dimension: int) -> int:
    """Return the stored width of hyperparameter columns for rows of `dimension` parameters."""
    return dimension if dimension <= _MAX_WIDENED_DIMENSION else 1


@dataclass(eq=False)
class Segment:
    """Neighbouring rows of one optimizer kind and variant.

    The arrays belong to the segment alone, or are views of a block's arrays.
    """

    optimizer: Optimizer  # stacked
    state: State
    rows: NDArray[np.int64]  # of the batch
    problems: list[Problem]
    x: Array
    g: Array
    cycles: bool  # whether the schedules set the momentum of each update

    def plan(self, learning_rates: NDArray[np.float64], k: int) -> list[State] | None:
        """Return what each of the updates k, k + 1, ... reads from the state.

        learning_rates: (S, B, width). Returns None if each update must be planned singly.
        """
        if self.cycles:  # the momentum of an update is set just before the update
            return None
        plan = self.optimizer.plan(learning_rates, k, self.state)
        return [{name: columns[s] for name, columns in plan.items()} for s in range(len(learning_rates))]

    def update(self, learning_rate: NDArray[np.float64], k: int, planned: State | None, work: Array) -> None:
        """Make update k."""
        optimizer, state = self.optimizer, self.state
        if planned is None:
            optimizer.update(self.x, self.g, learning_rate, k, state, work)
            return
        state.update(planned)
        optimizer.apply(self.x, self.g, learning_rate, k, state, work)

    def take(self, index: NDArray[np.intp]) -> Segment:
        """Return a segment of the rows at the given positions, in new arrays."""
        return Segment(
            optimizer=select(self.optimizer, index),
            state={name: column[index] for name, column in self.state.items()},
            rows=self.rows[index],
            problems=[self.problems[i] for i in index],
            x=self.x[index],
            g=self.g[index],
            cycles=self.cycles,
        )


def _as_slice(rows: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Return rows as a slice if they are consecutive and ascending.

    A slice is many times faster than an index.
    """
    first = int(rows[0])
    is_consecutive = np.array_equal(rows, np.arange(first, first + len(rows)))
    return slice(first, first + len(rows)) if is_consecutive else rows


def _any_within(follower: Follower | None, rows: slice) -> bool:
    """Return whether the rates of any row of the slice follow its losses."""
    return follower is not None and bool(np.any((follower.rows >= rows.start) & (follower.rows < rows.stop)))


class Block:
    """Rows of one batch size that advance together; their segments are views of common arrays.

    rows: numbers of the rows in the batch. place: the same, as a slice if they are consecutive.
    settings: columns of all runs of the batch.
    """

    def __init__(
        self, objective: Objective, segments: Sequence[Segment], settings: Settings, records: bool
    ) -> None:
        self.rows = np.concatenate([segment.rows for segment in segments])
        self.place = _as_slice(self.rows)
        self._objective = objective
        self._settings = settings
        self._records = records
        self._x = np.concatenate([segment.x for segment in segments])
        self._g = np.concatenate([segment.g for segment in segments])
        self._ones = np.ones_like(self._x[0])
        self.segments: list[Segment] = []
        self._slices: list[slice] = []
        first = 0
        for segment in segments:
            place = slice(first, first + len(segment.rows))
            self._slices.append(place)
            self.segments.append(dataclasses.replace(segment, x=self._x[place], g=self._g[place]))
            first = place.stop
        self._averages = any(segment.optimizer.averages for segment in segments)
        self._curved = [
            (place, segment.state["hessian"])
            for segment, place in zip(self.segments, self._slices, strict=True)
            if segment.optimizer.needs_hessian
        ]
        self._bound: tuple[Workspace, Array] | None = None
        self._buffers()  # the workspace tells the problems which draws it needs

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def _workspace(self) -> Workspace:
        """Return the workspace of the objective; allocate it if necessary."""
        return self._buffers()[0]

    def _buffers(self) -> tuple[Workspace, Array]:
        """Return the workspace and a scratch array of the shape of x."""
        if self._bound is None:
            problems = [problem for segment in self.segments for problem in segment.problems]
            settings = {name: column[self.rows] for name, column in self._settings.items()}
            workspace = self._objective.workspace(problems, self._x, self._g, settings)
            self._bound = workspace, np.empty_like(self._x)
        return self._bound

    def release(self) -> None:
        """Free the buffers that only stepping and measuring need, so that blocks can take turns."""
        self._bound = None

    def begin(self, out: Chunk | None = None) -> Chunk:
        """Evaluate the start on the first draw. out: as of `advance`."""
        chunk = self._chunk(1, out)
        self._evaluate(0, chunk)
        self._fill_deferred_losses(chunk, 0, 1)
        return chunk

    def advance(
        self,
        first: int,
        rates: NDArray[np.float64],
        momenta: NDArray[np.float64] | None = None,
        follower: Follower | None = None,
        out: Chunk | None = None,
    ) -> Chunk:
        """Make the updates first, first + 1, ..., each followed by an evaluation.

        Each evaluation takes the next draw of the problem.
        rates: (B, S) learning rates of these updates. momenta: (B, S), read only if a schedule cycles the
        momentum.
        follower: changes the rates of rows whose schedules follow their losses. out: the chunk into which
        the evaluations are written; None for a new one.
        Returns the S evaluations.
        """
        steps = rates.shape[1]
        chunk = self._chunk(steps, out)
        columns = self._columns(rates)
        workspace, work = self._buffers()
        parts = [
            (
                segment,
                columns[:, place],
                None if _any_within(follower, place) else segment.plan(columns[:, place], first),
                work[place],
            )
            for segment, place in zip(self.segments, self._slices, strict=True)
        ]
        cycled = self._cycled(momenta)
        for s in range(steps):
            for optimizer, segment_momenta, state in cycled:
                optimizer.cycle(segment_momenta[s], first + s, state)
            for place, hessians in self._curved:
                workspace.fill_hessians(place, hessians)
            for segment, learning_rates, plan, segment_work in parts:
                segment.update(learning_rates[s], first + s, None if plan is None else plan[s], segment_work)
            self._evaluate(s, chunk)
            if follower is not None:
                self._fill_deferred_losses(chunk, s, s + 1)
                follower.observe(first + s + 1, chunk.losses[s], columns[s + 1 :])
        if follower is None:
            self._fill_deferred_losses(chunk, 0, steps)
        return chunk

    def _chunk(self, steps: int, out: Chunk | None) -> Chunk:
        """Return a chunk for that many evaluations: `out`, or a newly allocated chunk."""
        if out is None:
            shape, dtype = self._x.shape, self._x.dtype.type
            return Chunk.empty(steps, shape, dtype, records=self._records, averages=self._averages)
        return out.measured_elsewhere() if self._averages else out

    def _columns(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return numbers of a row and step, (B, S), as a column per step: (S, B, width)."""
        return np.repeat(values.T[:, :, np.newaxis], column_width(self._x.shape[1]), axis=2)

    def _cycled(
        self, momenta: NDArray[np.float64] | None
    ) -> list[tuple[Optimizer, NDArray[np.float64], State]]:
        """Return the segments whose momentum is cycled, with the momentum columns of each step."""
        if momenta is None:
            return []
        columns = self._columns(momenta)
        return [
            (segment.optimizer, columns[:, place], segment.state)
            for segment, place in zip(self.segments, self._slices, strict=True)
            if segment.cycles
        ]

    def score(self, losses: Array) -> Scores:
        """Return the scores that a rung reports. losses: (B,), of the last evaluation."""
        return self._measure(self._workspace.score, losses)

    def summarise(self, losses: Array) -> Scores:
        """Return every metric. losses: (B,), of the last evaluation."""
        return self._measure(self._workspace.summarise, losses)

    def keep(self, mask: NDArray[np.bool_]) -> Block | None:
        """Return a block of the rows in the mask; the block itself for all rows, None for none."""
        if mask.all():
            return self
        segments = [
            segment.take(np.flatnonzero(mask[place]))
            for segment, place in zip(self.segments, self._slices, strict=True)
            if mask[place].any()
        ]
        return Block(self._objective, segments, self._settings, self._records) if segments else None

    def _evaluate(self, s: int, chunk: Chunk) -> None:
        workspace, work = self._buffers()
        workspace.evaluate(s, chunk.losses[s])
        if chunk.positions is not None and chunk.parameters is not None:
            chunk.positions[s] = self._x
            if self._averages:
                self._find_measured_points(chunk.parameters[s])
        if chunk.gradients is not None:
            chunk.gradients[s] = self._g
        elif self._records:
            # Inner products of a row with itself and with ones are faster than reductions.
            np.vecdot(self._g, self._g, out=chunk.squares[s])
            np.abs(self._g, out=work)
            np.vecdot(work, self._ones, out=chunk.magnitudes[s])

    def _fill_deferred_losses(self, chunk: Chunk, low: int, high: int) -> None:
        """Compute the losses of the evaluations from low to high if the workspace deferred them."""
        if self._workspace.defers_losses:
            assert chunk.positions is not None
            self._workspace.fill_deferred_losses(low, chunk.positions[low:high], chunk.losses[low:high])

    def _find_measured_points(self, out: Array) -> None:
        """Write the point at which each row is measured into out, (B, D).

        The point is x, or the evaluation point of an optimizer that averages.
        """
        out[...] = self._x
        for segment, place in zip(self.segments, self._slices, strict=True):
            if segment.optimizer.averages:
                segment.optimizer.evaluation_point(segment.x, segment.state, out[place])

    def _measure(self, measure: Callable[[Array | None], Scores], losses: Array) -> Scores:
        """Measure the rows; if some are not measured at x, move all rows to their points meanwhile."""
        if not self._averages:
            return measure(losses)
        x = self._x.copy()
        points = np.empty_like(x)
        self._find_measured_points(points)
        self._x[...] = points
        scores = measure(None)
        self._x[...] = x
        return scores
