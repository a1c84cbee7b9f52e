"""The digits as a user of Optuna and PyTorch tunes a learning rate on them."""

from __future__ import annotations

import sys
import tempfile
import time

import numpy as np
import optuna
import torch

from app.data import load


def study_s(trials: int, steps: int) -> float:
    """Return the seconds for so many trials of a study on SQLite, with 20 reports each."""
    torch.set_num_threads(1)
    data = load("digits")
    inputs = torch.tensor((data.inputs - data.inputs.mean(0)) / np.maximum(data.inputs.std(0), 1e-9)).float()
    targets = torch.tensor(data.targets).long()
    rows, held_out = torch.arange(1079), torch.arange(1079, 1438)

    def objective(trial: optuna.Trial) -> float:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
        rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
        optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
        for step in range(steps):
            if step % 8 == 0:
                order = rows[torch.randperm(len(rows))]
            batch = order[(step % 8) * 128 : (step % 8 + 1) * 128]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs[batch]), targets[batch]).backward()
            optimizer.step()
            if step % (steps // 20) == 0:
                trial.report(_loss(model, inputs[held_out], targets[held_out]), step)
        return _loss(model, inputs[held_out], targets[held_out])

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        study = optuna.create_study(
            storage=f"sqlite:///{folder}/optuna.db", sampler=optuna.samplers.RandomSampler(0)
        )
        begun = time.perf_counter()
        study.optimize(objective, n_trials=trials)
        return time.perf_counter() - begun


def _loss(model: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    with torch.no_grad():
        return float(torch.nn.functional.cross_entropy(model(inputs), targets))


if __name__ == "__main__":
    print(study_s(int(sys.argv[1]), int(sys.argv[2])))
