"""The explanation of the race: entries, variants, computed schedules, and the choice among equals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from app.tuning.decision.race_history import RaceHistory
from app.tuning.planning.race_limits import MAX_SWEPT_TIES, SPREADS
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing
from app.tuning.racing.selection import Choice, complexity
from app.tuning.recommendation.evidence import Verdict
from app.tuning.recommendation.formatting import listed, number, paragraph, plural
from app.tuning.recommendation.wording import differences_in_words, in_words, settings_in_words


def explain_race(mean: str, history: RaceHistory, verdict: Verdict) -> Iterator[str]:
    """Yield the texts of race, variants, final, race with a margin, choice, second choice, lowered peak.

    Args:
        mean: The metric in words, such as "mean loss".
        history: The stages of the race.
        verdict: The figures of the confirmation.
    """
    yield _race(mean, history, verdict)
    if history.iterated is not history.first:
        yield _variants(mean, history, verdict)
    yield _final(mean, history, verdict)
    if history.standing is not history.final:
        yield _race_with_margin(mean, history)
    first_choice = history.contradicted or history.choice
    if len(first_choice.tied) > 1:
        yield _preference(history.standing, first_choice, verdict)
    if history.contradicted is not None:
        yield _second_choice(history, verdict)
    if history.choice.lowered_from is not None:
        yield _lowered_peak(history.choice)


def _race(mean: str, history: RaceHistory, verdict: Verdict) -> str:
    """Return how many entries raced, and which one had the lowest mean."""
    race = history.first
    searched = sum(not entry.is_default for entry in race.candidates)
    defaults = len(race.candidates) - searched
    trials = "the best trial" if searched == 1 else f"{searched} of the best trials"
    seed_note = f"on up to {race.seeds} fresh seeds"
    if verdict.deterministic:
        seed_note = "once each, because every run of this objective is the same"
    text = f"The race ran {trials} and {defaults} {plural('default', defaults)} {seed_note}."
    best, value = race.candidates[race.leader], race.values[race.leader].mean()
    if math.isnan(value):
        return f"{text} {_lowest(mean, value, best)}"
    dropped = len(race.candidates) - len(race.survivors)
    is_told = dropped > 0 and not verdict.deterministic
    return paragraph(
        text,
        _lowest(mean, value, best),
        f"{dropped} of {len(race.candidates)} entries were dropped as worse." if is_told else "",
    )


def _variants(mean: str, history: RaceHistory, verdict: Verdict) -> str:
    """Return what the variants of the best entries gave."""
    race = history.iterated
    seed_note = "" if verdict.deterministic else ", all on the same fresh seeds"
    text = f"Variants of the best entries ran next, in up to {len(SPREADS)} generations{seed_note}."
    best, value = race.candidates[race.leader], race.values[race.leader].mean()
    differences = differences_in_words(best, history.first.candidates[history.first.leader])
    return paragraph(text, _lowest(mean, value, best), differences)


def _final(mean: str, history: RaceHistory, verdict: Verdict) -> str:
    """Return what the final gave, with the schedules that were computed for the best entry."""
    final = history.final
    ran = f"The final ran {listed([*_entries_before(final.candidates), *_computed(final.candidates)])}."
    seed_note = "" if verdict.deterministic else f"Each entry ran on up to {final.seeds} other seeds."
    best, value = final.candidates[final.leader], float(final.values[final.leader].mean())
    differences = differences_in_words(best, history.iterated.candidates[history.iterated.leader])
    gain = final.behind(0)  # on the seeds that both entries ran; the first is the best one before the final
    same = "" if verdict.deterministic else " on the same seeds"
    lower = f"The {mean} of the best entry before the final is {number(gain)} higher{same}."
    is_told = not math.isnan(value) and gain > 0.0
    return paragraph(ran, seed_note, _lowest(mean, value, best), differences, lower if is_told else "")


def _lowest(mean: str, value: float, best: RaceCandidate) -> str:
    """Return the entry with the lowest mean. value: nan if even that entry diverged."""
    if math.isnan(value):
        text = f"Every remaining entry diverged at least once, {in_words(best)} least often."
    else:
        text = f"The lowest {mean} was {number(value)}, of {in_words(best)}."
    return paragraph(text, settings_in_words(best))


def _race_with_margin(mean: str, history: RaceHistory) -> str:
    """Return what a race of entries with a margin to divergence gave."""
    race = history.standing
    return (
        "The best entry lies at the edge of divergence. A further race took entries with lower peaks, and "
        "their variants, that do not diverge half an octave higher. "
        + _lowest(mean, float(race.values[race.leader].mean()), race.candidates[race.leader])
    )


def _entries_before(entries: Sequence[RaceCandidate]) -> list[str]:
    """Return the entries of the final that ran in the race before, in words."""
    searched = sum(entry.source == "search" for entry in entries)
    defaults = sum(entry.is_default for entry in entries)
    best_entries = "the best entry" if searched == 1 else f"{searched} of the best entries"
    best_defaults = "the best default" if defaults == 1 else f"{defaults} defaults"
    return [best_entries] * (searched > 0) + [best_defaults] * (defaults > 0)


def _computed(entries: Sequence[RaceCandidate]) -> list[str]:
    """Return how many schedules of each source were computed for the best entry, in words."""
    counts = {source: sum(entry.source == source for entry in entries) for source in _COMPUTED}
    return [
        f"{'one' if count == 1 else count} {plural(noun, count)}{suffix}"
        for (noun, suffix), count in zip(_COMPUTED.values(), counts.values(), strict=True)
        if count
    ]


# The noun of each source, and what follows the noun.
_COMPUTED = {"decay": ("linear decay", ""), "refined": ("schedule", " refined from gradient norms")}


def _preference(race: Standing, choice: Choice, verdict: Verdict) -> str:
    """Return which of the equally good entries was chosen, and why."""
    count = len(choice.tied)
    if verdict.deterministic:
        equal = f"{count} entries are equally good."
    else:
        equal = (
            f"The seeds cannot tell {count} entries apart: each mean lies within a standard error of the "
            "lowest."
        )
    entry = race.candidates[choice.row]
    chosen = f"The choice is {in_words(entry)}."
    return paragraph(
        equal,
        chosen,
        settings_in_words(entry),
        differences_in_words(entry, race.candidates[race.leader]),
        _reason(race, choice),
    )


def _reason(race: Standing, choice: Choice) -> str:
    """Return why the chosen one of the tied entries was preferred."""
    count = len(choice.tied)
    simplest = min(complexity(race.candidates[row].configuration) for row in choice.tied)
    alike = [row for row in choice.tied if complexity(race.candidates[row].configuration) == simplest]
    if choice.row not in alike:
        return "The choice keeps an octave of margin to the first divergence."
    if len(alike) == 1:
        return f"The choice has the simplest schedule of the {count}."
    group = f" of the {len(alike)} with the simplest schedule" if len(alike) < count else f" of the {count}"
    swept = ""
    if len(alike) > MAX_SWEPT_TIES:  # the ranges of the others are not known
        swept = f"The learning-rate sweep ran the {MAX_SWEPT_TIES} entries with the lowest means{group}."
        group = f" of these {MAX_SWEPT_TIES}"
    if choice.safe is None:
        return paragraph(swept, f"The choice has the lowest mean{group}.")
    width = f"{number(choice.safe.low)} to {number(choice.safe.high)}"
    return paragraph(swept, f"The choice has the widest margin or safe range{group}: {width}.")


def _second_choice(history: RaceHistory, verdict: Verdict) -> str:
    """Return why the first choice was not kept."""
    assert history.contradicted is not None
    first, second = history.contradicted.recommended, history.winner
    return paragraph(
        f"The first {verdict.replicates} confirming seeds contradicted the choice of {in_words(first)}.",
        f"The second choice, confirmed on new seeds, is {in_words(second)}.",
        settings_in_words(second),
        differences_in_words(second, first),
    )


def _lowered_peak(choice: Choice) -> str:
    """Return why the peak is lower than the peak that ran in the final."""
    assert choice.lowered_from is not None
    peak = choice.recommended.configuration.optimizer["learning_rate"]
    return (
        f"The peak learning rate was lowered from {number(choice.lowered_from)} to {number(peak)}. "
        f"Runs diverged at {number(choice.diverges)}, and a peak must stay an octave below."
    )
