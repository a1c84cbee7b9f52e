"""A test function as an objective, with optional noise on its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from app.engine.arrays import Array
from app.engine.objective_columns import Settings
from app.engine.objectives.base import Problem, Scores, Workspace
from app.engine.objectives.functions import Function
from app.engine.seeds import Purpose, stream

METRIC = "loss"
_OPERATIONS_PER_PARAMETER = 24.0  # of value, gradient and an adaptive optimizer
# Largest dimension for which the positions of a chunk fit into the cache; all their losses are then computed
# at once.
_MAX_DEFERRED_DIMENSION = 10


@dataclass(frozen=True, kw_only=True)
class FunctionObjective:
    """The objective that minimises `function` in `dimension` parameters from `start`.

    start: None for the start that the function names. noise: standard deviation of Gaussian noise added to
    each component of the gradient. One draw per step is shared by all rows of a replicate. Losses and values
    are exact.
    """

    function: Function
    dimension: int
    start: tuple[float, ...] | None = None
    noise: float = 0.0

    def __post_init__(self) -> None:
        self.function.check_dimension(self.dimension)
        if self.start is not None and len(self.start) != self.dimension:
            raise ValueError(
                f"start has {len(self.start)} values, but dimension is {self.dimension}; make them equal"
            )
        if not self.noise >= 0.0:
            raise ValueError(f"noise must be >= 0, got {self.noise}; it is a standard deviation")

    @property
    def deterministic(self) -> bool:
        """Return whether nothing is drawn: no noise, and the whole gradient at every step."""
        return self.noise == 0.0 and self.function.frequencies(self.dimension) is None

    @property
    def metric(self) -> str:
        """Return the name of the exact loss."""
        return METRIC

    @property
    def gives_hessian(self) -> bool:
        """Return whether the dimension is small enough for Hessians."""
        return self.dimension <= self.function.hessian_dimension

    @property
    def settings(self) -> Mapping[str, float]:
        """Return no settings: the runs of a function differ in their optimizers and schedules alone."""
        return {}

    def cost(self, batch_size: int | None) -> float:
        """Return the estimated operations, linear in the dimension."""
        return _OPERATIONS_PER_PARAMETER * self.dimension

    def problem(self, seed: int, replicate: int, batch_size: int | None, dtype: type) -> Problem:
        """Return the start and the draws of one replicate."""
        if batch_size is not None:
            raise ValueError(f"a function has no minibatches, got batch_size={batch_size}; leave it out")
        start = self.function.default_start(self.dimension) if self.start is None else np.array(self.start)
        return FunctionProblem(self.function, start.astype(dtype), self.noise, seed, replicate)

    def workspace(
        self, problems: Sequence[Problem], x: Array, g: Array, settings: Settings | None = None
    ) -> Workspace:
        """Return the arithmetic of rows of any replicates."""
        return FunctionWorkspace(self.function, problems, x, g)

    def row_bytes(self, batch_size: int | None, dtype: type) -> int:
        """Return the memory of about six temporary arrays."""
        return 6 * self.dimension * np.dtype(dtype).itemsize


class FunctionProblem(Problem):
    """The start of one replicate, and the draws of its steps, shared by all rows of the replicate.

    Noise and sparsity have a stream each, so that neither depends on the presence of the other.
    """

    def __init__(self, function: Function, start: Array, noise: float, seed: int, replicate: int) -> None:
        self._function = function
        self._start = start
        self._noise = noise
        self._frequencies = function.frequencies(start.size)
        self._noise_stream = stream(seed, Purpose.NOISE, replicate)
        self._sparsity_stream = stream(seed, Purpose.SPARSITY, replicate)
        self._first = 0  # step of the next draw
        self.noise: Array | None = None  # (S, D) to add to gradients
        self.shares: Array | None = None  # (S, D) factors of gradients before noise: 1 / frequency or 0
        self.centres: Array | None = None  # (S, D) where the origin of the function lies

    @property
    def is_exact(self) -> bool:
        """Return whether every gradient equals that of the function."""
        return self._noise == 0.0 and self._frequencies is None

    def start(self, settings: Mapping[str, float] | None = None) -> Array:
        """Return the start: (D,)."""
        return self._start

    def draw(self, steps: int) -> None:
        """Draw noise, shares and centres, (D,) each per step, in double precision for runs of any dtype."""
        shape, dtype = (steps, self._start.size), self._start.dtype
        noise = self._noise_stream.standard_normal(shape) * self._noise if self._noise > 0.0 else None
        if self._frequencies is not None:
            drawn = self._sparsity_stream.random(shape) < self._frequencies
            self.shares = (drawn / self._frequencies).astype(dtype)
            noise = None if noise is None else noise * drawn
        centres = self._function.centres(self._first, steps, self._start.size)
        self.noise = None if noise is None else noise.astype(dtype)
        self.centres = None if centres is None else centres.astype(dtype)
        self._first += steps

    def bytes_per_step(self) -> int:
        """Return the memory of one step's draws in double precision."""
        draws = (self._noise > 0.0, self._frequencies is not None, self.centres is not None)
        return 8 * self._start.size * sum(draws)


class FunctionWorkspace(Workspace):
    """Values and gradients of a function, with the draws of each row's replicate."""

    def __init__(self, function: Function, problems: Sequence[Problem], x: Array, g: Array) -> None:
        self._function = function
        self._x = x
        self._g = g
        self._sections: list[tuple[FunctionProblem, slice, Array]] = []  # neighbours of one replicate
        first = 0
        for _, same in groupby(problems, key=id):
            members = list(same)
            problem = members[0]
            assert isinstance(problem, FunctionProblem)
            rows = slice(first, first + len(members))
            self._sections.append((problem, rows, g[rows]))
            first = rows.stop
        self._moves = function.centres(0, 1, x.shape[1]) is not None
        self._is_exact = all(problem.is_exact for problem, _, _ in self._sections)

    @property
    def defers_losses(self) -> bool:
        """Return whether the dimension is small enough to defer the losses."""
        return bool(self._x.shape[1] <= _MAX_DEFERRED_DIMENSION)

    def evaluate(self, drawn: int, losses: Array) -> None:
        """Fill the gradients with noise and shares applied, and the losses unless they are deferred."""
        x = self._centred(self._x, drawn) if self._moves else self._x
        if not self.defers_losses:
            losses[...] = self._function.value(x)
        self._function.gradient(x, self._g)
        if self._is_exact:
            return
        for problem, _, gradients in self._sections:
            if problem.shares is not None:
                np.multiply(gradients, problem.shares[drawn], out=gradients)
            if problem.noise is not None:
                np.add(gradients, problem.noise[drawn], out=gradients)

    def fill_deferred_losses(self, drawn: int, positions: Array, losses: Array) -> None:
        """Fill in the exact losses of all positions at once."""
        centred = self._centred(positions, slice(drawn, drawn + len(positions)))
        # Rows of a history may be apart in memory, where transcendental functions give other last bits.
        points = np.ascontiguousarray(centred.reshape(-1, positions.shape[-1]))
        flat = self._function.value(points)
        losses[...] = flat.reshape(losses.shape)

    def fill_hessians(self, rows: slice, hessians: Array) -> None:
        """Fill in the Hessians of the function; noise has no curvature."""
        hessians[...] = self._function.hessian(self._x[rows].astype(np.float64))

    def score(self, losses: Array | None) -> Scores:
        """Return the loss without noise, with the origin of the function at its last position."""
        exact = self._function.value(self._centred(self._x, -1)) if losses is None else losses
        return {METRIC: exact.astype(np.float64)}

    def summarise(self, losses: Array | None) -> Scores:
        """Return the exact loss."""
        return self.score(losses)

    def _centred(self, points: Array, drawn: int | slice) -> Array:
        """Return points, (..., B, D), relative to the origin of the function at their draws.

        drawn: one draw for all points, or a slice with one draw per entry of the first axis.
        """
        if not self._moves:
            return points
        moved = np.empty_like(points)
        for problem, rows, _ in self._sections:
            assert problem.centres is not None
            centres = problem.centres[drawn][..., np.newaxis, :]
            np.subtract(points[..., rows, :], centres, out=moved[..., rows, :])
        return moved
