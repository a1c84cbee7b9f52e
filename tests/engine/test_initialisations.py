"""Initial weights against their rules."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.initialisations import INITIALISATIONS


@pytest.mark.parametrize(("units", "inputs"), [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_weights_are_the_signed_factor_of_a_tall_matrix(units: int, inputs: int) -> None:
    weights = INITIALISATIONS["orthogonal"]().draw(np.random.default_rng(7), units, inputs)
    assert weights.shape == (units, inputs + 1)
    assert not weights[:, -1].any()
    tall = np.random.default_rng(7).normal(size=(max(units, inputs), min(units, inputs)))
    # A square matrix counts as tall: its factor is not transposed.
    factor = weights[:, :-1] if units >= inputs else weights[:, :-1].T
    np.testing.assert_allclose(factor.T @ factor, np.eye(min(units, inputs)), atol=1e-12)
    triangle = factor.T @ tall
    np.testing.assert_allclose(triangle, np.triu(triangle), atol=1e-12)
    assert (np.diag(triangle) > 0.0).all()
