"""The factors that other packages give, live; needs what `make parity` installs."""

from __future__ import annotations

import importlib
import os
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.schedules.reference import Reference
from tests.support.parity.factors import PEAK, Fields, losses, names

os.environ["KERAS_BACKEND"] = "torch"  # its JAX backend has cosines in single precision


def package(reference: Reference) -> str:
    """Return the package and its version."""
    return f"{reference.distribution} {version(reference.distribution)}"


def package_factors(reference: Reference, fields: Fields, horizon: int) -> NDArray[np.float64]:
    """Return every factor of a run, (horizon,)."""
    torch = importlib.import_module("torch")
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    known = names(fields, horizon) | {"torch": torch, "optimizer": torch.optim.SGD([parameter], lr=PEAK)}
    if reference.distribution != "torch":
        known[reference.distribution] = _imported(reference.distribution)
    built = eval(reference.call, known)
    if hasattr(built, "get_last_lr"):
        rates = _stepped(torch, built, horizon, "lr")
    elif reference.distribution == "optax":  # a call for each update would take it a minute
        rates = np.broadcast_to(np.asarray(built(np.arange(horizon))), (horizon,))
    else:
        rates = np.array([float(built(k)) for k in range(horizon)])
    assert rates.dtype == np.float64
    return rates / PEAK


def package_momenta(reference: Reference, fields: Fields, horizon: int) -> NDArray[np.float64]:
    """Return every momentum that a scheduler of PyTorch sets in a run, (horizon,)."""
    torch = importlib.import_module("torch")
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([parameter], lr=PEAK, momentum=0.5)
    known = names(fields, horizon) | {"torch": torch, "optimizer": optimizer}
    return _stepped(torch, eval(reference.call, known), horizon, "momentum")


def _imported(distribution: str) -> Any:
    # In double precision, which neither JAX nor Keras has of itself.
    if distribution == "optax":
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    module = importlib.import_module(distribution)
    if distribution == "keras":
        module.config.set_floatx("float64")
    return module


def _stepped(torch: Any, scheduler: Any, horizon: int, name: str) -> NDArray[np.float64]:
    """Return what a scheduler of PyTorch, which steps after its optimizer, sets in each update."""
    optimizer, seen = scheduler.optimizer, losses(horizon).tolist()
    by_loss = isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau)
    factors = []
    for k in range(horizon):
        factors.append(optimizer.param_groups[0][name])
        optimizer.step()
        if k < horizon - 1:
            scheduler.step(*([seen[k]] if by_loss else []))
    return np.array(factors, dtype=np.float64)
