"""Rosenbrock's function as a user of Optuna and PyTorch tunes an optimizer on it."""

from __future__ import annotations

import math
import sys
import tempfile
import time

import optuna
import torch

REPORTS = 20  # of each trial


def study_s(trials: int, steps: int) -> float:
    """Return the seconds for a study on SQLite: TPE, the default space of a job, 20 reports a trial."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        study = optuna.create_study(
            storage=f"sqlite:///{folder}/optuna.db", sampler=optuna.samplers.TPESampler(seed=0)
        )
        begun = time.perf_counter()
        study.optimize(lambda trial: _value(trial, steps), n_trials=trials)
        return time.perf_counter() - begun


def _value(trial: optuna.Trial, steps: int) -> float:
    x = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = _optimizer(trial, x)
    cosine = trial.suggest_categorical("schedule", ["constant", "cosine"]) == "cosine"
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda k: 0.5 * (1.0 + math.cos(math.pi * k / steps)) if cosine else 1.0
    )
    for step in range(steps):
        optimizer.zero_grad()
        _rosenbrock(x).backward()
        optimizer.step()
        schedule.step()
        if step % (steps // REPORTS) == 0:
            trial.report(_rosenbrock(x).item(), step)
    value = _rosenbrock(x).item()
    return value if math.isfinite(value) else 1e12


def _rosenbrock(x: torch.Tensor) -> torch.Tensor:
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


def _optimizer(trial: optuna.Trial, x: torch.Tensor) -> torch.optim.Optimizer:
    kind = trial.suggest_categorical("optimizer", ["adam", "adamw", "momentum", "nesterov"])
    if kind in ("adam", "adamw"):
        cls = torch.optim.Adam if kind == "adam" else torch.optim.AdamW
        return cls([x], lr=trial.suggest_float(f"{kind}.lr", 1e-4, 1e-1, log=True))
    rate = trial.suggest_float(f"{kind}.lr", 1e-4, 1.0, log=True)
    momentum = trial.suggest_float(f"{kind}.momentum", 0.8, 0.99)
    return torch.optim.SGD([x], lr=rate, momentum=momentum, nesterov=kind == "nesterov")


if __name__ == "__main__":
    print(study_s(int(sys.argv[1]), int(sys.argv[2])))
