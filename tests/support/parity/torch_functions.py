"""The test functions as the literature writes them, of one point, in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from math import e, pi
from typing import Any

import torch

Tensor = Any  # PyTorch is not among the dependencies that mypy sees


def ackley(x: Tensor) -> Tensor:
    hole = torch.exp(-0.2 * torch.sqrt(torch.mean(x**2)))
    return -20 * hole - torch.exp(torch.mean(torch.cos(2 * pi * x))) + 20 + e


def beale(x: Tensor) -> Tensor:
    a, b = x
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


def booth(x: Tensor) -> Tensor:
    a, b = x
    return (a + 2 * b - 7) ** 2 + (2 * a + b - 5) ** 2


def himmelblau(x: Tensor) -> Tensor:
    a, b = x
    return (a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2


def levy(x: Tensor) -> Tensor:
    w = 1 + (x - 1) / 4
    inner = (w[:-1] - 1) ** 2 * (1 + 10 * torch.sin(pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + torch.sin(2 * pi * w[-1]) ** 2)
    return torch.sin(pi * w[0]) ** 2 + inner.sum() + last


def monkey_saddle(x: Tensor) -> Tensor:
    a, b = x
    return a**3 - 3 * a * b**2


def quadratic(x: Tensor) -> Tensor:
    curvatures = torch.logspace(0, 2, len(x), dtype=x.dtype)
    return 0.5 * torch.sum(curvatures * x**2)


def rosenbrock(x: Tensor) -> Tensor:
    return torch.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def saddle(x: Tensor) -> Tensor:
    return torch.sum(x[::2] ** 2) - torch.sum(x[1::2] ** 2)


# In the literature's form, not ours. One that has none here fails by its name.
TORCH_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "absolute_value": lambda x: torch.sum(torch.abs(x)),
    "ackley": ackley,
    "beale": beale,
    "booth": booth,
    "drifting_quadratic": quadratic,  # around its centre
    "himmelblau": himmelblau,
    "levy": levy,
    "monkey_saddle": monkey_saddle,
    "quadratic": quadratic,
    "rastrigin": lambda x: 10 * len(x) + torch.sum(x**2 - 10 * torch.cos(2 * pi * x)),
    "rosenbrock": rosenbrock,
    "saddle": saddle,
    "sparse_quadratic": quadratic,  # the whole of it
    "styblinski_tang": lambda x: 0.5 * torch.sum(x**4 - 16 * x**2 + 5 * x),
    "tanh_plateau": lambda x: torch.sum(torch.tanh(x) ** 2),
}
