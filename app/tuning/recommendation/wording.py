"""How a configuration reads in a sentence, and what tells two of them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.records import Configuration
from app.tuning.racing.candidates import RaceCandidate, recommended_options, warmup_in_words
from app.tuning.recommendation.formatting import apart, number


def in_words(entry: RaceCandidate | Configuration, more: Sequence[str] = ()) -> str:
    """Return such as "adam (learning rate 0.004, cosine schedule, batch size 32)"; `more` comes last."""
    configuration = entry.configuration if isinstance(entry, RaceCandidate) else entry
    optimizer, schedule = configuration.optimizer, configuration.schedule
    is_default = isinstance(entry, RaceCandidate) and entry.is_default
    options = recommended_options(configuration)
    name = optimizer["kind"]
    name += (f" with {options}" if options else " at its defaults") if is_default else ""
    warmup = warmup_in_words(configuration) if is_default else ""
    times = entry.refinements if isinstance(entry, RaceCandidate) else 0
    kind = schedule["kind"] if times == 0 else "refined table" if times == 1 else "twice refined table"
    parts = [f"learning rate {number(optimizer['learning_rate'])}", f"{kind} schedule{warmup}"]
    parts += [] if configuration.batch_size is None else [f"batch size {configuration.batch_size}"]
    parts += [f"{setting} {number(value)}" for setting, value in configuration.settings.items()]
    return f"{name} ({', '.join([*parts, *more])})"


def told_apart(entry: RaceCandidate, before: RaceCandidate) -> str:
    """Return `in_words`, and where the one named before reads alike, what differs."""
    if in_words(entry) != in_words(before):
        return in_words(entry)
    return in_words(entry, list(_instead(entry.configuration, before.configuration)))


def plural(noun: str, count: int) -> str:
    """Return the noun for so many."""
    return noun if count == 1 else f"{noun}s"


def _instead(found: Configuration, other: Configuration) -> Iterator[str]:
    """Yield what differs between two configurations of the same kinds, as "beta1 0.95 instead of 0.9"."""
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
