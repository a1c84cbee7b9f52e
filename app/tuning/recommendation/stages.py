"""The words for the stages of a job; the progress of a job names the current stage."""

from __future__ import annotations

from app.tuning.evaluation.requests import EvaluationRequest, Seeds

SEARCH = "search"
RANGE_TEST = "range test"
OTHER_HORIZONS = "other horizons"

# The word of each stage, by the seeds of its requests. A new member of `Seeds` needs a word here.
WORDS: dict[Seeds, str] = {
    Seeds.RACE: "race of the best",
    Seeds.NEIGHBOURS: "variations of the best",
    Seeds.NORMS: "schedules",
    Seeds.FINAL: "final",
    Seeds.SWEEP: "learning-rate sweep",
    Seeds.CONFIRM: "confirmation",
    Seeds.RECONFIRM: "second confirmation",
    Seeds.HORIZONS: OTHER_HORIZONS,
    Seeds.MARGIN: "race with a margin",
}

STAGES = tuple(dict.fromkeys([RANGE_TEST, SEARCH, *WORDS.values()]))


def stage_word(request: EvaluationRequest) -> str:
    """Return the word for the stage of a request."""
    return WORDS[request.stage]
