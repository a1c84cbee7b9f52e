"""Quasi-Monte Carlo: a scrambled Halton sequence, by the number of the trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration
from app.engine.seeds import Purpose, stream
from app.spec.values import Scalar
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.space.distributions import Distribution, Pick
from app.tuning.space.unit_cube import Floats, at_quantile, external

BITS = 52  # binary digits of a point: as many as a double holds


@dataclass(frozen=True, kw_only=True)
class Qmc(Sampler):
    """Quasi-Monte Carlo: trial k has point k, its first parameter the first dimension, and so on.

    So parameters that never occur together share a dimension, and the points that choose an optimizer are
    spread evenly over the parameters of that optimizer.
    """

    kind = "qmc"
    reads_past: ClassVar[bool] = False

    def ask(self, ask: Ask) -> list[Configuration]:
        """Return the configurations of the points of these numbers."""
        columns: list[Floats] = []

        def picks(row: int) -> Pick:
            dimensions = count()

            def pick(_name: str, distribution: Distribution) -> Scalar:
                j = next(dimensions)
                if j == len(columns):
                    columns.append(halton(ask.numbers, j, ask.seed))
                return external(distribution, at_quantile(distribution, columns[j][row : row + 1]))[0]

            return pick

        return [ask.space.walk(picks(row)) for row in range(len(ask.numbers))]


def halton(numbers: Sequence[int], dimension: int, seed: int) -> Floats:
    """Return the points of these numbers in one dimension, each uniform on [0, 1): (n,).

    The base of the dimension is the (dimension + 1)th prime. Every digit of the number in this base is
    permuted at random and mirrored at the point. Source: Owen 2017, "A randomized Halton algorithm in R",
    arXiv:1706.02808.
    """
    base = _prime(dimension)
    generator = stream(seed, Purpose.SAMPLER, dimension)
    rest: NDArray[np.int64] = np.asarray(numbers, dtype=np.int64)
    points, place = np.zeros(len(rest)), 1.0
    for _ in range(int(BITS / np.log2(base))):
        place /= base
        points += generator.permutation(base)[rest % base] * place
        rest = rest // base
    clipped: Floats = np.minimum(points, 1.0 - 2.0**-53)
    return clipped


def _prime(index: int) -> int:
    """Return the prime of this index; 2 has the index 0."""
    primes: list[int] = []
    candidates = count(2)
    while len(primes) <= index:
        candidate = next(candidates)
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
    return primes[index]
