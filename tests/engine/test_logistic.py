"""A linear softmax model reaches the optimum of logistic regression, as scikit-learn has it."""

from __future__ import annotations

import pytest

from tests.engine.logistic import DATASETS, OPTIMA, TOLERANCE, WAYS, found_loss


@pytest.mark.parametrize("optimizer", WAYS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_linear_model_reaches_the_optimum_of_logistic_regression(dataset: str, optimizer: str) -> None:
    assert found_loss(dataset, optimizer) == pytest.approx(OPTIMA[dataset], abs=TOLERANCE)
