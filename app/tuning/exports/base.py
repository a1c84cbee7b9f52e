"""The definition of an export format, and the header that all exported modules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.schedules.momentum_cycling import cycling, with_cycled_momentum
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.source.factor_table import exported_schedule

_MAX_SHOWN_VALUES = 8  # a longer list is given by its length in a header


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format of a schedule.

    summary: a description of the file, as the end of "`name`: ...".
    render: returns the file for a recommendation and a number of updates. Any horizon is possible, as the
    lengths in a schedule are fractions of the horizon.
    implementation: names the class or function with which a module builds the optimizer; "" if the module
    contains the update rule, None if the optimizer has no form in this format. The field is None if the file
    has no optimizer.
    """

    name: str
    summary: str
    media_type: str
    filename: str
    render: Callable[[Recommendation, int], str]
    implementation: Callable[[Optimizer], str | None] | None = None


def header(recommendation: Recommendation, total_steps: int) -> str:
    """Return the comment lines that describe a module and its evidence."""
    optimizer, schedule = recommendation.optimizer, recommendation.schedule
    lines = [
        f"Made by Stepsize: {optimizer['kind']}, {schedule['kind']} schedule, {total_steps} updates.",
        _fields("Optimizer", optimizer),
        _fields("Schedule", schedule),
    ]
    if recommendation.taken_schedule is not None:
        lines.append("The schedule follows the losses; this table has the factors of the winner's trial.")
    if cycling(exported_schedule(recommendation)):
        lines.append("The schedule cycles the momentum too, which replaces the optimizer's own value.")
    if recommendation.batch_size is not None:
        lines.append(f"Batch size: {recommendation.batch_size}.")
    if recommendation.settings:
        lines.append(_fields("Tuned settings of the objective", dict(recommendation.settings)))
    return "".join(f"# {line}\n" for line in [*lines, _evidence(recommendation)])


def tuned_optimizer(recommendation: Recommendation) -> Optimizer:
    """Return the recommended optimizer, with the cycled momentum if the schedule has one.

    A field that an old recommendation lacks has its default. Raises NotExportable.
    """
    values = dict(recommendation.optimizer)
    optimizer = OPTIMIZERS[values.pop("kind")](**values)
    return with_cycled_momentum(optimizer, exported_schedule(recommendation))


def requirement(distribution: str) -> str:
    """Return the comment line that names a package that a module needs besides its framework."""
    return f"# Needs the package {distribution}: pip install {distribution}\n"


def join_sections(sections: Iterable[str]) -> str:
    """Join the top-level sections of a module; empty sections are left out."""
    return "\n\n\n".join(section.strip("\n") for section in sections if section) + "\n"


def imports(source: str, *names: str) -> str:
    """Return the import statements of the named modules that the source uses."""
    return "".join(f"import {name}\n\n" for name in names if f"{name}." in source)


def _fields(noun: str, values: dict[str, object]) -> str:
    fields = ", ".join(f"{name} {_short(value)}" for name, value in values.items() if name != "kind")
    return f"{noun}: {fields or 'no fields'}."


def _short(value: object) -> object:
    if isinstance(value, (list, tuple)) and len(value) > _MAX_SHOWN_VALUES:
        return f"({len(value)} values)"
    return value


def _evidence(recommendation: Recommendation) -> str:
    evidence = recommendation.evidence
    winner = evidence.candidates[0]
    mean = "diverged on some seeds" if winner.mean is None else f"{evidence.metric} {winner.mean:.6g}"
    spread = "" if winner.ci95 is None else f", 95 % interval {winner.ci95[0]:.6g} to {winner.ci95[1]:.6g}"
    seeds = f"on {evidence.replicates} fresh seeds" if evidence.replicates else "in the search, not confirmed"
    tuned = f"after {recommendation.total_steps} updates"
    return f"Evidence: {mean} {tuned}{spread}, {seeds}."
