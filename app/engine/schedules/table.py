"""The table schedule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Le, Len

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.lists import lengths, padded
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Table(Schedule):
    """Any list of factors, interpolated to the horizon: for refined, recorded or hand-drawn schedules.

    Rule: factor(k) = the list at position k (L - 1) / (T - 1), on the line between its two neighbours, for a
    list of L factors; a list as long as the horizon is used unchanged

    Source: linear interpolation, as numpy.interp; d2l.ai, section 12.11, for schedules as plain functions.

    Deviation: the first factor belongs to update 0 and the last factor to the last update; a horizon of one
    update uses the first factor.
    """

    kind: ClassVar[str] = "table"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="lambda k: peak * numpy.interp(k * (len(factors) - 1) / max(horizon - 1, 1),"
            " numpy.arange(len(factors)), factors)",
            distribution="numpy",
            version="",
        ),
    )

    factors: Annotated[
        tuple[Annotated[float, Ge(0), Le(1)], ...],
        Len(1, 10_000),
        Hyper("factors of the peak, from the first update to the last"),
    ] = (1.0, 0.0)

    def body(self, k: Array, horizon: Any) -> Array:
        """Return the two neighbours of each position, weighted by distance."""
        factors, last = self._factors, lengths(self.factors) - 1.0
        position = k * last / np.maximum(horizon - 1.0, 1.0)
        before = np.floor(position)
        after = np.minimum(before + 1.0, last)
        low, high = (_pick(factors, index.astype(np.intp)) for index in (before, after))
        return np.asarray(low + (position - before) * (high - low))

    @cached_property
    def _factors(self) -> Array:
        return padded(self.factors, 0.0)


def _pick(factors: Array, index: Any) -> Array:
    """Return the factors at index, (n,) of (L,) or (B, n) of (B, L)."""
    if factors.ndim == 1:
        return np.asarray(factors[index])
    return np.asarray(np.take_along_axis(factors, index, axis=1))
