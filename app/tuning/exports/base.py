"""What every export format is, and the header that the exported modules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.schedules.momentum_cycling import cycling, with_cycled_momentum
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.source.factor_table import exported_schedule

_SHOWN = 8  # values of a list that are named in a header


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format of a schedule.

    summary: what the file is, as the end of "`name`: ...".
    implementation: names what a module builds the optimizer with, "" where the module carries the update,
    None where there is no form of it; the field is None where the file has no optimizer.
    render: takes the recommendation and the number of updates, any horizon: lengths are fractions of it.
    """

    name: str
    summary: str
    media_type: str
    filename: str
    render: Callable[[Recommendation, int], str]
    implementation: Callable[[Optimizer], str | None] | None = None


def header(recommendation: Recommendation, total_steps: int) -> str:
    """Comment lines: what the module is, and on what evidence."""
    optimizer, schedule = recommendation.optimizer, recommendation.schedule
    lines = [
        f"Made by Stepsize: {optimizer['kind']}, {schedule['kind']} schedule, {total_steps} updates.",
        _fields("Optimizer", optimizer),
        _fields("Schedule", schedule),
    ]
    if recommendation.taken_schedule is not None:
        lines.append("It follows the losses; this is the table of what it took in the winner's trial.")
    if cycling(exported_schedule(recommendation)):
        lines.append("The schedule cycles the momentum too, in place of the optimizer's own.")
    if recommendation.batch_size is not None:
        lines.append(f"Batch size: {recommendation.batch_size}.")
    if recommendation.settings:
        lines.append(f"{_fields('Tuned with', dict(recommendation.settings))[:-1]} of the objective.")
    return "".join(f"# {line}\n" for line in [*lines, _evidence(recommendation)])


def tuned_optimizer(recommendation: Recommendation) -> Optimizer:
    """The recommended optimizer, with the cycled momentum where the schedule has one.

    A field that an old recommendation lacks has its default. Raises NotExportable.
    """
    values = dict(recommendation.optimizer)
    optimizer = OPTIMIZERS[values.pop("kind")](**values)
    return with_cycled_momentum(optimizer, exported_schedule(recommendation))


def requirement(distribution: str) -> str:
    """A comment line that names the package that a module wants besides its framework."""
    return f"# Needs the package {distribution}: pip install {distribution}\n"


def joined(sections: Iterable[str]) -> str:
    """A module of these top-level sections, those that are empty left out."""
    return "\n\n\n".join(section.strip("\n") for section in sections if section) + "\n"


def imports(source: str, *names: str) -> str:
    """Import statements of those modules that the source uses."""
    return "".join(f"import {name}\n\n" for name in names if f"{name}." in source)


def _fields(noun: str, values: dict[str, object]) -> str:
    fields = ", ".join(f"{name} {_short(value)}" for name, value in values.items() if name != "kind")
    return f"{noun}: {fields or 'no fields'}."


def _short(value: object) -> object:
    if isinstance(value, (list, tuple)) and len(value) > _SHOWN:
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
