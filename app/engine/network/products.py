"""Stacked matrix products in the form that BLAS computes fastest, chosen by shapes alone.

A form chosen by timing, or by the number of rows, would make the bits of a run depend on the batch.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from app.engine.arrays import Array

# Most multiplications of a product that OpenBLAS computes without packing its matrices.
_MAX_UNPACKED_MULTIPLICATIONS = 1_000_000
_MIN_PART_ROWS = 8  # thinner parts leave the vector units idle
# Most elements of a result that OpenBLAS computes without packing a transposed factor; packing is four
# times slower.
_MAX_UNPACKED_ELEMENTS = 1_000
_MIN_PART_COLUMNS = 16  # of a transposed product; thinner parts cost more than packing


class Product:
    """The product `left @ right` into `out` for fixed matrices and a changing `right`, shared by all B rows.

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
        """Compute the product with `right`."""
        np.matmul(self._left, right, out=self._out)


class TransposedProduct:
    """The product `left @ right^T` into `out`, for B rows of each.

    left: (B, m, inner), right: (B, n, inner), out: (B, m, n), all kept by reference.
    """

    def __init__(self, left: Array, right: Array, out: Array) -> None:
        m, n = out.shape[1:]
        width = _MAX_UNPACKED_ELEMENTS // m
        count = -(-n // width) if width >= _MIN_PART_COLUMNS else 1
        edges = [n * part // count for part in range(count + 1)]
        self._left = left
        self._parts = [
            (right[:, low:high].transpose(0, 2, 1), out[:, :, low:high]) for low, high in pairwise(edges)
        ]

    def __call__(self) -> None:
        """Compute the product."""
        for right, out in self._parts:
            np.matmul(self._left, right, out=out)


def _parts(m: int, work_per_row: int) -> int:
    """Return the smallest number of equal parts of m rows that keeps each product unpacked, else 1."""
    for parts in range(1, m // _MIN_PART_ROWS + 1):
        if m % parts == 0 and m // parts * work_per_row <= _MAX_UNPACKED_MULTIPLICATIONS:
            return parts
    return 1
