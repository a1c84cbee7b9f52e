"""A linear softmax model ends where scikit-learn's logistic regression does (`make parity`)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.logistic import DATASETS, L2, OPTIMA, TOLERANCE, found_loss, objective_of, training_part

linear_model = pytest.importorskip("sklearn.linear_model")


def optimum(dataset: str) -> float:
    """The least mean cross-entropy with the penalty on the weights, as scikit-learn finds it."""
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
