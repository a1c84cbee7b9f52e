"""Lines of equal height of a function on a grid: marching squares (Lorensen & Cline 1987, in the plane)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Grid: TypeAlias = NDArray[np.float64]  # (rows, columns) of heights
Edge: TypeAlias = tuple[int, int, bool]  # of the grid: from (row, column) downward, or to the right
Line: TypeAlias = list[tuple[float, float]]  # points (row, column)

# The edges of a cell that a line joins, by which corners are above: 1 top left, 2 top right, 4 bottom right,
# 8 bottom left. Top, right, bottom, left edge: 0 to 3. The two saddles are cut the one way.
_JOINED: dict[int, list[tuple[int, int]]] = {
    1: [(3, 0)],
    2: [(0, 1)],
    3: [(3, 1)],
    4: [(1, 2)],
    5: [(3, 0), (1, 2)],
    6: [(0, 2)],
    7: [(3, 2)],
    8: [(2, 3)],
    9: [(2, 0)],
    10: [(0, 1), (2, 3)],
    11: [(2, 1)],
    12: [(1, 3)],
    13: [(1, 0)],
    14: [(0, 3)],
}


def contour(heights: Grid, level: float) -> list[Line]:
    """Return the lines at one level; a closed line ends at its start."""
    above = (heights > level).astype(np.int64)
    cases = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    neighbours: defaultdict[Edge, list[Edge]] = defaultdict(list)
    for row, column in np.argwhere((cases > 0) & (cases < 15)).tolist():
        edges = [
            (row, column, False),
            (row, column + 1, True),
            (row + 1, column, False),
            (row, column, True),
        ]
        for one, other in _JOINED[int(cases[row, column])]:
            neighbours[edges[one]].append(edges[other])
            neighbours[edges[other]].append(edges[one])
    chains = _chains(neighbours)
    return [[_crossing(heights, level, edge) for edge in chain] for chain in chains]


def _chains(neighbours: dict[Edge, list[Edge]]) -> list[list[Edge]]:
    """Return the edges in the order in which lines cross them: open lines first, then closed ones."""
    chains = []
    ends = [edge for edge, joined in neighbours.items() if len(joined) == 1]
    for start in [*ends, *neighbours]:
        chain, edge = [start], start
        while neighbours[edge]:
            following = neighbours[edge].pop()
            neighbours[following].remove(edge)
            edge = following
            chain.append(edge)
        if len(chain) > 1:
            chains.append(chain)
    return chains


def _crossing(heights: Any, level: float, edge: Edge) -> tuple[float, float]:
    """Return the place of the level on an edge, by a straight line between its ends."""
    row, column, is_down = edge
    first = heights[row, column]
    second = heights[row + 1, column] if is_down else heights[row, column + 1]
    share = float((level - first) / (second - first))
    return (row + share, float(column)) if is_down else (float(row), column + share)
