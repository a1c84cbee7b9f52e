"""Stacked matrix products in the form that BLAS takes fastest, chosen by shapes alone.

A form chosen by timing, or by the number of rows, would make a run's bits depend on its company.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from app.engine.arrays import Array

# OpenBLAS multiplies small matrices without packing them; above this many multiplications it packs.
_SMALL = 1_000_000
_LEAST_PART = 8  # rows of a part; thinner ones leave the vector units idle
# With a transposed factor it packs also where the result has more elements than this: four times slower.
_SMALL_RESULT = 1_000
_LEAST_WIDTH = 16  # columns of a part of it; thinner ones cost more than packing


class Product:
    """`left @ right` into `out` for matrices that stay and a `right` that changes: one for all B rows.

    left: (B, m, inner), out: (B, m, n), kept by reference; right: (inner, n).
    """

    def __init__(self, left: Array, out: Array, inner: int) -> None:
        rows, m, n = out.shape
        parts = _parts(m, inner * n)
        self._left = left.reshape(rows, parts, m // parts, inner)
        self._out = out.reshape(rows, parts, m // parts, n)
        assert np.shares_memory(self._left, left)
        assert np.shares_memory(self._out, out)

    def __call__(self, right: Array) -> None:
        np.matmul(self._left, right, out=self._out)


class TransposedProduct:
    """`left @ right^T` into `out`, for B rows of each.

    left: (B, m, inner), right: (B, n, inner), out: (B, m, n), all kept by reference.
    """

    def __init__(self, left: Array, right: Array, out: Array) -> None:
        m, n = out.shape[1:]
        width = _SMALL_RESULT // m
        count = -(-n // width) if width >= _LEAST_WIDTH else 1
        edges = [n * part // count for part in range(count + 1)]
        self._left = left
        self._parts = [
            (right[:, low:high].transpose(0, 2, 1), out[:, :, low:high]) for low, high in pairwise(edges)
        ]

    def __call__(self) -> None:
        for right, out in self._parts:
            np.matmul(self._left, right, out=out)


def _parts(m: int, work_per_row: int) -> int:
    """Into how many equal parts m rows are cut: the fewest that keep each product small, else one."""
    for parts in range(1, m // _LEAST_PART + 1):
        if m % parts == 0 and m // parts * work_per_row <= _SMALL:
            return parts
    return 1
