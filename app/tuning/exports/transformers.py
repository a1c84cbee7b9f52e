"""The optimizer and its schedule for the Trainer of transformers: those of PyTorch, made together."""

from __future__ import annotations

from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, joined
from app.tuning.exports.torch import implementation, sections

_MAKE_BOTH = '''
def make_optimizer_and_scheduler(parameters):
    """For Trainer(..., args=TrainingArguments(**TRAINING_ARGUMENTS), optimizers=<what this returns>)."""
    optimizer = make_optimizer(parameters)
    return optimizer, make_scheduler(optimizer)
'''


def render(recommendation: Recommendation, total_steps: int) -> str:
    """A module with make_optimizer_and_scheduler(parameters). Raises NotExportable, as for PyTorch."""
    arguments: dict[str, object] = {"max_steps": total_steps, "max_grad_norm": 0.0}
    if isinstance(recommendation.batch_size, int):
        arguments["per_device_train_batch_size"] = recommendation.batch_size
    constants = (
        "# The Trainer clips gradients to a norm of 1 unless max_grad_norm is 0; what clipping was tuned is\n"
        f"# part of the optimizer here.\nTRAINING_ARGUMENTS = {arguments!r}".replace("'", '"')
    )
    first, *rest = sections(recommendation, total_steps)
    return joined([first, constants, *rest, _MAKE_BOTH])


FORMAT = Format(
    name="transformers",
    summary="a PyTorch module that defines `make_optimizer_and_scheduler(parameters)` for "
    "`Trainer(optimizers=...)`, and `TRAINING_ARGUMENTS` that go with it",
    media_type="text/x-python",
    filename="stepsize_transformers.py",
    render=render,
    implementation=implementation,
)
