"""Ratings of items by users, most of which are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.data.dataset import Data
from app.data.generated.base import Generated
from app.data.generated.draws import rounded

_USERS, _ITEMS, _RANK = 300, 200, 3
_MEAN, _LOWEST, _HIGHEST = 3.4, 1.0, 5.0  # stars
_BIAS, _FACTOR, _NOISE = 0.4, 0.7, 0.4  # standard deviations, in stars


@dataclass(frozen=True, kw_only=True)
class Ratings(Generated):
    """Ratings of 1 to 5 stars that 300 users gave to 200 items: 12,000 of all 60,000 pairs.

    Rule: 3.4 + 0.4 (b + c) + 0.7 u . v / sqrt(3) + 0.4 N(0, 1), rounded to whole stars and cut at 1 and 5;
    b, c and the three factors u and v of each user and item ~ N(0, 1). Which pairs there are is drawn without
    repetition, items in proportion to 1 / sqrt(k), k = 1 ... 200: the first has 252 ratings, the last ten
    some 30 each.

    Source: the model of Koren, Bell & Volinsky 2009, doi:10.1109/MC.2009.263; the pairs are drawn as in
    Efraimidis & Spirakis 2006, doi:10.1016/j.ipl.2005.11.003.
    """

    kind: ClassVar[str] = "ratings"
    seed: ClassVar[int] = 2009
    objective: ClassVar[str] = "factorization"
    rows: ClassVar[int] = 12_000
    features: ClassVar[int] = 2
    form: ClassVar[str] = "pairs"
    sizes: ClassVar[tuple[int, ...]] = (_USERS, _ITEMS)

    def generate(self, random: np.random.RandomState) -> Data:
        """Draw ratings for all pairs, and return the pairs that have one of the shortest waiting times.

        The waiting times are exponential with the mean sqrt(k) for item k. This draws pairs without
        repetition, in proportion to 1 / sqrt(k).
        """
        users, items = random.normal(size=(_USERS, _RANK + 1)), random.normal(size=(_ITEMS, _RANK + 1))
        agreement = users[:, 1:] @ items[:, 1:].T / np.sqrt(_RANK)
        ratings = _MEAN + _BIAS * (users[:, :1] + items[:, 0]) + _FACTOR * agreement
        ratings += _NOISE * random.normal(size=ratings.shape)
        stars = np.clip(np.round(rounded(ratings)), _LOWEST, _HIGHEST)
        waiting_times = -np.log(random.uniform(size=stars.shape)) * np.sqrt(np.arange(1, _ITEMS + 1))
        drawn = np.sort(np.argsort(rounded(waiting_times), axis=None, kind="stable")[: self.rows])
        pairs = np.stack(np.unravel_index(drawn, stars.shape), axis=1).astype(np.int64)
        return Data(pairs, stars[pairs[:, 0], pairs[:, 1]], None)
