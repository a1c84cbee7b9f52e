"""A linear model reaches the optima of logistic regression and of the linear SVM, as in scikit-learn."""

from __future__ import annotations

import pytest

from tests.support.linear_optima import (
    DATASETS,
    OPTIMA,
    SVM_OPTIMUM,
    TOLERANCE,
    WAYS,
    found_loss,
    found_svm_loss,
)


@pytest.mark.parametrize("optimizer", WAYS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_linear_model_reaches_the_optimum_of_logistic_regression(dataset: str, optimizer: str) -> None:
    assert found_loss(dataset, optimizer) == pytest.approx(OPTIMA[dataset], abs=TOLERANCE)


def test_a_linear_model_with_the_hinge_loss_is_the_linear_support_vector_machine() -> None:
    assert found_svm_loss() == pytest.approx(SVM_OPTIMUM, abs=TOLERANCE)
