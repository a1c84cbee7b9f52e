"""L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.base import Optimizer
from app.engine.optimizers.fields import LEARNING_RATE
from app.engine.optimizers.reference import Reference

_MIN_CURVATURE = 1e-10  # y s of a pair that is stored must exceed this, as in PyTorch
_SOURCE = '''
class LBFGS(torch.optim.LBFGS):
    """One update a step, along the gradients that are there: it needs no closure."""

    def step(self, closure=None):
        loss = None if closure is None else torch.enable_grad()(closure)()
        super().step(lambda: 0.0)
        return loss
'''


@dataclass(frozen=True, kw_only=True)
class LBFGS(Optimizer):
    """A quasi-Newton step: curvature from the last pairs of steps and changes of the gradient.

    Rule: p = -H g by the two-loop recursion over the last pairs s = step, y = change of g, from
    H_0 = (y s / y y) I; pairs with y s <= 1e-10 are left out;  x += learning_rate p, where the first update
    has p = -g min(1, 1 / |g|_1); an update whose g is zero is left out

    Source: Liu & Nocedal 1989, doi:10.1007/BF01589116; as `torch.optim.LBFGS` with max_iter=1.

    Deviation: no line search, as in PyTorch's default, so that one update costs one gradient. PyTorch's
    tolerances, which stop a step, are zero here; PyTorch stores 100 pairs by default. L-BFGS needs the full
    batch: differences between gradients of different minibatches do not measure curvature.
    """

    kind: ClassVar[str] = "lbfgs"
    needs_full_batch: ClassVar[bool] = True
    reference: ClassVar[Reference | None] = Reference(
        source=_SOURCE,
        call=(
            "LBFGS(parameters, lr=PEAK, max_iter=1, history_size={history_size},"
            " tolerance_grad=0.0, tolerance_change=0.0)"
        ),
        attributes=("_params", "_numel_cache"),
    )

    learning_rate: Annotated[
        float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-2, 2.0), log=True, searched=True)
    ] = 1.0
    history_size: Annotated[int, Hyper("number of stored pairs", ge=1, le=100, search=(3, 30))] = 10

    def init(self, x: Array) -> State:
        """Return an empty history: a ring of pairs for each row.

        `rho`, which is 1 / (y s), is zero for a pair that is not written yet.
        """
        rows, dimension = x.shape
        most = int(np.max(self.history_size))
        return {
            "steps": np.zeros_like(x, shape=(rows, most, dimension)),
            "changes": np.zeros_like(x, shape=(rows, most, dimension)),
            "rho": np.zeros_like(x, shape=(rows, most)),
            "pairs": np.zeros((rows, 1)),  # how many each row has stored so far
            "scale": np.ones_like(x, shape=(rows, 1)),
            "step": np.zeros_like(x),
            "gradient": np.zeros_like(x),
            "starts": np.ones((rows, 1)),  # 1 until a row has a gradient that is not zero
        }

    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply the two-loop recursion; the number of passes grows with the history."""
        rate = learning_rate[:, :1].astype(x.dtype)
        np.abs(g, out=work)
        total = np.vecdot(work, np.ones_like(work[0]))[:, np.newaxis]
        moves, starts = total != 0.0, state["starts"] > 0.0
        first = g * -np.minimum(1.0, 1.0 / np.where(moves, total, 1.0)).astype(x.dtype)
        self._remember(g, (moves & ~starts)[:, 0], state)
        step = np.where(starts, first, self._direction(g, state)) * rate
        # As in PyTorch an update whose gradient is zero is skipped, and does not count.
        np.copyto(state["step"], step, where=moves)
        np.copyto(state["gradient"], g, where=moves)
        np.add(x, step, out=x, where=moves)
        state["starts"][moves] = 0.0

    def state_size(self, dimension: int) -> int:
        """Return the count for two arrays per pair."""
        return (6 + 2 * int(self.history_size)) * dimension

    def extra_cost(self, dimension: int) -> float:
        """Return the cost of four passes of two operations per pair."""
        return 8.0 * self.history_size * dimension

    def _remember(self, g: Array, due: NDArray[np.bool_], state: State) -> None:
        """Store the last step and the change of the gradient in the ring of each due row with y s > 0.

        The product y s must exceed _MIN_CURVATURE. due: (B,).
        """
        change, step = g - state["gradient"], state["step"]
        curvature = np.vecdot(change, step)
        rows = np.flatnonzero(due & (curvature > _MIN_CURVATURE))
        slots = self._slots(state, 0)[rows]
        state["steps"][rows, slots] = step[rows]
        state["changes"][rows, slots] = change[rows]
        state["rho"][rows, slots] = 1.0 / curvature[rows]
        state["scale"][rows, 0] = curvature[rows] / np.vecdot(change, change)[rows]
        state["pairs"][rows] += 1.0

    def _direction(self, g: Array, state: State) -> Array:
        """Return -H g, (B, D). A missing pair has rho = 0 and changes nothing, for any length of history."""
        rows = np.arange(len(g))
        pairs = [self._slots(state, back) for back in range(1, 1 + int(np.max(self._kept(state))))]
        direction = -g
        parts: list[Array] = []
        for slots in pairs:
            part = np.vecdot(state["steps"][rows, slots], direction) * self._rho(
                state, rows, slots, len(parts)
            )
            parts.append(part)
            direction -= state["changes"][rows, slots] * part[:, np.newaxis]
        direction *= state["scale"]
        for back in reversed(range(len(pairs))):
            slots = pairs[back]
            other = np.vecdot(state["changes"][rows, slots], direction) * self._rho(state, rows, slots, back)
            direction += state["steps"][rows, slots] * (parts[back] - other)[:, np.newaxis]
        return direction

    def _slots(self, state: State, back: int) -> NDArray[np.intp]:
        """Return the position in each row's ring of the pair before the last `back` written pairs: (B,)."""
        size = np.broadcast_to(np.asarray(self.history_size)[..., 0], len(state["pairs"]))
        return np.asarray((state["pairs"][:, 0] - back) % size, dtype=np.intp)

    def _kept(self, state: State) -> Array:
        """Return how many pairs each row stores: (B,)."""
        kept: Array = np.minimum(state["pairs"][:, 0], np.asarray(self.history_size)[..., 0])
        return kept

    def _rho(self, state: State, rows: NDArray[np.intp], slots: NDArray[np.intp], back: int) -> Array:
        """Return 1 / (y s) of a pair of each row, zero if the row does not store that many pairs."""
        return np.asarray(
            np.where(back < self._kept(state), state["rho"][rows, slots], 0.0), dtype=state["rho"].dtype
        )
