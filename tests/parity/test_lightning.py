"""The exported PyTorch modules in a Trainer of Lightning, which steps with a closure (`make parity`)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.parity.regression import BATCH_SIZE, HALF, UPDATES, Run, data

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own imports
    lightning = pytest.importorskip("pytorch_lightning")

from tests.support.parity.torch_trainers import (  # noqa: E402 - it imports torch
    assert_is_at,
    each_run,
    model_at_start,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # advice on loggers, workers and checkpoints


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    yield
    torch.set_default_dtype(before)


class Module(lightning.LightningModule):  # type: ignore[misc,name-defined]  # not among the dependencies
    """Automatic optimisation, as the how-to shows it."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.exported, self.model = run.exported("torch"), model_at_start()

    def training_step(self, batch: Any, number: int) -> Any:
        inputs, targets = batch
        return torch.nn.functional.mse_loss(self.model(inputs), targets)

    def configure_optimizers(self) -> Any:
        optimizer = self.exported.make_optimizer(self.parameters())
        scheduler = self.exported.make_scheduler(optimizer)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def fitted(run: Run, folder: Path, checkpoint: Path | None = None) -> Any:
    inputs, targets = (torch.tensor(part) for part in data(run.kind))
    batches = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(inputs, targets), batch_size=BATCH_SIZE
    )
    keep = lightning.callbacks.ModelCheckpoint(
        dirpath=folder, filename="{step}", every_n_train_steps=HALF, save_top_k=-1
    )
    trainer = lightning.Trainer(
        max_steps=UPDATES,
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        callbacks=[keep],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Module(run)
    trainer.fit(module, batches, ckpt_path=checkpoint)
    assert trainer.global_step == UPDATES
    return module.model


@each_run
def test_a_trainer_takes_the_engines_steps_and_resumes_from_a_checkpoint(run: Run, tmp_path: Path) -> None:
    assert_is_at(fitted(run, tmp_path), run, UPDATES)
    half = tmp_path / f"step={HALF}.ckpt"
    assert half.is_file()
    assert_is_at(fitted(run, tmp_path / "resumed", half), run, UPDATES)
