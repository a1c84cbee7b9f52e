"""A test function as an objective, with optional noise on its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from app.engine.arrays import Array
from app.engine.objectives.base import Problem, Scores, Workspace
from app.engine.objectives.functions import Function
from app.engine.seeds import Purpose, stream

METRIC = "loss"
_OPERATIONS_PER_PARAMETER = 24.0  # value, gradient and an adaptive optimizer
# Up to this dimension the positions of a chunk fit the cache, and all of their losses are computed at once.
_PUT_OFF_UP_TO = 10


@dataclass(frozen=True, kw_only=True)
class FunctionObjective:
    """Minimises `function` in `dimension` parameters from `start` (None: the function's own).

    noise: standard deviation of Gaussian noise added to each component of the gradient. One draw a step is
    shared by all rows of a replicate. Losses and values are exact.
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
        """Without noise."""
        return self.noise == 0.0

    @property
    def metric(self) -> str:
        """The exact loss."""
        return METRIC

    @property
    def uses_minibatches(self) -> bool:
        """Never."""
        return False

    @property
    def gives_hessian(self) -> bool:
        """In few dimensions."""
        return self.dimension <= self.function.hessian_dimension

    def cost(self, batch_size: int | None) -> float:
        """Linear in the dimension."""
        return _OPERATIONS_PER_PARAMETER * self.dimension

    def problem(self, seed: int, replicate: int, batch_size: int | None, dtype: type) -> Problem:
        """The start, and the stream of noise."""
        if batch_size is not None:
            raise ValueError(f"a function has no minibatches, got batch_size={batch_size}; leave it out")
        start = self.function.default_start(self.dimension) if self.start is None else np.array(self.start)
        noise = stream(seed, Purpose.NOISE, replicate) if self.noise > 0.0 else None
        return FunctionProblem(start.astype(dtype), self.noise, noise)

    def workspace(self, problems: Sequence[Problem], x: Array, g: Array) -> Workspace:
        """Rows of any replicates."""
        return FunctionWorkspace(self.function, problems, x, g)

    def row_bytes(self, batch_size: int | None, dtype: type) -> int:
        """About six temporaries."""
        return 6 * self.dimension * np.dtype(dtype).itemsize


class FunctionProblem(Problem):
    """The start and the noise of one replicate."""

    def __init__(self, start: Array, noise: float, generator: np.random.Generator | None) -> None:
        self._start = start
        self._noise = noise
        self._generator = generator
        self.drawn: Array | None = None  # (S, D), None without noise

    def start(self) -> Array:
        """(D,)"""
        return self._start

    def draw(self, steps: int) -> None:
        """One (D,) draw a step, in double precision whatever the dtype of the run."""
        if self._generator is not None:
            drawn = self._generator.standard_normal((steps, self._start.size))
            self.drawn = (drawn * self._noise).astype(self._start.dtype)

    def bytes_per_step(self) -> int:
        """A draw in double precision."""
        return 8 * self._start.size if self._generator is not None else 0


class FunctionWorkspace(Workspace):
    """Values and gradients of a function, with the noise of each row's replicate."""

    def __init__(self, function: Function, problems: Sequence[Problem], x: Array, g: Array) -> None:
        self._function = function
        self._x = x
        self._g = g
        self._sections: list[tuple[FunctionProblem, Array]] = []
        first = 0
        for _, same in groupby(problems, key=id):
            members = list(same)
            problem = members[0]
            assert isinstance(problem, FunctionProblem)
            self._sections.append((problem, g[first : first + len(members)]))
            first += len(members)

    @property
    def puts_off_losses(self) -> bool:
        """In few dimensions."""
        return bool(self._x.shape[1] <= _PUT_OFF_UP_TO)

    def evaluate(self, drawn: int, losses: Array) -> None:
        """The gradient with noise, and the loss unless it is put off."""
        if not self.puts_off_losses:
            losses[...] = self._function.value(self._x)
        self._function.gradient(self._x, self._g)
        for problem, gradients in self._sections:
            if problem.drawn is not None:
                np.add(gradients, problem.drawn[drawn], out=gradients)

    def settle(self, positions: Array, losses: Array) -> None:
        """The exact losses of all positions at once."""
        flat = self._function.value(positions.reshape(-1, positions.shape[-1]))
        losses[...] = flat.reshape(losses.shape)

    def fill_hessians(self, rows: slice, hessians: Array) -> None:
        """Those of the function; noise has none."""
        hessians[...] = self._function.hessian(self._x[rows].astype(np.float64))

    def score(self, losses: Array | None) -> Scores:
        """The exact loss."""
        exact = self._function.value(self._x) if losses is None else losses
        return {METRIC: exact.astype(np.float64)}

    def summarise(self, losses: Array | None) -> Scores:
        """The exact loss."""
        return self.score(losses)
