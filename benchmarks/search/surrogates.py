"""Surrogates of tuning: from what was drawn to a value, some with a conditional space."""

from __future__ import annotations

import math
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from app.tuning.space.distributions import Distribution, Pick

Params = dict[str, Any]


def training(point: Params) -> float:
    """Return a valley: rate and momentum trade off, much weight decay hurts, and width pays off slowly."""
    rate = math.log10(point["rate"]) - math.log10(1 - point["momentum"])
    decay = math.log10(point["decay"])
    value = (
        0.05
        + 0.3 * (rate + 1.2) ** 2
        + 0.05 * max(0.0, decay + 3.0) ** 2
        + 0.02 * (decay + 4.0) ** 2
        + 0.3 / point["width"] ** 0.5
        + (0.15 if point["activation"] == "tanh" else 0.0)
        + (0.4 if rate > 0.3 else 0.0)
    )
    return float(value)


RATES = {
    "adam": (-3.0, 0.00, 0.10),
    "adamw": (-2.8, -0.01, 0.10),
    "momentum": (-1.5, 0.02, 0.3),
    "sgd": (-0.7, 0.06, 0.4),
}


def job_walk(pick: Pick) -> Params:
    """Return a tree as a job has it: the optimizer decides which rate, momentum and decay there are."""
    kind = pick("optimizer", CategoricalDistribution(tuple(RATES)))
    point: Params = {
        "optimizer": kind,
        "rate": pick(f"{kind}.learning_rate", FloatDistribution(1e-5, 10.0, log=True)),
    }
    if kind == "momentum":
        point["momentum"] = pick("momentum.momentum", FloatDistribution(0.5, 0.99))
    if kind == "adamw":
        point["decay"] = pick("adamw.weight_decay", FloatDistribution(1e-4, 1.0, log=True))
    point["schedule"] = pick("schedule", CategoricalDistribution(("constant", "cosine", "step")))
    if point["schedule"] == "cosine":
        point["warmup"] = pick("cosine.warmup_fraction", FloatDistribution(0.0, 0.3))
    if point["schedule"] == "step":
        point["gamma"] = pick("step.gamma", FloatDistribution(0.1, 0.9))
    point["batch"] = pick("batch_size", CategoricalDistribution((32, 128)))
    return point


def job_value(point: Params) -> float:
    """Nan where the rate is far above the best one, as a run that diverges."""
    best, floor, curvature = RATES[point["optimizer"]]
    away = math.log10(point["rate"]) - best
    if "momentum" in point:
        away -= math.log10(1 - point["momentum"]) + 1.0
    away -= 0.3 if point["batch"] == 128 else 0.0
    if away > 1.5:
        return math.nan
    value = 0.1 + floor + curvature * away**2
    value += 0.03 * (math.log10(point["decay"]) + 1.5) ** 2 - 0.02 if "decay" in point else 0.0
    if point["schedule"] == "cosine":
        value += 2.0 * (point["warmup"] - 0.06) ** 2 - 0.03
    elif point["schedule"] == "step":
        value += 0.1 * (point["gamma"] - 0.3) ** 2 - 0.015
    return value + (0.01 if point["batch"] == 128 else 0.0)


JOB_SPACE: dict[str, Distribution] = {
    "optimizer": CategoricalDistribution(tuple(RATES)),
    **{f"{kind}.learning_rate": FloatDistribution(1e-5, 10.0, log=True) for kind in RATES},
    "momentum.momentum": FloatDistribution(0.5, 0.99),
    "adamw.weight_decay": FloatDistribution(1e-4, 1.0, log=True),
    "schedule": CategoricalDistribution(("constant", "cosine", "step")),
    "cosine.warmup_fraction": FloatDistribution(0.0, 0.3),
    "step.gamma": FloatDistribution(0.1, 0.9),
    "batch_size": CategoricalDistribution((32, 128)),
}


def layers_walk(pick: Pick) -> Params:
    """Suggest one to three layers, each with its own width and dropout."""
    count = int(pick("layers", IntDistribution(1, 3)))
    point: Params = {"rate": pick("rate", FloatDistribution(1e-4, 1.0, log=True))}
    for i in range(count):
        point[f"width{i}"] = pick(f"width{i}", IntDistribution(8, 128, log=True))
        point[f"dropout{i}"] = pick(f"dropout{i}", FloatDistribution(0.0, 0.6, step=0.1))
    return point


def layers_value(point: Params) -> float:
    """Return a value that is best for two narrowing layers with a dropout of 0.2."""
    count = sum(key.startswith("width") for key in point)
    value = 0.1 * (count - 2) ** 2 + 0.2 * (math.log10(point["rate"]) + 1.0 + 0.4 * count) ** 2
    for i in range(count):
        value += 0.05 * (math.log2(point[f"width{i}"]) - 6.0 + i) ** 2 + (point[f"dropout{i}"] - 0.2) ** 2
    return value


LAYER_SPACE: dict[str, Distribution] = {
    "layers": IntDistribution(1, 3),
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    **{f"width{i}": IntDistribution(8, 128, log=True) for i in range(3)},
    **{f"dropout{i}": FloatDistribution(0.0, 0.6, step=0.1) for i in range(3)},
}
