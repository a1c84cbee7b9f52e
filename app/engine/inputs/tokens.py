"""Bags of tokens: sparse inputs; an example holds a few tokens of a large vocabulary, in no order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engine.arrays import Array
from app.engine.inputs.base import Inputs

NO_TOKEN = -1  # pads a bag that is shorter than others


class TokenBatch(NamedTuple):
    """Some bags: the tokens that occur in any of them, and the amount of each token in each bag."""

    present: NDArray[np.int64]  # (P,) ascending
    amounts: Array  # (P, batch)


@dataclass(frozen=True, eq=False)
class Tokens(Inputs):
    """Bags of at most L tokens."""

    bags: NDArray[np.int64]  # (N, L), padded with NO_TOKEN
    amounts: Array  # (N,) the amount of one token of a bag, in the dtype of the run

    @classmethod
    def prepare(cls, raw: NDArray[np.int64], dtype: type, *, averages: bool) -> Tokens:
        """Return the bags with their amounts; ValueError for a bag without tokens.

        raw: (N, L). averages: whether a token has the amount 1 / (tokens of its bag); otherwise the amount
        of each token is 1.
        """
        lengths = np.count_nonzero(raw != NO_TOKEN, axis=1)
        if not lengths.all():
            raise ValueError(f"bag {int(np.argmin(lengths))} has no token; leave it out")
        return cls(raw, (1.0 / lengths if averages else np.ones(len(raw))).astype(dtype))

    def __len__(self) -> int:
        return len(self.bags)

    def select(self, rows: NDArray[np.int64]) -> Tokens:
        """Return the bags of the given rows."""
        return Tokens(self.bags[rows], self.amounts[rows])

    def between(self, low: int, high: int) -> TokenBatch:
        """Return the bags from low to high."""
        return _batch(self.bags[low:high], self.amounts[low:high])

    def draw(self, rows: NDArray[np.int64]) -> list[TokenBatch]:
        """Return one batch per step."""
        return [_batch(self.bags[step_rows], self.amounts[step_rows]) for step_rows in rows]

    def drawn_bytes(self, batch: int) -> int:
        """Return the memory of the amounts, for the largest possible number of tokens."""
        most = min(int(self.bags.max(initial=0)) + 1, self.bags.shape[1] * batch)
        return int(most * (batch * self.amounts.itemsize + self.bags.itemsize))


def _batch(bags: NDArray[np.int64], amounts: Array) -> TokenBatch:
    """Return the batch of bags, (batch, L); a token that occurs twice in a bag counts twice.

    amounts: (batch,), the amount of each token in a bag.
    """
    is_token = bags != NO_TOKEN
    tokens, examples = bags[is_token], np.nonzero(is_token)[0]
    occurs = np.zeros(tokens.max() + 1, dtype=np.bool_)
    occurs[tokens] = True
    present = np.flatnonzero(occurs)
    index = np.cumsum(occurs)[tokens] - 1  # faster than np.unique, which sorts
    counts = np.bincount(index * len(bags) + examples, minlength=len(present) * len(bags))
    return TokenBatch(present, counts.reshape(len(present), len(bags)).astype(amounts.dtype) * amounts)
