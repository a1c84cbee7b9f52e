"""The exported modules in a Trainer of transformers, and resumed from its checkpoint (`make parity`)."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.parity.regression import BATCH_SIZE, BATCHES, HALF, UPDATES, Run, data

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
transformers = pytest.importorskip("transformers")

from tests.support.parity.torch_trainers import (  # noqa: E402 - it imports torch
    assert_is_at,
    each_kind,
    model_at_start,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # advice on devices and workers


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    importlib.import_module("transformers").logging.set_verbosity_error()
    yield
    torch.set_default_dtype(before)


class Model(torch.nn.Module):  # type: ignore[misc,name-defined]  # not among the dependencies
    """Gives its loss, as the Trainer wants."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = model_at_start()

    def forward(self, inputs: Any, labels: Any) -> dict[str, Any]:
        return {"loss": torch.nn.functional.mse_loss(self.inner(inputs), labels)}


class InOrder(transformers.Trainer):  # type: ignore[misc,name-defined]  # likewise
    """Takes the batches in their order, as the engine's path does."""

    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)


def trained(run: Run, folder: Path, checkpoint: Path | None = None) -> Any:
    exported, model = run.exported("transformers"), Model()
    options = {"max_steps": UPDATES, "per_device_train_batch_size": BATCH_SIZE, "save_steps": HALF}
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        **(exported.TRAINING_ARGUMENTS | options),
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        save_strategy="steps",
    )
    inputs, targets = (torch.tensor(part) for part in data(run.kind))
    trainer = InOrder(
        model=model,
        args=arguments,
        train_dataset=[{"inputs": a, "labels": b} for a, b in zip(inputs, targets, strict=True)],
        optimizers=exported.make_optimizer_and_scheduler(model.parameters()),
    )
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return model.inner


@each_kind
def test_a_trainer_takes_the_engines_steps_and_resumes_from_a_checkpoint(run: Run, tmp_path: Path) -> None:
    assert HALF % BATCHES == 0
    assert_is_at(trained(run, tmp_path), run, UPDATES)
    half = tmp_path / f"checkpoint-{HALF}"
    assert half.is_dir()
    assert_is_at(trained(run, tmp_path / "resumed", half), run, UPDATES)
