"""Runs a batch: many optimizers, schedules, batch sizes and replicates in one array program.

Row i has the same bits as that run alone, for all other runs of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.batching.block import Block
from app.engine.batching.blocking import Population, Run
from app.engine.batching.downsampling_recorder import MAX_TRAJECTORY_ROWS, DownsamplingRecorder
from app.engine.batching.fp_environment import batch_arithmetic
from app.engine.batching.learning_rates import Rates
from app.engine.batching.memory_slabs import concatenate_results, slabs
from app.engine.batching.recorder import Piece, Recorder, WholeRecorder
from app.engine.batching.step_chunk import Chunk
from app.engine.objectives.base import Objective, Scores
from app.engine.schedules.momentum_cycling import cycling
from app.engine.trajectories.result import BatchResult, Outcome

__all__ = ["Judge", "Run", "run_batch"]

# Called at a rung with the step and the values of all runs, (B,), nan for a run that has stopped. Returns
# which runs go on, (B,).
Judge: TypeAlias = Callable[[int, NDArray[np.float64]], NDArray[np.bool_]]

# A run has diverged once a loss exceeds this factor times max(1, |first loss|) in magnitude.
DIVERGENCE_FACTOR = 1e12
# Largest magnitude for any first loss; sums of squares of smaller losses do not overflow.
MAX_LOSS = 1e150
# Most steps between two checks for divergence, and so the most steps that a diverged row is continued.
_MAX_CHUNK_STEPS = 32
# Steps of a chunk if nothing is drawn: steps are then so short that the overhead of a chunk matters.
_UNDRAWN_CHUNK_STEPS = 64
_MAX_DRAWN_BYTES = 8_000_000  # most memory of drawn minibatches
_MAX_RUNGS = 100


def run_batch(
    objective: Objective,
    runs: Sequence[Run],
    *,
    steps: int,
    seed: int,
    dtype: type = np.float64,
    rungs: Sequence[int] = (),
    judge: Judge | None = None,
    record: bool = True,
) -> BatchResult:
    """Make `steps` updates of every run, and return the results.

    dtype: np.float32 or np.float64. rungs: steps, ascending and within 1 and steps - 1. All runs are measured
    at each rung, and `judge`, if given, says which go on. record: whether trajectories are kept.
    Without a judge a batch runs in slabs, so that a batch of any width needs little more memory than its
    results.
    Raises ValueError for an argument out of bounds, a batch size beyond the data, or a judge's answer of the
    wrong shape.
    """
    _check(runs, steps, dtype, rungs)
    _check_runs(objective, runs)
    if judge is not None:
        return _run(objective, runs, steps, seed, dtype, rungs, judge, record)
    parts = [runs[slab] for slab in slabs(objective, runs, dtype)]
    results = [_run(objective, part, steps, seed, dtype, rungs, None, record) for part in parts]
    return results[0] if len(results) == 1 else concatenate_results(results)


def _run(
    objective: Objective,
    runs: Sequence[Run],
    steps: int,
    seed: int,
    dtype: type,
    rungs: Sequence[int],
    judge: Judge | None,
    record: bool,
) -> BatchResult:
    """Run all runs at once, and return their results."""
    with batch_arithmetic():
        batch = _Batch(objective, runs, steps, seed, dtype, rungs, record)
    for number, rung in enumerate(rungs):
        with batch_arithmetic():
            batch.advance_to(rung)
            values = batch.measure_rung(number)
        if judge is not None and batch.goes_on:
            batch.prune(judge(rung, values.copy()), values)
    with batch_arithmetic():
        batch.advance_to(steps)
        return batch.finish()


def _check(runs: Sequence[Run], steps: int, dtype: type, rungs: Sequence[int]) -> None:
    if not runs:
        raise ValueError("a batch needs at least one run, got none")
    if steps < 1:
        raise ValueError(f"steps must be >= 1, got {steps}")
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    if any(low >= high for low, high in pairwise([0, *rungs, steps])):
        raise ValueError(f"rungs must ascend strictly between 0 and steps={steps}, got {list(rungs)}")
    if len(rungs) > _MAX_RUNGS:
        raise ValueError(f"at most {_MAX_RUNGS} rungs can be recorded, got {len(rungs)}")


def _check_runs(objective: Objective, runs: Sequence[Run]) -> None:
    for run in runs:
        if not run.settings.keys() <= objective.settings.keys():
            unknown = ", ".join(sorted(run.settings.keys() - objective.settings.keys()))
            known = ", ".join(objective.settings) or "none"
            raise ValueError(f"{unknown} is no setting of this objective; it has: {known}")
        optimizer = run.optimizer
        if optimizer.needs_full_batch and run.batch_size is not None:
            raise ValueError(f"{optimizer.kind} needs the full batch, got batch_size={run.batch_size}")
        if cycling(run.schedule) and optimizer.momentum_field is None:
            raise ValueError(f"{optimizer.kind} has no momentum that {run.schedule.kind} could cycle")
        if optimizer.needs_hessian and not objective.gives_hessian:
            raise ValueError(f"{optimizer.kind} needs a Hessian, which this objective does not give")


class _Batch:
    """A batch in progress, after update `step` of every run that goes on."""

    def __init__(
        self,
        objective: Objective,
        runs: Sequence[Run],
        steps: int,
        seed: int,
        dtype: type,
        rungs: Sequence[int],
        records: bool,
    ) -> None:
        self._objective = objective
        self._steps = steps
        self._rung_steps = np.array(rungs, dtype=np.int64)
        self._population = Population(objective, runs, seed, dtype, records)
        peaks = [run.optimizer.learning_rate for run in runs]
        self._rates = Rates([run.schedule for run in runs], peaks, steps)
        self._recorder = self._new_recorder(len(runs), dtype) if records else None
        self._running = np.ones(len(runs), dtype=np.bool_)  # which runs have not stopped
        self._limits = np.full(len(runs), np.inf)
        self._losses: Array = np.zeros(len(runs), dtype=dtype)  # of the last evaluation
        self._outcomes = [Outcome.COMPLETED] * len(runs)
        self._reasons: list[str | None] = [None] * len(runs)
        self._steps_done = np.full(len(runs), steps, dtype=np.int64)
        self._rung_values = np.full((len(runs), len(rungs)), np.nan)
        self._step = 0
        for problem in self._population.problems:
            problem.draw(1)
        for block in self._population.blocks():
            chunk = block.begin(self._destination(block, 0, 1))
            first = np.abs(chunk.losses[0].astype(np.float64))
            limits = DIVERGENCE_FACTOR * np.maximum(1.0, first)
            self._limits[block.rows] = np.minimum(limits, MAX_LOSS)
            self._take(block, 0, chunk)
        self._rates.observe(0, self._losses)
        self._drop_stopped()

    @property
    def goes_on(self) -> bool:
        """Return whether any run goes on."""
        return len(self._population) > 0

    def advance_to(self, stop: int) -> None:
        """Make the updates before `stop`, all blocks in step, so that they share the draws of a replicate."""
        while self._step < stop and self.goes_on:
            count = min(self._chunk_steps(), stop - self._step)
            for problem in self._population.problems:
                problem.draw(count)
            updates = np.arange(self._step, self._step + count)
            rates, momenta = self._rates.at(updates), self._rates.momenta_at(updates)
            for block in self._population.blocks():
                block_momenta = None if momenta is None else momenta[block.place]
                follower = self._rates.follower(block.rows)
                out = self._destination(block, self._step + 1, count)
                chunk = block.advance(self._step, rates[block.place], block_momenta, follower, out)
                self._take(block, self._step + 1, chunk)
                if follower is not None:
                    follower.finish()
            self._step += count
            self._drop_stopped()

    def measure_rung(self, number: int) -> NDArray[np.float64]:
        """Return the values of all runs after this step, (B,), nan for runs that have stopped."""
        scores = self._score(Block.score)
        values = scores[self._objective.metric]
        self._rung_values[:, number] = values
        return values

    def prune(self, keep: NDArray[np.bool_], values: NDArray[np.float64]) -> None:
        """End the runs that a judge does not keep; the answer for stopped runs is ignored."""
        keep = np.asarray(keep)
        if keep.shape != self._running.shape or keep.dtype != np.bool_:
            wanted = f"({len(self._running)},) of bool"
            raise ValueError(f"the judge must answer {wanted}, got {keep.shape} of {keep.dtype}")
        for row in np.flatnonzero(self._running & ~keep).tolist():
            value = f"{self._objective.metric} {values[row]:.6g}"
            self._stop(row, Outcome.PRUNED, self._step, f"pruned at step {self._step} with {value}")
        self._drop_stopped()

    def finish(self) -> BatchResult:
        """Return the results, after the last update."""
        metrics = self._score(Block.summarise)
        values = metrics[self._objective.metric]
        return BatchResult(
            outcomes=self._outcomes,
            values=values,
            metrics=metrics,
            steps_done=self._steps_done,
            rung_steps=self._rung_steps,
            rung_values=self._rung_values,
            reasons=self._reasons,
            trajectories=None if self._recorder is None else self._recorder.trajectories(self._rates),
        )

    def _new_recorder(self, runs: int, dtype: type) -> Recorder:
        dimension = self._objective.dimension
        if self._steps < MAX_TRAJECTORY_ROWS:
            return WholeRecorder(runs, self._steps, dtype=dtype, dimension=dimension)
        return DownsamplingRecorder(runs, self._steps, self._rung_steps, dimension, dtype)

    def _destination(self, block: Block, first: int, count: int) -> Chunk | None:
        """Return where the recorder takes the evaluations of a block, from step `first` on."""
        return None if self._recorder is None else self._recorder.destination(block.place, first, count)

    def _chunk_steps(self) -> int:
        """Return how many steps are drawn at once; results do not depend on this number."""
        drawn = sum(problem.bytes_per_step() for problem in self._population.problems)
        if drawn == 0:
            return _UNDRAWN_CHUNK_STEPS
        return min(max(_MAX_DRAWN_BYTES // drawn, 1), _MAX_CHUNK_STEPS)

    def _take(self, block: Block, first: int, chunk: Chunk) -> None:
        """Check the evaluations of a block, from step `first` on, for divergence, and record them."""
        losses, rows = chunk.losses, block.place
        is_bad = ~(np.abs(losses) <= self._limits[rows])
        diverged: NDArray[np.bool_] = np.any(is_bad, axis=0)
        valid = np.where(diverged, np.argmax(is_bad, axis=0) + 1, len(losses))
        self._losses[rows] = losses[-1]
        if self._recorder is not None:
            self._recorder.add(Piece(block.rows, rows, first, valid, diverged, chunk))
        for i in np.flatnonzero(diverged).tolist():
            last, row = int(valid[i]) - 1, int(block.rows[i])
            reason = _divergence(first + last, "loss", losses[last, i], self._limits[row])
            self._stop(row, Outcome.DIVERGED, first + last, reason)

    def _score(self, measure: Callable[[Block, Array], Scores]) -> Scores:
        """Measure all runs that go on, after this step; a run with a score beyond MAX_LOSS has diverged."""
        runs = len(self._running)
        scores: Scores = {self._objective.metric: np.full(runs, np.nan)}
        for block in self._population.blocks():
            for name, values in measure(block, self._losses[block.rows]).items():
                scores.setdefault(name, np.full(runs, np.nan))[block.rows] = values
        for name, values in scores.items():
            is_bad = ~(np.abs(values) <= MAX_LOSS)
            for row in np.flatnonzero(self._running & is_bad).tolist():
                reason = _divergence(self._step, name, values[row], MAX_LOSS)
                self._stop(row, Outcome.DIVERGED, self._step, reason)
        if self._recorder is not None and self.goes_on and "validation_loss" in scores:
            self._recorder.add_validation(self._step, scores["validation_loss"].copy())
        for values in scores.values():
            values[~self._running] = np.nan
        self._drop_stopped()
        return scores

    def _stop(self, row: int, outcome: Outcome, step: int, reason: str) -> None:
        if self._running[row]:
            self._running[row] = False
            self._outcomes[row] = outcome
            self._steps_done[row] = step
            self._reasons[row] = reason

    def _drop_stopped(self) -> None:
        """Drop the rows of stopped runs, which then cost nothing more."""
        self._population.keep(self._running)


def _divergence(step: int, name: str, value: float, limit: float) -> str:
    words = name.replace("_", " ")
    if not np.isfinite(value):
        return f"diverged at step {step}: the {words} is {value}"
    if value < 0.0:
        return f"diverged at step {step}: the {words} {value:.6g} is below the limit {-limit:.6g}"
    return f"diverged at step {step}: the {words} {value:.6g} is above the limit {limit:.6g}"
