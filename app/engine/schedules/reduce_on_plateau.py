"""The schedule that reduces on a plateau."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array, State
from app.engine.hyper import Hyper
from app.engine.schedules.fields import Drop
from app.engine.schedules.lengths import length, updates
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class ReduceOnPlateau(LossDriven):
    """Drops by `factor` if the training loss has not improved for a while, by PyTorch's rule.

    Rule: a loss below best - threshold |best| is the new best; after more than p others in a row, the factor
    becomes max(factor * current, min_factor), and the c updates after it do not count; p = `patience` and
    c = `cooldown` of the horizon in updates

    Source: PyTorch's ReduceLROnPlateau in mode "min" with a relative threshold, stepped once an update with
    the training loss that the update saw; the factor of update k depends on those before it.

    Deviation: PyTorch requires a loss below (1 - threshold) best, which is the same for a best above zero.
    For a best below zero, PyTorch counts a loss that is a little higher as an improvement and never reduces.

    Deviation: other packages give other rates on equal losses. optax and Keras reduce at the p-th loss
    without improvement, not after it. Keras also has an absolute threshold and counts differently after the
    cooldown.

    Deviation: no reduction is too small to be made; PyTorch leaves out those below its eps. Losses of the
    warmup do not count. A run of several replicates has separate rates in each.
    """

    kind: ClassVar[str] = "reduce_on_plateau"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor,"
            " patience=length(patience), threshold=threshold, cooldown=updates(cooldown),"
            " min_lr=min_factor * peak, eps=0)",
            needs="factor < 1",
        ),
    )

    factor: Drop = 0.1
    patience: Annotated[
        float,
        Hyper(
            "part of the horizon without improvement before a drop", gt=0, le=1, search=(0.01, 0.2), log=True
        ),
    ] = 0.05
    threshold: Annotated[
        float, Hyper("part of the best loss by which a loss must improve", ge=0, lt=1, search=(0.0, 0.01))
    ] = 1e-4
    cooldown: Annotated[
        float,
        Hyper("part of the horizon after a drop in which no loss counts", ge=0, le=1, search=(0.0, 0.1)),
    ] = 0.0
    min_factor: Annotated[float, Hyper("smallest factor", ge=0, le=1, search=(0.0, 0.1))] = 0.0

    def begin(self, rows: int) -> State:
        """Return the state before any loss: no best loss, and no waiting."""
        zeros = np.zeros((rows, 1))
        return {"factor": zeros + 1.0, "best": zeros + np.inf, "bad": zeros, "cooldown": zeros}

    def observe(self, k: Array, loss: Array, horizon: Any, state: State) -> State:
        """Return the state after PyTorch's `step(loss)`, in its order."""
        # best * (1 -+ threshold), since best - threshold |best| would be nan for the first, infinite best.
        best = state["best"]
        improves = loss < best * (1.0 - self.threshold * np.sign(best))
        cools = state["cooldown"] > 0.0
        bad = np.where(improves | cools, 0.0, state["bad"] + 1.0)
        drops = bad > length(self.patience, horizon)
        dropped = np.maximum(state["factor"] * self.factor, self.min_factor)
        waited = np.where(cools, state["cooldown"] - 1.0, state["cooldown"])
        return {
            "factor": np.where(drops, dropped, state["factor"]),
            "best": np.where(improves, loss, best),
            "bad": np.where(drops, 0.0, bad),
            "cooldown": np.where(drops, updates(self.cooldown, horizon), waited),
        }
