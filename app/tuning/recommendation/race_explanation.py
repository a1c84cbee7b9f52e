"""The sentences about the race: what ran, what other schedules gave, and which of the equals was taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.tuning.decision.choice import MAX_SWEPT_TIES
from app.tuning.decision.race_history import RaceHistory
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing
from app.tuning.racing.iterated import SPREADS
from app.tuning.racing.selection import Choice, complexity
from app.tuning.recommendation.evidence import Verdict
from app.tuning.recommendation.formatting import listed, number
from app.tuning.recommendation.wording import in_words, plural, told_apart


def tell_race(metric: str, course: RaceHistory, verdict: Verdict) -> Iterator[str]:
    """Yield the sentences about race, variants, final, choice, lowered peak and second choice."""
    yield _race(metric, course, verdict)
    if course.near is not course.first:
        yield _variants(metric, course, verdict)
    yield _final(metric, course, verdict)
    if course.standing is not course.final:
        yield _with_margin(metric, course)
    first = course.contradicted or course.choice
    if len(first.tied) > 1:
        yield _preference(course.standing, first, verdict)
    if course.contradicted is not None:
        yield _second_choice(course, verdict)
    if course.choice.lowered_from is not None:
        yield _lowered(course.choice)


def _race(metric: str, course: RaceHistory, verdict: Verdict) -> str:
    """Return which entries raced, and which had the lowest mean."""
    first = course.first
    searched = sum(not entry.is_default for entry in first.entries)
    defaults = len(first.entries) - searched
    best = "the best trial" if searched == 1 else f"{searched} of the best trials"
    where = f"on up to {first.seeds} fresh seeds"
    if verdict.deterministic:
        where = "once each, because every run of this objective is the same"
    race = f"The race ran {best} and {defaults} {plural('default', defaults)} {where}"
    leader = in_words(first.entries[first.leader])
    mean = first.values[first.leader].mean()
    if mean != mean:  # nan
        return f"{race}: all of them diverged on some seeds, {leader} on the fewest."
    behind = len(first.entries) - len(first.survivors)
    left = f"; {behind} of {len(first.entries)} were dropped as worse"
    left = "" if verdict.deterministic or not behind else left
    return f"{race}: the lowest {metric} was {number(mean)}, of {leader}{left}."


def _variants(metric: str, course: RaceHistory, verdict: Verdict) -> str:
    """Return what variants of the best entries gave."""
    near, leader = course.near, course.near.entries[course.near.leader]
    where = "" if verdict.deterministic else ", all on the same fresh seeds"
    ran = f"Variants of the best entries ran next, in up to {len(SPREADS)} generations{where}"
    words = told_apart(leader, course.first.entries[course.first.leader])
    mean = near.values[near.leader].mean()
    if mean != mean:  # nan
        return f"{ran}: {words} diverged least often."
    return f"{ran}: the lowest {metric} was {number(mean)}, of {words}."


def _final(metric: str, course: RaceHistory, verdict: Verdict) -> str:
    """Return what the final gave, with the schedules that were made for it."""
    final = course.final
    where = "" if verdict.deterministic else f" on up to {final.seeds} other seeds"
    ran = f"The final ran {listed([*_others(final.entries), *_made(final.entries)])}{where}"
    leader = final.entries[final.leader]
    words = told_apart(leader, course.near.entries[course.near.leader])
    figure = float(final.values[final.leader].mean())  # nan where it diverged
    if figure != figure:
        return f"{ran}: {words} diverged least often."
    lower = final.behind(0)
    # On the seeds that both ran: the other may not have run on all.
    said = f", {number(lower)} below the best variant" if lower > 0.0 else ""
    return f"{ran}: the lowest {metric} was {number(figure)}, of {words}{said}."


def _with_margin(metric: str, course: RaceHistory) -> str:
    """Return what a race of entries with a margin to divergence gave."""
    standing = course.standing
    mean, leader = standing.values[standing.leader].mean(), standing.entries[standing.leader]
    return (
        "The best of them sits at the edge of divergence, so entries with lower peaks and variants of them "
        f"raced that do not diverge half an octave higher: the lowest {metric} was "
        f"{number(float(mean))}, of {in_words(leader)}."
    )


def _others(entries: Sequence[RaceCandidate]) -> list[str]:
    """Return what ran beside the schedules that were made."""
    searched = sum(entry.source == "search" for entry in entries)
    defaults = sum(entry.is_default for entry in entries)
    best = "the best entry" if searched == 1 else f"{searched} of the best entries"
    usual = "the best default" if defaults == 1 else f"{defaults} defaults"
    return [best] * (searched > 0) + [usual] * (defaults > 0)


def _made(entries: Sequence[RaceCandidate]) -> list[str]:
    """Return what was made for the best entry, of each source."""
    counts = {source: sum(entry.source == source for entry in entries) for source in _MADE}
    return [
        f"{'one' if count == 1 else count} {plural(noun, count)}{how}"
        for (noun, how), count in zip(_MADE.values(), counts.values(), strict=True)
        if count
    ]


_MADE = {"decay": ("linear decay", ""), "refined": ("schedule", " refined from gradient norms")}


def _preference(final: Standing, choice: Choice, verdict: Verdict) -> str:
    """Return why the choice is not simply the entry with the lowest mean."""
    count = len(choice.tied)
    told = (
        f"{count} of them are equally good there"
        if verdict.deterministic
        else f"These seeds cannot tell {count} of them apart: their means lie within a standard error"
    )
    entry = final.entries[choice.entry]
    words = told_apart(entry, final.entries[final.leader])
    taken = f"the chosen one is {words},"
    simplest = min(complexity(final.entries[row].configuration) for row in choice.tied)
    alike = [row for row in choice.tied if complexity(final.entries[row].configuration) == simplest]
    if choice.entry not in alike:
        return f"{told}; {taken} because it keeps an octave of margin to the first divergence."
    if len(alike) == 1:
        return f"{told}; {taken} which has the simplest schedule of the {count}."
    simple = f" of the {len(alike)} with the simplest schedule" if len(alike) < count else ""
    if len(alike) > MAX_SWEPT_TIES:  # of the others it is not known
        simple = f" of the {MAX_SWEPT_TIES} with the lowest means{simple}"
    if choice.safe is None:
        return f"{told}; {taken} which has the lowest mean{simple}."
    width = f"{number(choice.safe.low)} to {number(choice.safe.high)}"
    return f"{told}; {taken} which has the widest margin or safe range{simple}, {width}."


def _second_choice(course: RaceHistory, verdict: Verdict) -> str:
    """Return why the first choice was not kept."""
    assert course.contradicted is not None
    was, now = course.contradicted.recommended, course.winner
    return (
        f"The first {verdict.replicates} confirming seeds spoke against {in_words(was)}: "
        f"{told_apart(now, was)} took its place and was confirmed on new seeds."
    )


def _lowered(choice: Choice) -> str:
    """Return why the peak is lower than the one that ran in the final."""
    assert choice.lowered_from is not None
    peak = choice.recommended.configuration.optimizer["learning_rate"]
    return (
        f"The peak was lowered from {number(choice.lowered_from)} to {number(peak)}: runs diverged at "
        f"{number(choice.diverges)}, and an octave of margin must stay."
    )
