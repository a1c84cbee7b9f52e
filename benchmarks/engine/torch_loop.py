"""The peer that trains one trial after another: PyTorch, as its users write it."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.engine.works import Training

torch.set_num_threads(1)


class TorchLoop:
    """A sample of the trials of a training, minibatches gathered beforehand."""

    def __init__(self, training: Training, sample: int) -> None:
        self._training = training
        step = max(1, training.trials // sample)
        self.trials = list(range(0, training.trials, step))[:sample]
        self.scale = training.trials / len(self.trials)
        if training.hidden:
            data = training.minibatches()
            self._inputs = [torch.from_numpy(part) for part in data.inputs]
            self._targets = [torch.from_numpy(part) for part in data.targets]
            self._start = [torch.from_numpy(part) for part in data.start]

    def __call__(self) -> list[list[float]]:
        """Return the losses of the trials of the sample."""
        train = self._network if self._training.hidden else self._rosenbrock
        return [train(trial) for trial in self.trials]

    def _rosenbrock(self, trial: int) -> list[float]:
        x = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
        optimizer = self._adam([x], trial, fused=False)
        losses = []
        for _ in range(self._training.steps):
            optimizer.zero_grad()
            loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return [float(loss) for loss in losses]

    def _network(self, trial: int) -> list[float]:
        hidden, inputs = self._start[0].shape
        model = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, len(self._start[3])))
        with torch.no_grad():
            for parameter, start in zip(model.parameters(), self._start, strict=True):
                parameter.copy_(start)
        optimizer = self._adam(list(model.parameters()), trial, fused=True)
        losses = []
        for x, y in zip(self._inputs, self._targets, strict=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return [float(loss) for loss in losses]

    def _adam(self, parameters: list[torch.Tensor], trial: int, *, fused: bool) -> torch.optim.Optimizer:
        rate, decay = float(self._training.rates[trial]), float(self._training.decays[trial])
        return torch.optim.Adam(parameters, lr=rate, betas=(decay, 0.999), fused=fused)
