"""The sentences about the race: who met whom, what other schedules gave the leader, who was preferred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.spec.records import Configuration
from app.tuning.course import Course
from app.tuning.field import Entry, recommended_options, warmup_in_words
from app.tuning.figures import apart, listed, number
from app.tuning.neighbours import SPREADS
from app.tuning.preference import MOST_SWEPT
from app.tuning.verdict import Verdict


def in_words(entry: Entry | Configuration, more: Sequence[str] = ()) -> str:
    """Such as "adam (learning rate 0.004, cosine schedule, batch size 32, l2 0.001)"; `more` is said last."""
    configuration = entry.configuration if isinstance(entry, Entry) else entry
    optimizer, schedule = configuration.optimizer, configuration.schedule
    is_default = isinstance(entry, Entry) and entry.is_default
    options = recommended_options(configuration)
    name = optimizer["kind"]
    name += (f" with {options}" if options else " at its defaults") if is_default else ""
    warmup = warmup_in_words(configuration) if is_default else ""
    times = entry.refinements if isinstance(entry, Entry) else 0
    kind = schedule["kind"] if times == 0 else "refined table" if times == 1 else "twice refined table"
    parts = [f"learning rate {number(optimizer['learning_rate'])}", f"{kind} schedule{warmup}"]
    parts += [] if configuration.batch_size is None else [f"batch size {configuration.batch_size}"]
    parts += [f"{setting} {number(value)}" for setting, value in configuration.settings.items()]
    return f"{name} ({', '.join([*parts, *more])})"


def told_apart(entry: Entry, before: Entry) -> str:
    """`in_words`, and where the one named before reads alike, what differs: "beta1 0.95 instead of 0.9"."""
    if in_words(entry) != in_words(before):
        return in_words(entry)
    return in_words(entry, list(_instead(entry.configuration, before.configuration)))


def _instead(found: Configuration, other: Configuration) -> Iterator[str]:
    """What differs, of two configurations of the same kinds."""
    for one, another in (
        (found.optimizer, other.optimizer),
        (found.schedule, other.schedule),
        (found.settings, other.settings),
    ):
        for name, value in one.items():
            was, told = another.get(name), name.replace("_", " ")
            if value == was:
                continue
            if isinstance(value, list | tuple):
                yield f"other {told}"
            elif type(value) is float and type(was) is float:
                yield f"{told} {' instead of '.join(apart(value, was))}"
            else:
                yield f"{told} {str(value).lower()} instead of {str(was).lower()}"


def tell_race(metric: str, course: Course, verdict: Verdict) -> Iterator[str]:
    """Two sentences, one of the neighbours where there were any, one where the choice was between equals."""
    yield _race(metric, course, verdict)
    if course.near is not course.first:
        yield _neighbours(metric, course, verdict)
    yield _final(metric, course, verdict)
    if len(course.choice.tied) > 1:
        yield _preference(course, verdict)


def _race(metric: str, course: Course, verdict: Verdict) -> str:
    """Who met in the race, and who led."""
    first = course.first
    searched = sum(not entry.is_default for entry in first.entries)
    defaults = len(first.entries) - searched
    several = f"{searched} of these, the best and the best of each kind of optimizer,"
    best = "The best of these" if searched == 1 else several
    where = f"on up to {first.seeds} fresh seeds, for as long as they could win"
    if verdict.deterministic:
        where = "once each, because every run of this objective is the same"
    race = f"{best} raced {defaults} {_plural('default', defaults)} {where}"
    leader = in_words(first.entries[first.leader])
    if first.entries[first.leader].is_default:
        race += ", and a default led, as the search found nothing better"
    mean = first.values[first.leader].mean()
    if mean != mean:  # nan
        return f"{race}: all of them diverged on some, {leader} on the fewest."
    behind = len(first.entries) - len(first.survivors)
    left = "" if verdict.deterministic else f"; {behind} of {len(first.entries)} fell behind"
    return f"{race}: {leader} had the lowest {metric}, {number(mean)}{left}."


def _neighbours(metric: str, course: Course, verdict: Verdict) -> str:
    """What was made of the best of the race."""
    near, leader = course.near, course.near.entries[course.near.leader]
    where = "" if verdict.deterministic else ", all on the same fresh seeds"
    often = f"in up to {len(SPREADS)} generations{where}"
    met = f"The best of the race then met new configurations made of them, {often}"
    words = told_apart(leader, course.first.entries[course.first.leader])
    mean = near.values[near.leader].mean()
    if mean != mean:  # nan
        return f"{met}: {words} diverged least often."
    return f"{met}: {words} had the lowest {metric}, {number(mean)}."


def _final(metric: str, course: Course, verdict: Verdict) -> str:
    """What the schedules made for the leader gave."""
    final = course.final
    where = "" if verdict.deterministic else f" on up to {final.seeds} other seeds"
    made, others = _made(final.entries), _others(final.entries)
    met = (
        f"Made for it, {listed(made)} met {others}{where}"
        if made
        else f"{others[0].upper()}{others[1:]} met again{where}"
    )
    leader = final.entries[final.leader]
    words = told_apart(leader, course.near.entries[course.near.leader])
    figure = float(final.values[final.leader].mean())  # nan where it diverged
    what = (
        f"{words} had the lowest {metric}, {number(figure)}"
        if figure == figure
        else (f"{words} diverged least often")
    )
    lower = final.behind(0)
    # On the seeds that both ran: the other may not have run on all.
    said = f", which is {number(lower)} below the one that led until then" if lower > 0.0 else ""
    same = course.choice.entry == final.leader
    recommended = "" if len(course.choice.tied) > 1 or not same else "; it is the recommended configuration"
    return f"{met}: {what}{said}{recommended}."


def _others(entries: Sequence[Entry]) -> str:
    """Who was there beside the schedules that were made."""
    searched = sum(entry.source == "search" for entry in entries)
    defaults = sum(entry.is_default for entry in entries)
    usual = "the best default" if defaults == 1 else f"{defaults} defaults"
    # Some may be the best of their kind of optimizer alone.
    best = "the best configuration" if searched == 1 else f"{searched} of the best configurations"
    parts = [f"{best} until then"] * (searched > 0) + [usual] * (defaults > 0)
    return " and ".join(parts)


def _made(entries: Sequence[Entry]) -> list[str]:
    """What was made for the leader, of each source."""
    counts = {source: sum(entry.source == source for entry in entries) for source in _MADE}
    return [
        f"{'one' if count == 1 else count} {_plural(noun, count)}{how}"
        for (noun, how), count in zip(_MADE.values(), counts.values(), strict=True)
        if count
    ]


_MADE = {"decay": ("linear decay", ""), "refined": ("schedule", " refined from its own gradient norms")}


def _preference(course: Course, verdict: Verdict) -> str:
    """Why it is not simply the one with the lowest mean."""
    choice = course.choice
    count = len(choice.tied)
    told = (
        f"{count} of them are equally good there"
        if verdict.deterministic
        else f"These seeds cannot tell {count} of them apart, their means lie within a standard error"
    )
    words = told_apart(course.winner, course.final.entries[course.final.leader])
    chosen = f"the recommended configuration, {words},"
    if len(choice.simplest) == 1:
        return f"{told}: {chosen} has the simplest schedule of the {count}."
    alike = len(choice.simplest)
    simple = f" of the {alike} with the simplest schedule" if alike < count else ""
    if choice.safe is None:
        return f"{told}: {chosen} has the lowest mean{simple}."
    width = f"{number(choice.safe.low)} to {number(choice.safe.high)}"
    if alike > MOST_SWEPT:  # of the others it is not known
        simple = f" of the {MOST_SWEPT} with the lowest means{simple}"
    return f"{told}: {chosen} has the wider safe range{simple}, {width}."


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
