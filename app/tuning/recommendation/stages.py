"""The stages of a job in words that a user understands; a job's progress names the one at hand."""

from __future__ import annotations

from app.tuning.evaluation.requests import EvaluationRequest, Seeds

SEARCH = "search"
RANGE_TEST = "range test"
OTHER_HORIZONS = "other horizons"

# By the seeds of a request. A new member of `Seeds` needs its word here.
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
    """Return the stage of a request in words."""
    return WORDS[request.stage]
