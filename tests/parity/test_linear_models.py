"""A linear model reaches the optima of scikit-learn: logistic regression, linear SVM (`make parity`)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.linear_optima import (
    DATASETS,
    L2,
    OPTIMA,
    SVM_L2,
    SVM_OPTIMUM,
    TOLERANCE,
    found_loss,
    found_svm_loss,
    objective_of,
    training_part,
)

svm = pytest.importorskip("sklearn.svm")
linear_model = pytest.importorskip("sklearn.linear_model")


def optimum(dataset: str) -> float:
    """Return scikit-learn's least mean cross-entropy with the penalty on the weights."""
    inputs, targets = training_part(dataset)
    # Of two classes scikit-learn has one logit; our two outputs are half of it and minus half of it, and so
    # the sum of their squares is half of its own.
    strength = 0.5 * L2 if objective_of(dataset).classes == 2 else L2
    model = linear_model.LogisticRegression(C=0.5 / (strength * len(inputs)), tol=1e-10, max_iter=10_000)
    model.fit(inputs, targets)
    chosen = model.predict_log_proba(inputs)[np.arange(len(inputs)), targets]
    return float(strength * np.sum(model.coef_**2) - chosen.mean())


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_linear_model_reaches_the_optimum_of_scikit_learn(dataset: str) -> None:
    assert found_loss(dataset, "lbfgs") == pytest.approx(optimum(dataset), abs=TOLERANCE)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_recorded_optimum_is_that_of_scikit_learn(dataset: str) -> None:
    assert OPTIMA[dataset] == pytest.approx(optimum(dataset), abs=1e-7)  # where either stops


def svm_optimum() -> float:
    """Return the least penalised hinge loss of two classes: half of the hinge of their only logit."""
    inputs, targets = training_part("breast_cancer")
    model = svm.SVC(kernel="linear", C=0.5 / (SVM_L2 * len(inputs)), tol=1e-10).fit(inputs, targets)
    margins = (2 * targets - 1) * model.decision_function(inputs)
    return float(0.5 * np.maximum(0.0, 1.0 - margins).mean() + 0.5 * SVM_L2 * np.sum(model.coef_**2))


def test_a_linear_model_with_the_hinge_loss_reaches_the_linear_svm_of_scikit_learn() -> None:
    optimum = svm_optimum()
    assert found_svm_loss() == pytest.approx(optimum, abs=TOLERANCE)
    assert pytest.approx(optimum, abs=1e-8) == SVM_OPTIMUM
