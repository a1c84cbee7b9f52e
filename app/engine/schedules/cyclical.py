"""The cyclical schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.lengths import length, power, updates
from app.engine.schedules.momentum_cycling import MomentumCycling
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Cyclical(MomentumCycling):
    """Up from a low rate to the peak and down again, in triangles, which may shrink.

    Rule: factor(k) = l + (1 - l) s a, l = low_factor, with s = u / U for u <= U, else (P - u) / (P - U),
    where update k is number u of cycle i = floor(k / P), P = `period` of the horizon, U = `up_fraction` of P;
    a = 1 (triangular), 2^-i (triangular2) or gamma^k (exp_range)

    Source: Smith 2017, arXiv:1506.01186; PyTorch's CyclicLR with step_size_up U and step_size_down P - U.

    Deviation: P and U are whole updates, rounded half up and at least 1, so that one update of each cycle
    runs exactly at the top. gamma is per update, as in PyTorch, so it alone does not stretch with the
    horizon.

    Deviation: the momentum is cycled only if `cycle_momentum` is set; in PyTorch this is the default. The
    momentum max_momentum - (max_momentum - base_momentum) s a then replaces the optimizer's own.
    """

    kind: ClassVar[str] = "cyclical"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.CyclicLR(optimizer, low_factor * peak, peak,"
            " step_size_up=max(1, updates(up_fraction, length(period))),"
            " step_size_down=length(period) - max(1, updates(up_fraction, length(period))),"
            " mode=mode, gamma=gamma,"
            " cycle_momentum=cycle_momentum, base_momentum=base_momentum, max_momentum=max_momentum)",
        ),
    )

    low_factor: Annotated[
        float, Hyper("factor between the triangles", ge=0, le=1, search=(0.01, 0.5), log=True)
    ] = 0.25
    period: Annotated[
        float, Hyper("part of the horizon that a cycle takes", gt=0, le=1, search=(0.05, 0.5))
    ] = 0.25
    up_fraction: Annotated[float, Hyper("part of a cycle that rises", ge=0, le=1, search=(0.1, 0.9))] = 0.5
    mode: Annotated[
        str,
        Hyper("how the triangles shrink", choices=("triangular", "triangular2", "exp_range")),
    ] = "triangular"
    gamma: Annotated[
        float, Hyper("in mode exp_range, the ratio from update to update", gt=0, le=1, search=(0.99, 1.0))
    ] = 1.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return triangles on the low factor."""
        low = self.low_factor
        return np.asarray(low + (1.0 - low) * self._heights(k, horizon))

    def momentum_body(self, k: Array, horizon: Any) -> Array:
        """Return triangles that point down from the highest momentum."""
        base, most = self.base_momentum, self.max_momentum
        return np.asarray(most - (most - base) * self._heights(k, horizon))

    def _heights(self, k: Array, horizon: Any) -> Array:
        """Return s a of the rule: triangles of whole updates, from 0 to at most 1."""
        period = length(self.period, horizon)
        up = np.maximum(updates(self.up_fraction, period), 1.0)
        cycle = np.floor(k / period)
        inside = k - cycle * period
        heights = np.where(inside <= up, inside / up, (period - inside) / np.maximum(period - up, 1.0))
        mode = np.asarray(self.mode)
        heights *= np.where(mode == "triangular2", power(2.0, -cycle), 1.0)
        heights *= np.where(mode == "exp_range", power(self.gamma, k), 1.0)
        return np.asarray(heights)
