"""The stages of a job in words that a user understands; a job's progress names the one at hand."""

from __future__ import annotations

from app.spec.job import JobSpec
from app.tuning.heats import Heat, Seeds

SEARCH = "search"
RANGE_TEST = "range test"
OTHER_HORIZONS = "other horizons"  # whichever seeds these runs share

# By the seeds of a heat. A new member of `Seeds` needs its word here.
WORDS: dict[Seeds, str] = {
    Seeds.RACE: "race of the best",
    Seeds.NEIGHBOURS: "variations of the best",
    Seeds.NORMS: "schedules",
    Seeds.FINAL: "final",
    Seeds.SWEEP: "learning-rate sweep",
    Seeds.CONFIRM: "confirmation",
}

STAGES = tuple(dict.fromkeys([RANGE_TEST, SEARCH, *WORDS.values(), OTHER_HORIZONS]))


def stage_word(spec: JobSpec, heat: Heat) -> str:
    """Return the stage of a heat in words; runs that are longer or shorter than the job's have their own."""
    return WORDS[heat.stage] if heat.steps == spec.budget.steps else OTHER_HORIZONS
