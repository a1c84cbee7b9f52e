"""Files with one entry an epoch, for trainers that step their schedule once an epoch."""

from __future__ import annotations

from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format
from app.tuning.exports.source.per_epoch import PerEpoch

MODULE = "text/x-python"

# Texts that speak of updates, and what they are where an entry is an epoch.
_WORDS = (
    ("an update, counted from 0", "an epoch, counted from 0"),
    ("one step() an update", "one step() an epoch"),
    ("step() after each of its own", "step() after each epoch"),
)
# Where a framework counts updates by itself, an entry holds for the updates of its epoch.
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
        ("one step() an epoch", "one step() an update"),
    ),
}
_HELPERS = {
    "keras": '''

@keras.saving.register_keras_serializable("stepsize")
class ByUpdate(Schedule):
    """The schedule for an optimizer, which counts updates: an entry holds for its epoch."""

    def __call__(self, step):
        return super().__call__(keras.ops.cast(step, "int32") // STEPS_PER_EPOCH)
''',
    "optax": '''

def by_update(schedule):
    """The schedule for an optimizer, which counts updates: an entry holds for its epoch."""
    return lambda count: schedule(count // STEPS_PER_EPOCH)
''',
}


def render_by_epoch(chosen: Format, recommendation: Recommendation, updates: int, every: int) -> str:
    """Return the file of a format with the rate of each epoch's first update. Raises NotExportable.

    updates: of the run. every: updates of an epoch. TOTAL_STEPS of a module counts epochs.
    """
    found = PerEpoch.model_validate(
        recommendation.model_dump() | {"steps_per_epoch": every, "updates": updates}
    )
    text = chosen.render(found, found.epochs)
    if chosen.media_type != MODULE:
        return text.replace("step,", "epoch,", 1)
    for old, new in (*_WORDS, *_BY_UPDATE.get(chosen.name, ())):
        text = text.replace(old, new)
    entry = f"{found.epochs} epochs of {every} updates; an entry is an epoch, and TOTAL_STEPS counts epochs."
    text = text.replace(f"schedule, {found.epochs} updates.", f"schedule, {entry}", 1)
    text = text.replace(f'"max_steps": {found.epochs}', f'"max_steps": {updates}', 1)
    constant = f"TOTAL_STEPS = {found.epochs}\n"
    text = text.replace(constant, f"{constant}STEPS_PER_EPOCH = {every}\n", 1)
    return text + _HELPERS.get(chosen.name, "")
