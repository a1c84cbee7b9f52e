"""The one-cycle schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.lengths import half_cosine, length
from app.engine.schedules.momentum_cycling import BASE_MOMENTUM, MAX_MOMENTUM, MomentumCycling
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class OneCycle(MomentumCycling):
    """Rises to the peak and falls far below the first rate; super-convergence at a high peak.

    Rule: with n = `peak_fraction` of the horizon, from `initial_factor` at k = 0 to 1 at k = n - 1, then to
    `final_factor` at k = T - 1 (two phases), or to `initial_factor` at k = 2 n - 2 and to `final_factor` at
    k = T - 1 (three phases); each phase is half a cosine or a line

    Source: Smith & Topin 2018, arXiv:1708.07120; PyTorch's OneCycleLR with div_factor =
    1 / initial_factor and final_div_factor = initial_factor / final_factor, whose defaults these are.

    Deviation: n is rounded half up to whole updates, so that one update runs exactly at the peak; PyTorch's
    phases end at the fraction pct_start T - 1. Three phases need 2 n - 2 <= T - 1, which bounds n. With
    n = 1 the first update is at the peak; PyTorch divides by zero.

    Deviation: the momentum is cycled only if `cycle_momentum` is set; in PyTorch this is the default. The
    momentum then goes from `max_momentum` to `base_momentum` and back, by the same phases, in place of the
    optimizer's own; with three phases it stays at `max_momentum` in the last phase.

    Deviation: optax peaks at pct_start T and ends at T; fastai ends at 1e-5 of the peak.
    """

    kind: ClassVar[str] = "one_cycle"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=peak, total_steps=horizon,"
            " pct_start=length(peak_fraction) / horizon, three_phase=phases == 3,"
            " anneal_strategy={'cosine': 'cos', 'linear': 'linear'}[shape], cycle_momentum=cycle_momentum,"
            " base_momentum=base_momentum, max_momentum=max_momentum,"
            " div_factor=1 / initial_factor, final_div_factor=initial_factor / final_factor)",
            needs="length(peak_fraction) > 1 and initial_factor > 0 and final_factor > 0"
            " and length(peak_fraction) < horizon"
            " and (phases == 2 or 2 * length(peak_fraction) < horizon + 1)",
        ),
    )

    initial_factor: Annotated[float, Hyper("factor of update 0", ge=0, le=1, search=(0.01, 0.5))] = 0.04
    peak_fraction: Annotated[
        float, Hyper("part of the horizon that the rise takes", gt=0, le=1, search=(0.1, 0.5))
    ] = 0.3
    final_factor: Annotated[
        float, Hyper("factor of the last update", ge=0, le=1, search=(1e-6, 0.1), log=True)
    ] = 4e-6
    phases: Annotated[
        int, Hyper("2: up, down; 3: up, down to the first rate, further down", ge=2, le=3, search=(2, 3))
    ] = 2
    shape: Annotated[str, Hyper("shape of each phase", choices=("cosine", "linear"))] = "cosine"
    base_momentum: Annotated[float, BASE_MOMENTUM] = 0.85
    max_momentum: Annotated[float, MAX_MOMENTUM] = 0.95

    def body(self, k: Array, horizon: Any) -> Array:
        """Return factors from the start to the peak, to the end of phase two, and to the last update."""
        bottom = np.where(np.asarray(self.phases) == 3, self.initial_factor, self.final_factor)
        return self._through(k, horizon, self.initial_factor, 1.0, bottom, self.final_factor)

    def momentum_body(self, k: Array, horizon: Any) -> Array:
        """Return momenta that move in the opposite direction."""
        base, most = self.base_momentum, self.max_momentum
        return self._through(k, horizon, most, base, most, most)

    def _through(self, k: Array, horizon: Any, first: Any, peak: Any, bottom: Any, last: Any) -> Array:
        """Return values that pass the four given values at the ends of the phases.

        Arguments are scalars or (B, 1) columns.
        """
        has_three = np.asarray(self.phases) == 3
        rise = length(self.peak_fraction, horizon)
        top = np.where(has_three, np.minimum(rise, np.floor((horizon + 1.0) / 2.0)), rise) - 1.0
        end = horizon - 1.0
        turn = np.where(has_three, 2.0 * top, end)
        up = self._phase(k, 0.0, top, first, peak)
        falls = self._phase(k, top, turn, peak, bottom)
        ends = self._phase(k, turn, end, bottom, last)
        return np.where(k < top, up, np.where(k <= turn, falls, ends))

    def _phase(self, k: Array, start: Any, stop: Any, before: Any, after: Any) -> Array:
        """Return values from `before` at update `start` to `after` at `stop`.

        Arguments are scalars or (B, 1) columns.
        """
        progress = (k - start) / np.maximum(stop - start, 1.0)
        is_cosine = np.asarray(self.shape) == "cosine"
        weight = np.where(is_cosine, half_cosine(progress), 1.0 - progress)
        return np.asarray(after + (before - after) * weight)
