"""The optimizer and its schedule as a PyTorch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.spec.recommendation import Recommendation
from app.tuning.exports.base import Format, header, imports
from app.tuning.exports.factors import factor_source

# How torch.optim builds each kind. Any: hyperparameters as JSON has them.
_CALLS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "sgd": lambda h: f"SGD(parameters, lr=PEAK, weight_decay={h['weight_decay']!r})",
    "momentum": lambda h: (
        f"SGD(parameters, lr=PEAK, momentum={h['momentum']!r}, dampening={h['dampening']!r},"
        f" weight_decay={h['weight_decay']!r})"
    ),
    "rmsprop": lambda h: (
        f"RMSprop(parameters, lr=PEAK, alpha={h['alpha']!r}, eps={h['eps']!r},"
        f" weight_decay={h['weight_decay']!r}, momentum={h['momentum']!r}, centered={h['centered']!r})"
    ),
    "adam": lambda h: (
        f"Adam(parameters, lr=PEAK, betas=({h['beta1']!r}, {h['beta2']!r}), eps={h['eps']!r},"
        f" weight_decay={h['weight_decay']!r})"
    ),
}


def render(recommendation: Recommendation, total_steps: int) -> str:
    """A module with make_optimizer(parameters) and make_scheduler(optimizer), whose step() needs none."""
    optimizer = recommendation.optimizer
    peak = optimizer["learning_rate"]
    factor = factor_source(recommendation, total_steps)
    return f'''{header(recommendation, total_steps)}
{imports(factor, "math")}import torch

TOTAL_STEPS = {total_steps}
PEAK = {peak!r}


{factor}

def make_optimizer(parameters):
    """The tuned optimizer; call its scheduler's step() after each of its own."""
    return torch.optim.{_CALLS[optimizer["kind"]](optimizer)}


def make_scheduler(optimizer):
    """The recommended schedule: one step() an update; beyond TOTAL_STEPS the last rate is held."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
'''


FORMAT = Format(name="torch", media_type="text/x-python", filename="stepsize_torch.py", render=render)
