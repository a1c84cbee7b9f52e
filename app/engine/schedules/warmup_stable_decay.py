"""The warmup-stable-decay schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import FinalFactor
from app.engine.schedules.lengths import half_cosine, length
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class WarmupStableDecay(Schedule):
    """The peak until a cooldown at the end, so that one run can branch into cooldowns at several lengths.

    Rule: factor(k) = 1 for k < T - D, then f + (1 - f) c(q) with q = (k - T + D) / D, f = final_factor,
    D = `decay_fraction` of the horizon; c(q) = 1 - q (linear), 1 - sqrt(q) or (1 + cos(pi q)) / 2 (cosine)

    Source: Hu et al. 2024, arXiv:2404.06395; Hägele et al. 2024, arXiv:2405.18392, whose cooldown is the
    default; transformers' `get_wsd_schedule`.

    Deviation: transformers cools down by a cosine by default, and its min_lr_ratio raises the start of the
    warmup too.
    """

    kind: ClassVar[str] = "warmup_stable_decay"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="transformers.get_wsd_schedule(optimizer, num_warmup_steps=0,"
            " num_decay_steps=length(decay_fraction), num_stable_steps=horizon - length(decay_fraction),"
            " decay_type=shape, min_lr_ratio=final_factor)",
            distribution="transformers",
            version="5.23.0",
        ),
    )

    decay_fraction: Annotated[
        float, Hyper("part of the horizon that the cooldown takes", gt=0, le=1, search=(0.05, 0.5))
    ] = 0.2
    shape: Annotated[str, Hyper("shape of the cooldown", choices=("1-sqrt", "linear", "cosine"))] = "1-sqrt"
    final_factor: FinalFactor = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return one, then a cooldown."""
        decay = length(self.decay_fraction, horizon)
        progress = np.clip((k - (horizon - decay)) / decay, 0.0, 1.0)
        shape, final = np.asarray(self.shape), self.final_factor
        cooldown = np.where(
            shape == "cosine",
            half_cosine(progress),
            1.0 - np.where(shape == "linear", progress, np.sqrt(progress)),
        )
        return np.asarray(final + (1.0 - final) * cooldown)
