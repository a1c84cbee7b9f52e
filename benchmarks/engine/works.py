"""The trainings that the engine's benchmarks run: per-row hyperparameters, recording, divergence and all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.data import load
from app.engine.batching.run_batch import Run, run_batch
from app.engine.inputs.features import FeatureMinibatches
from app.engine.models.mlp import MLP
from app.engine.objectives.base import Objective
from app.engine.objectives.function import FunctionObjective
from app.engine.objectives.functions import FUNCTIONS
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.engine.supervised.minibatches import SupervisedProblem
from app.engine.supervised.objective import SupervisedObjective
from app.engine.trajectories.result import BatchResult

OPTIMIZERS_MIXED = ("adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "nadam")
SCHEDULES_MIXED = ("constant", "cosine", "step", "exponential")


@dataclass(frozen=True, kw_only=True, eq=False)
class Minibatches:
    """Every minibatch of a replicate, and the start."""

    inputs: NDArray[np.float32]  # (S, batch, F)
    targets: NDArray[np.int64]  # (S, batch)
    start: tuple[NDArray[np.float32], ...]  # w1 (H, F), b1 (H,), w2 (C, H), b2 (C,)


@dataclass(frozen=True, kw_only=True)
class Training:
    """Adam at `trials` rates and decays of its own each, on the digits or on a function."""

    name: str
    trials: int
    steps: int
    hidden: int = 0  # units; none: the Rosenbrock function
    batch: int | None = None
    dimension: int = 2  # of the function

    @property
    def dtype(self) -> type:
        """Return single precision for models and double precision for functions."""
        return np.float32 if self.hidden else np.float64

    @property
    def rates(self) -> NDArray[np.float64]:
        """Return the learning rate of every trial."""
        return np.geomspace(1e-4, 1e-2, self.trials)

    @property
    def decays(self) -> NDArray[np.float64]:
        """Return beta1 of every trial."""
        return np.linspace(0.85, 0.95, self.trials)

    @property
    def operations(self) -> float:
        """Return the operations of the network's products: two of the first layer, three of the second."""
        products = 2 * 65 * self.hidden + 3 * (self.hidden + 1) * 10
        return 2.0 * products * (self.batch or 0) * self.trials * self.steps

    def objective(self) -> Objective:
        """Return the objective that is trained."""
        if not self.hidden:
            return FunctionObjective(function=FUNCTIONS["rosenbrock"](), dimension=self.dimension)
        return digits(self.hidden)

    def runs(
        self, optimizers: tuple[str, ...] = ("adam",), schedules: tuple[str, ...] = ("constant",)
    ) -> list[Run]:
        """Return the runs, with every combination of the kinds in turn."""
        pairs = [(optimizer, schedule) for schedule in schedules for optimizer in optimizers]
        found = []
        for trial, (rate, decay) in enumerate(zip(self.rates, self.decays, strict=True)):
            optimizer, schedule = pairs[trial % len(pairs)]
            fields = {"learning_rate": float(rate)} | ({"beta1": float(decay)} if optimizer == "adam" else {})
            found.append(
                Run(
                    optimizer=OPTIMIZERS[optimizer](**fields),
                    schedule=SCHEDULES[schedule](),
                    batch_size=self.batch,
                )
            )
        return found

    def minibatches(self) -> Minibatches:
        """Return the data and the starts of the runs of a training on the digits, for the peers."""
        problem = self.objective().problem(0, 0, self.batch, np.float32)
        assert isinstance(problem, SupervisedProblem)
        problem.draw(self.steps)
        start = problem.start()
        drawn = problem.minibatches
        assert isinstance(drawn, FeatureMinibatches)
        inputs, classes = drawn.examples.shape[2] - 1, 10
        first, last = start[: self.hidden * (inputs + 1)], start[self.hidden * (inputs + 1) :]
        w1, w2 = first.reshape(self.hidden, -1), last.reshape(classes, -1)
        return Minibatches(
            inputs=np.ascontiguousarray(drawn.examples[:, :, :-1]),
            targets=np.array(problem.targets),
            start=tuple(
                np.ascontiguousarray(part) for part in (w1[:, :-1], w1[:, -1], w2[:, :-1], w2[:, -1])
            ),
        )

    def run(self, runs: list[Run] | None = None, *, record: bool = True) -> BatchResult:
        """Run the whole call, data and metrics included."""
        return run_batch(
            self.objective(),
            self.runs() if runs is None else runs,
            steps=self.steps,
            seed=0,
            dtype=self.dtype,
            record=record,
        )


def digits(hidden: int) -> SupervisedObjective:
    """Return an MLP of one hidden layer on the digits."""
    data = load("digits")
    return SupervisedObjective(
        inputs=data.inputs, targets=data.targets, classes=data.classes, model=MLP(hidden=(hidden,))
    )


ROSENBROCK = Training(name="Rosenbrock", trials=200, steps=1000)
A = Training(name="A", hidden=32, trials=64, steps=200, batch=128)
B = Training(name="B", hidden=128, trials=64, steps=100, batch=128)
C = Training(name="C", hidden=16, trials=256, steps=100, batch=32)
TRAININGS = (A, B, C)
