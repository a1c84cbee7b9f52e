"""The exported PyTorch modules in training loops as people write them (`make parity`)."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.engine.optimizers import OPTIMIZERS
from tests.support.kinds import make_optimizer
from tests.support.parity.regression import (
    CYCLED,
    HALF,
    UPDATES,
    Run,
    batch,
    engine_path,
    fields,
)

torch = pytest.importorskip("torch")

from tests.support.parity.torch_trainers import (  # noqa: E402 - it imports torch
    KINDS,
    LIMITS,
    RTOL,
    assert_is_at,
    each_run,
    model_at_start,
    parameters,
)


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


class Loop:
    """A model, its optimizer and scheduler: a plain training loop."""

    def __init__(self, run: Run) -> None:
        exported = run.exported("torch")
        self.run, self.model = run, model_at_start()
        self.optimizer = exported.make_optimizer(self.model.parameters())
        self.scheduler = exported.make_scheduler(self.optimizer)

    def loss(self, k: int) -> Any:
        inputs, targets = (torch.tensor(part) for part in batch(self.run.kind, k))
        loss = torch.nn.functional.mse_loss(self.model(inputs), targets)
        return 0.0 * loss if k in self.run.idle else loss

    def train(self, first: int, last: int, *, closure: bool = False) -> None:
        for k in range(first, last):

            def evaluate(k: int = k) -> Any:
                self.optimizer.zero_grad()
                loss = self.loss(k)
                loss.backward()
                return loss

            if closure:
                self.optimizer.step(evaluate)
            else:
                evaluate()
                self.optimizer.step()
            self.scheduler.step()

    def state(self) -> list[dict[str, Any]]:
        return [part.state_dict() for part in (self.model, self.optimizer, self.scheduler)]

    def load(self, state: list[dict[str, Any]]) -> None:
        for part, state_dict in zip((self.model, self.optimizer, self.scheduler), state, strict=True):
            part.load_state_dict(state_dict)


@each_run
@pytest.mark.parametrize("closure", [False, True], ids=["plain", "closure"])
def test_a_loop_takes_the_engines_steps(run: Run, closure: bool) -> None:
    loop = Loop(run)
    loop.train(0, UPDATES, closure=closure)
    assert_is_at(loop.model, run, UPDATES)
    if hasattr(loop.optimizer, "eval"):
        loop.optimizer.eval()
        np.testing.assert_allclose(parameters(loop.model), engine_path(run)[1], RTOL)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if OPTIMIZERS[kind].momentum_field])
def test_a_momentum_may_be_cycled_down_to_zero(kind: str) -> None:
    run = Run(fields(kind), CYCLED | {"base_momentum": 0.0, "peak_fraction": 0.2})
    loop = Loop(run)
    loop.train(0, UPDATES)
    assert_is_at(loop.model, run, UPDATES)


@each_run
def test_a_copy_continues_like_the_original(run: Run) -> None:
    loop = Loop(run)
    loop.train(0, HALF)
    twin = copy.deepcopy(loop)
    twin.train(HALF, UPDATES)
    assert_is_at(twin.model, run, UPDATES)
    assert_is_at(loop.model, run, HALF)  # the original has not moved
    loop.train(HALF, UPDATES)
    assert_is_at(loop.model, run, UPDATES)


@each_run
def test_a_run_resumes_from_its_state_dicts(run: Run) -> None:
    loop, file = Loop(run), io.BytesIO()
    loop.train(0, HALF)
    torch.save(loop.state(), file)
    file.seek(0)
    resumed = Loop(run)
    resumed.load(torch.load(file))  # weights_only: tensors and plain values, as PyTorch's default wants
    resumed.train(HALF, UPDATES)
    assert_is_at(resumed.model, run, UPDATES)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_zero_count_as_in_the_engine(kind: str) -> None:
    more = {"weight_decay": 0.05} if hasattr(make_optimizer(kind), "weight_decay") else {}
    run = Run(fields(kind, **more), {"kind": "constant"}, idle=(0, 1, 5))
    loop = Loop(run)
    loop.train(0, UPDATES)
    assert_is_at(loop.model, run, UPDATES)


def test_a_closure_is_evaluated_once_and_its_loss_returned() -> None:
    for kind in KINDS:
        for limits in ({}, LIMITS):
            loop, losses = Loop(Run(fields(kind, **limits))), list[Any]()

            def evaluate(loop: Loop = loop, losses: list[Any] = losses) -> Any:
                losses.append(loop.loss(0))
                losses[-1].backward()
                return losses[-1]

            assert loop.optimizer.step(evaluate) is losses[0], kind
            assert len(losses) == 1, kind


def test_the_limits_of_a_closures_gradients_are_those_of_a_plain_loop() -> None:
    run = Run(fields("sgd", learning_rate=0.5, gradient_clip_norm=0.7), {"kind": "constant"})
    exported = run.exported("torch")
    losses = []
    for closure in (False, True):
        point = torch.nn.Parameter(torch.full((4,), 5.0))
        optimizer = exported.make_optimizer([point])

        def evaluate(point: Any = point, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = 10 * point.square().sum()
            loss.backward()
            return loss

        for _ in range(3):
            if not closure:
                evaluate()
            optimizer.step(evaluate if closure else None)
        losses.append(10 * point.detach().square().sum().item())
    assert losses[1] == pytest.approx(losses[0])
    assert losses[0] > 700
