"""Test functions of a point, (n,)."""

from __future__ import annotations

import math

import numpy as np

HARTMANN_A = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
HARTMANN_C = np.array([1.0, 1.2, 3.0, 3.2])


def branin(x: np.ndarray) -> float:
    """Return Branin's function of two numbers, least value 0.397887 at three places."""
    a = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return float(a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10)


def hartmann(x: np.ndarray) -> float:
    """Return Hartmann's function of six numbers from 0 to 1, least value -3.32237."""
    return float(-HARTMANN_C @ np.exp(-(HARTMANN_A * (x - HARTMANN_P) ** 2).sum(axis=1)))


def rosenbrock(x: np.ndarray) -> float:
    """Return a curved valley, least value 0."""
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def ackley(x: np.ndarray) -> float:
    """Return a cone among many dents, least value 0."""
    root = math.sqrt(float((x**2).mean()))
    return -20 * math.exp(-0.2 * root) - math.exp(float(np.cos(2 * math.pi * x).mean())) + 20 + math.e


def levy(x: np.ndarray) -> float:
    """Return waves on a slope, least value 0 at ones."""
    w = 1 + (x - 1) / 4
    inner = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)).sum()
    ends = math.sin(math.pi * w[0]) ** 2 + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(inner + ends)


def styblinski_tang(x: np.ndarray) -> float:
    """Return a function with two minima in each number, least value -39.16617 for each."""
    return float((x**4 - 16 * x**2 + 5 * x).sum() / 2)


def six_hump_camel(x: np.ndarray) -> float:
    """Return a function of two numbers, least value -1.031628 at two places."""
    a, b = x[0] ** 2, x[1] ** 2
    return float((4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (4 * b - 4) * b)


def griewank(x: np.ndarray) -> float:
    """Return a bowl with many shallow dents, least value 0 at zeros."""
    waves = np.cos(x / np.sqrt(np.arange(1, len(x) + 1))).prod()
    return float((x**2).sum() / 4000 - waves + 1)
