"""The exports with one entry per epoch, for trainers that step their schedule once per epoch."""

from __future__ import annotations

from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format
from app.tuning.exports.source.per_epoch import PerEpoch

MODULE = "text/x-python"

# Words about updates in the modules, and their replacements for one entry per epoch.
_WORDS = (
    ("an update, counted from 0", "an epoch, counted from 0"),
    ("The learning rate of every update", "The learning rate of every epoch"),
    ("step() once per update", "step() once per epoch"),
    ("step() after each step() of the optimizer", "step() after each epoch"),
)
# Replacements for frameworks that count updates themselves: an entry holds for all updates of its epoch.
_BY_UPDATE: dict[str, tuple[tuple[str, str], ...]] = {
    "keras": (
        ("    schedule = make_schedule()\n", "    schedule = ByUpdate()\n"),
        ("looked_up(MOMENTA, k, ", "looked_up(MOMENTA, k // STEPS_PER_EPOCH, "),
    ),
    "optax": (
        ("    schedule = make_schedule()\n", "    schedule = by_update(make_schedule())\n"),
        ("[jnp.clip(k, 0,", "[jnp.clip(k // STEPS_PER_EPOCH, 0,"),
    ),
    "transformers": (
        ("LR(optimizer, factor)", "LR(optimizer, lambda step: factor(step // STEPS_PER_EPOCH))"),
        ("momentum(self.last_epoch)", "momentum(self.last_epoch // STEPS_PER_EPOCH)"),
        ("step() once per epoch", "step() once per update"),
        ("step() after each epoch", "step() after each step() of the optimizer"),
    ),
}
_HELPERS = {
    "keras": '''

@keras.saving.register_keras_serializable("stepsize")
class ByUpdate(Schedule):
    """The schedule for an optimizer, which counts updates; an entry holds for all updates of its epoch."""

    def __call__(self, step):
        return super().__call__(keras.ops.cast(step, "int32") // STEPS_PER_EPOCH)
''',
    "optax": '''

def by_update(schedule):
    """Return the schedule for an optimizer, which counts updates; an entry holds for its whole epoch."""
    return lambda count: schedule(count // STEPS_PER_EPOCH)
''',
}


def render_by_epoch(chosen: Format, recommendation: Recommendation, updates: int, every: int) -> str:
    """Return the file of a format with the rate of each epoch's first update. Raises NotExportable.

    updates: the updates of the run. every: the updates of an epoch. TOTAL_STEPS of a module counts epochs.
    """
    per_epoch = PerEpoch.model_validate(
        recommendation.model_dump() | {"steps_per_epoch": every, "updates": updates}
    )
    epochs = per_epoch.epochs
    text = chosen.render(per_epoch, epochs)
    if chosen.media_type != MODULE:
        return text.replace("step,", "epoch,", 1)
    for old, new in (*_WORDS, *_BY_UPDATE.get(chosen.name, ())):
        text = text.replace(old, new)
    length = f"{epochs} epochs of {every} updates, with one entry per epoch; TOTAL_STEPS counts epochs."
    text = text.replace(f"schedule, {epochs} updates.", f"schedule, {length}", 1)
    text = text.replace(f'"max_steps": {epochs}', f'"max_steps": {updates}', 1)
    constant = f"TOTAL_STEPS = {epochs}\n"
    text = text.replace(constant, f"{constant}STEPS_PER_EPOCH = {every}\n", 1)
    return text + _HELPERS.get(chosen.name, "")
