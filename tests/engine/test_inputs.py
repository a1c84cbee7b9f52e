"""Bags of tokens and pairs as a network takes them."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.inputs.pairs import Pairs, Side
from app.engine.inputs.tokens import NO_TOKEN, Tokens

BAGS = np.array([[3, 3, 5], [0, NO_TOKEN, NO_TOKEN], [5, 0, NO_TOKEN]])


@pytest.mark.parametrize(
    ("averages", "amounts"),
    [(True, [[0, 1, 0.5], [2 / 3, 0, 0], [1 / 3, 0, 0.5]]), (False, [[0, 1, 1], [2, 0, 0], [1, 0, 1]])],
)
def test_a_batch_has_the_tokens_that_occur_and_how_much_of_each_is_in_a_bag(
    averages: bool, amounts: list[list[float]]
) -> None:
    batch = Tokens.prepare(BAGS, np.float64, averages=averages).between(0, 3)
    assert batch.present.tolist() == [0, 3, 5]
    np.testing.assert_allclose(batch.amounts, amounts, rtol=1e-15)


def test_minibatches_are_the_batches_of_their_rows() -> None:
    tokens = Tokens.prepare(BAGS, np.float32, averages=True)
    first, second = tokens.draw(np.array([[0], [2]]))
    assert first.present.tolist() == [3, 5]
    assert second.present.tolist() == [0, 5]
    assert second.amounts.dtype == np.float32
    assert second.amounts.tolist() == [[0.5], [0.5]]


def test_an_empty_bag_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="bag 1 has no token; leave it out"):
        Tokens.prepare(np.array([[1, 2], [NO_TOKEN, NO_TOKEN]]), np.float64, averages=True)


def test_values_are_added_by_token() -> None:
    side = Side.of(np.array([4, 1, 4, 2, 4]))
    values = np.arange(10.0).reshape(1, 5, 2)
    assert side.present.tolist() == [1, 2, 4]
    assert side.sums(values).tolist() == [[[2, 3], [6, 7], [0 + 4 + 8, 1 + 5 + 9]]]


def test_pairs_have_both_sides() -> None:
    batch = Pairs(np.array([[0, 7], [3, 7]])).between(0, 2)
    assert batch.users.index.tolist() == [0, 3]
    assert batch.items.present.tolist() == [7]
