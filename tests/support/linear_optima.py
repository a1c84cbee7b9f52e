"""The optima of a linear model with logistic and hinge loss, and the optima of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.run_batch import run_batch
from app.engine.losses.hinge import Hinge
from app.engine.supervised.objective import SupervisedObjective
from tests.support.batches import run, supervised, supervised_problem

DATASETS = ("breast_cancer", "wine", "iris", "digits")
L2 = 1e-3
TOLERANCE = 1e-4
# The least training loss of replicate 0 of seed 0, by scikit-learn 1.9.1; `make parity` computes it anew.
OPTIMA = {
    "breast_cancer": 0.0553401669,
    "wine": 0.0364678276,
    "iris": 0.1274397465,
    "digits": 0.1176683939,
}
SVM_L2 = 1e-2
SVM_OPTIMUM = 0.0382964998  # of breast_cancer, by `sklearn.svm.SVC(kernel="linear")`, the same version

# What is enough for each optimizer on the full batch, whose best rates are those of no other problem.
WAYS: dict[str, dict[str, Any]] = {
    "lbfgs": {"steps": 60, "learning_rate": 1.0},
    "nesterov": {"steps": 600, "learning_rate": 0.3, "momentum": 0.97},
    "adam": {"steps": 600, "learning_rate": 0.2},
}


def objective_of(dataset: str) -> SupervisedObjective:
    return supervised(dataset, l2=L2)


def training_part(dataset: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return the standardised features and the classes of the training part."""
    part = supervised_problem(objective_of(dataset)).split.training
    return part.inputs.examples[:, :-1], part.targets


def found_loss(dataset: str, optimizer: str) -> float:
    """Return the training loss, penalty included, after the last update on the full batch."""
    fields = dict(WAYS[optimizer])
    steps = fields.pop("steps")
    schedule = "cosine" if optimizer == "adam" else "constant"
    result = run_batch(objective_of(dataset), [run(optimizer, schedule, **fields)], steps=steps, seed=0)
    assert result.trajectories is not None
    return float(result.trajectories[0].loss[-1])


def found_svm_loss() -> float:
    """Return the hinge loss and penalty of breast_cancer after 1,000 updates on the full batch."""
    objective = supervised("breast_cancer", loss=Hinge(), l2=SVM_L2)
    result = run_batch(objective, [run("adam", "cosine", learning_rate=0.02)], steps=1000, seed=0)
    assert result.trajectories is not None
    return float(result.trajectories[0].loss[-1])
