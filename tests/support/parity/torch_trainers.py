"""The runs of PyTorch's trainers, and the comparison of their end with the engine's path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from app.engine.optimizers import OPTIMIZERS
from tests.support.parity.regression import START, Run, Vector, engine_path, runs

KINDS = [kind for kind, cls in OPTIMIZERS.items() if cls.reference is not None]
LIMITS = {"gradient_clip_norm": 0.7, "gradient_clip_value": 0.5}
RUNS = runs(KINDS, **LIMITS)
RTOL = 1e-8


def model_at_start() -> Any:
    """Return a linear layer with the parameters START."""
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(START[:6].reshape(3, 2).T.copy()))
        model.bias.copy_(torch.tensor(START[6:]))
    return model


def parameters(model: Any) -> Vector:
    """Return the parameters of a linear layer, (8,): the kernel's rows, then the bias."""
    weight, bias = model.weight.detach().numpy(), model.bias.detach().numpy()
    return np.concatenate([weight.T.ravel(), bias])


def assert_is_at(model: Any, run: Run, update: int) -> None:
    """Require the parameters that the engine has after so many updates."""
    np.testing.assert_allclose(parameters(model), engine_path(run)[0][update - 1], RTOL, err_msg=str(run))


each_run = pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
# Of the trainers that take seconds: a kind with a momentum has its scheduler set that too.
each_kind = pytest.mark.parametrize(
    "run", [{run.kind: run for run in RUNS}[kind] for kind in KINDS], ids=lambda run: run.name
)
