"""The path that PyTorch, or the package that a reference names, takes through a case.

The optimizer is the one of the exported module, so that parity is also a test of the export.
"""

from __future__ import annotations

import types
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.spec.resources.recommendations import Candidate, Evidence, Recommendation
from app.tuning.exports import FORMATS
from tests.support.parity.factors import names
from tests.support.parity.paths import DRAWS, SHAPE, STEPS, Case, Vector, quadratic_gradient, start

# Units in the last place by which the start of a nudged run differs, and by which its gradients and updates
# are rounded otherwise: optimizers that measure x - x_0 amplify that, and a changed start alone hides it.
_NUDGE, _ROUNDING = 4, 1
_NUDGED_RUNS = 3
_STABLE = 1e-11  # relative difference from a nudged run up to which the reference is stable
_STABLE_NEAR_ZERO = 1e-13


def exported(case: Case) -> types.ModuleType:
    """Return the exported module of a case, executed."""
    schedule = dict(case.schedule)
    schedule |= vars(SCHEDULES[schedule["kind"]](**{k: v for k, v in schedule.items() if k != "kind"}))
    parts: dict[str, Any] = {"optimizer": case.optimizer, "schedule": schedule, "batch_size": None}
    winner = Candidate(label="", mean=0.0, ci95=None, probability_best=None, source="search", **parts)
    recommendation = Recommendation(
        **parts,
        total_steps=STEPS,
        safe_learning_rate=None,
        evidence=Evidence(metric="loss", replicates=0, candidates=[winner], baselines=[]),
        explanation=[],
        warnings=[],
    )
    module = types.ModuleType("exported")
    exec(FORMATS["torch"].render(recommendation, STEPS), vars(module))
    return module


def torch_path(case: Case, nudge: int = 0) -> tuple[Vector, Vector]:
    """Return the parameters after every update, (steps, D), and the final point of measurement.

    nudge: 0 for the run itself, else the number of a nudged one.
    """
    torch.set_default_dtype(torch.float64)  # NAdam keeps a product in it
    first = start(case.problem)
    random = np.random.RandomState(nudge)
    signs = random.choice([-1.0, 1.0], size=(STEPS + 1, 2, first.size)) * min(nudge, 1)
    first = first + _NUDGE * signs[STEPS, 0] * np.spacing(first)
    point = torch.nn.Parameter(torch.tensor(first))
    module = exported(case)
    optimizer = module.make_optimizer(tensor for tensor in [point])
    rates, scheduler = case.rates(), _cycling_scheduler(case, optimizer)
    path = np.full((STEPS, first.size), np.nan)
    for k in range(STEPS):
        if scheduler is None:
            optimizer.param_groups[0]["lr"] = float(rates[k])
        point.grad = _gradient(case.problem, point, k)
        if not torch.isfinite(point.grad).all():
            break
        point.grad += _ulps(point.grad, signs[k, 0])
        try:
            optimizer.step()
        except (ArithmeticError, ValueError):  # the packages compute with Python's numbers, which overflow
            break
        if scheduler is not None and k < STEPS - 1:
            scheduler.step()
        with torch.no_grad():
            point += _ulps(point, signs[k, 1])
        path[k] = point.detach().numpy()
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    return path, point.detach().numpy().copy()


def _cycling_scheduler(case: Case, optimizer: Any) -> Any:
    """Return PyTorch's own scheduler if it cycles the momentum; other tests compare the rates."""
    # Any: PyTorch's classes.
    if case.momenta() is None:
        return None
    schedule = case.schedule_instance()
    known = names(vars(schedule), STEPS) | {"torch": torch, "optimizer": optimizer}
    return eval(schedule.references[0].call, known | {"peak": case.optimizer["learning_rate"]})


def stable_steps(case: Case, path: Vector) -> int:
    """Return the number of steps for which the reference is stable: so many may be compared."""
    stable = len(path)
    for nudge in range(1, 1 + _NUDGED_RUNS):
        with np.errstate(all="ignore"):
            nudged = torch_path(case, nudge)[0]
            differs = ~(np.abs(path - nudged) <= _STABLE * np.abs(path) + _STABLE_NEAR_ZERO)
        stable = min([stable, *np.flatnonzero(differs.any(axis=1)).tolist()])
    return stable


def _ulps(values: Any, signs: Vector) -> Any:
    # Any: tensors; PyTorch is not among the dependencies that mypy sees.
    return torch.tensor(_ROUNDING * signs * np.spacing(np.abs(values.detach().numpy())))


def versions(kind: str) -> str:
    """Return the package and version of a kind's reference, as installed."""
    reference = OPTIMIZERS[kind].reference
    assert reference is not None
    return f"{reference.distribution} {version(reference.distribution)}"


def _gradient(problem: str, point: Any, k: int) -> Any:
    if problem == "quadratic":
        return torch.tensor(quadratic_gradient(point.detach().numpy(), k))
    leaf = point.detach().clone().requires_grad_()
    hidden, offset = torch.tensor(DRAWS.examples[k]), 0
    for i, layer in enumerate(SHAPE.layers):
        weights = leaf[offset : offset + layer.size].reshape(layer.units, layer.inputs + 1)
        if i:
            hidden = torch.cat([torch.tanh(hidden), torch.ones(len(hidden), 1)], dim=1)
        hidden, offset = hidden @ weights.T, offset + layer.size
    loss = torch.nn.functional.cross_entropy(hidden, torch.tensor(DRAWS.targets[k]))
    loss.backward()
    return leaf.grad
