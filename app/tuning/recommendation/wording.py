"""Text for a configuration, and for the fields in which two configurations differ."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.records import Configuration
from app.tuning.racing.candidates import RaceCandidate, recommended_options, warmup_in_words
from app.tuning.recommendation.formatting import distinct_numbers, listed, number, paragraph

DIFFERENCES_PER_SENTENCE = 2


def in_words(entry: RaceCandidate | Configuration) -> str:
    """Return text such as "adam (learning rate 0.004, cosine schedule, batch size 32)".

    `settings_in_words` names the settings of the objective: there may be many of them.
    """
    configuration = _configuration(entry)
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
    return f"{name} ({', '.join(parts)})"


def settings_in_words(entry: RaceCandidate | Configuration) -> str:
    """Return a sentence with the settings of the objective; empty if there are none."""
    parts = [f"{name} {number(value)}" for name, value in _configuration(entry).settings.items()]
    return f"Settings: {listed(parts)}." if parts else ""


def differences_in_words(entry: RaceCandidate, before: RaceCandidate) -> str:
    """Return sentences with the differences to the entry named before; empty if `in_words` differs."""
    if in_words(entry) != in_words(before):
        return ""
    parts = list(_differences(entry.configuration, before.configuration))
    groups = [parts[i : i + DIFFERENCES_PER_SENTENCE] for i in range(0, len(parts), DIFFERENCES_PER_SENTENCE)]
    starts = ["Differences to the entry named before", *["Further differences"] * len(groups)]
    return paragraph(*(f"{start}: {listed(group)}." for start, group in zip(starts, groups, strict=False)))


def _configuration(entry: RaceCandidate | Configuration) -> Configuration:
    return entry.configuration if isinstance(entry, RaceCandidate) else entry


def _differences(configuration: Configuration, before: Configuration) -> Iterator[str]:
    """Yield each field that differs between two configurations of the same kinds.

    A difference reads "beta1 0.95 instead of 0.9".
    """
    for fields, fields_before in (
        (configuration.optimizer, before.optimizer),
        (configuration.schedule, before.schedule),
        (configuration.settings, before.settings),
    ):
        for name, value in fields.items():
            value_before, words = fields_before.get(name), name.replace("_", " ")
            if value == value_before:
                continue
            if isinstance(value, list | tuple):
                yield f"other {words}"
            elif type(value) is float and type(value_before) is float:
                yield f"{words} {' instead of '.join(distinct_numbers(value, value_before))}"
            else:
                yield f"{words} {str(value).lower()} instead of {str(value_before).lower()}"
