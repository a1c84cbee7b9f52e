"""The export for the Trainer of transformers: the optimizer and the scheduler of PyTorch, made together."""

from __future__ import annotations

from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, join_sections
from app.tuning.exports.torch import implementation, sections

_MAKE_BOTH = '''
def make_optimizer_and_scheduler(parameters):
    """Return the tuned optimizer and its scheduler, for a Trainer.

    Pass them as Trainer(..., args=TrainingArguments(**TRAINING_ARGUMENTS), optimizers=<the returned pair>).
    """
    optimizer = make_optimizer(parameters)
    return optimizer, make_scheduler(optimizer)
'''


def render(recommendation: Recommendation, total_steps: int) -> str:
    """Return a module with make_optimizer_and_scheduler(parameters). Raises NotExportable, as for PyTorch."""
    arguments: dict[str, object] = {"max_steps": total_steps, "max_grad_norm": 0.0}
    if isinstance(recommendation.batch_size, int):
        arguments["per_device_train_batch_size"] = recommendation.batch_size
    constants = (
        "# The Trainer clips gradients to a norm of 1 unless max_grad_norm is 0; tuned clipping is\n"
        f"# part of the optimizer below.\nTRAINING_ARGUMENTS = {arguments!r}".replace("'", '"')
    )
    first, *rest = sections(recommendation, total_steps)
    return join_sections([first, constants, *rest, _MAKE_BOTH])


FORMAT = Format(
    name="transformers",
    summary="a PyTorch module that defines `make_optimizer_and_scheduler(parameters)` for "
    "`Trainer(optimizers=...)`, and `TRAINING_ARGUMENTS` that go with it",
    media_type="text/x-python",
    filename="stepsize_transformers.py",
    render=render,
    implementation=implementation,
)
