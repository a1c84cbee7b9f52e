"""The race: which configurations meet again on fresh seeds, on which seeds, and what they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.constant import Constant
from app.spec.answers import TrialState
from app.spec.job import JobSpec
from app.spec.records import Configuration, FinishedTrial, TrialResult
from app.tuning.distributions import Distribution, position
from app.tuning.evaluate import Shard, cuts, fitting_count, shard_count
from app.tuning.objective import build_objective
from app.tuning.space import Space

# The search has the replicates from 0 on (at most 64), so no seed below was ever seen by it.
RACE_REPLICATES = 1_000_000
CONFIRM_REPLICATES = 2_000_000
SWEEP_REPLICATES = 4  # the first of those that confirm

DISTINCT = 0.05  # of a range, on its scale: configurations closer than that count as one


@dataclass(frozen=True, kw_only=True)
class RaceField:
    """Who races: the best distinct configurations of the search, and after them the baselines.

    numbers: the trials that the candidates come from. labels: of every entry.
    """

    candidates: tuple[Configuration, ...]
    numbers: tuple[int, ...]
    baselines: tuple[Configuration, ...]
    labels: tuple[str, ...]

    @property
    def entries(self) -> tuple[Configuration, ...]:
        """Candidates, best first, then baselines."""
        return self.candidates + self.baselines

    def is_baseline(self, entry: int) -> bool:
        """Whether that entry is a default and no configuration of the search."""
        return entry >= len(self.candidates)


def race_field(spec: JobSpec, finished: Sequence[FinishedTrial]) -> RaceField | None:
    """The field of the race; None where no trial completed. Without confirmation, the best trial alone."""
    completed = [trial for trial in finished if trial.state is TrialState.COMPLETED]
    if not completed:
        return None
    ranked = sorted(completed, key=lambda trial: (trial.value, trial.number))
    if spec.confirmation is None:
        chosen, baselines = ranked[:1], []
    else:
        chosen = _distinct(ranked, Space.of(spec).distributions(), spec.confirmation.top)
        baselines = _baselines(spec, ranked[0].configuration)
    labels = [f"trial {trial.number}: {describe(trial.configuration)}" for trial in chosen]
    labels += [describe_default(baseline) for baseline in baselines]
    return RaceField(
        candidates=tuple(trial.configuration for trial in chosen),
        numbers=tuple(trial.number for trial in chosen),
        baselines=tuple(baselines),
        labels=tuple(labels),
    )


def describe(configuration: Configuration) -> str:
    """A configuration in a few words, such as "adam at 0.004, cosine, batch size 32"."""
    optimizer = configuration.optimizer
    return f"{optimizer['kind']} at {optimizer['learning_rate']:.3g}, {_rest(configuration)}"


def describe_default(configuration: Configuration) -> str:
    """A default in a few words, such as "adam at its defaults, constant, batch size 32"."""
    return f"{configuration.optimizer['kind']} at its defaults, {_rest(configuration)}"


def _rest(configuration: Configuration) -> str:
    schedule, batch_size = configuration.schedule["kind"], configuration.batch_size
    parts = [schedule, *([] if batch_size is None else [f"batch size {batch_size}"])]
    parts += [f"{name} {value:.3g}" for name, value in configuration.settings.items()]
    return ", ".join(parts)


def race_replicates(spec: JobSpec) -> range:
    """The seeds of the race."""
    return _replicates(spec, RACE_REPLICATES)


def confirm_replicates(spec: JobSpec) -> range:
    """The seeds that the winner, its rival and the baselines run on once it is chosen."""
    return _replicates(spec, CONFIRM_REPLICATES)


def sweep_replicates(spec: JobSpec) -> range:
    """The seeds of the sweep over the winner's learning rate: some of those that confirm."""
    return confirm_replicates(spec)[:SWEEP_REPLICATES]


def race_shards(spec: JobSpec, entries: Sequence[Configuration], replicates: range) -> list[Shard]:
    """Cuts a race by its replicates, by a fixed rule of the spec.

    Every shard has all entries, unless these do not fit the memory of one on a single replicate.
    """
    if not entries or not replicates:
        return []
    groups = min(max(1, fitting_count(spec, entries, 1)), len(entries))
    return [shard for part in cuts(len(entries), groups) for shard in _group(spec, entries, part, replicates)]


def _group(spec: JobSpec, entries: Sequence[Configuration], part: slice, replicates: range) -> list[Shard]:
    """The shards of some entries."""
    own = tuple(entries[part])
    count = shard_count(spec, own, len(replicates), at_most=len(replicates))
    return [
        Shard(
            spec=spec,
            numbers=tuple(range(len(entries))[part]),
            configurations=own,
            replicates=tuple(replicates[some]),
            record=False,
        )
        for some in cuts(len(replicates), count)
    ]


def gather(shards: Sequence[Sequence[TrialResult]]) -> NDArray[np.float64]:
    """The values of a race, (entries, replicates), nan where a run diverged.

    shards: the results of `race_shards`, in their order.
    """
    if not shards:
        return np.empty((0, 0))
    rows: dict[int, list[float]] = {}
    for shard in shards:
        for result in shard:
            rows.setdefault(result.number, []).extend(result.values)
    return np.array([rows[entry] for entry in sorted(rows)])


def _replicates(spec: JobSpec, start: int) -> range:
    """None without confirmation; one is enough where every replicate is the same."""
    count = 0 if spec.confirmation is None else spec.confirmation.replicates
    if build_objective(spec.objective).deterministic:
        count = min(count, 1)
    return range(start, start + count)


def _distinct(
    ranked: Sequence[FinishedTrial], distributions: dict[str, Distribution], top: int
) -> list[FinishedTrial]:
    """The best trials, leaving out each that is nearly the same as a better one."""
    chosen: list[FinishedTrial] = []
    for trial in ranked:
        if len(chosen) == top:
            break
        if all(differs(trial.configuration, other.configuration, distributions) for other in chosen):
            chosen.append(trial)
    return chosen


def differs(a: Configuration, b: Configuration, distributions: dict[str, Distribution]) -> bool:
    """Whether two configurations of a space are more than a nuance apart.

    They are where they have other parameters (so another optimizer or schedule), another choice, or a number
    that moved by more than 5 % of its range, on the range's scale.
    """
    if a.params.keys() != b.params.keys() or a.batch_size != b.batch_size:
        return True
    for name, value in a.params.items():
        distribution, other = distributions[name], b.params[name]
        if isinstance(distribution, CategoricalDistribution):
            if value != other:
                return True
        elif abs(position(distribution, value) - position(distribution, other)) > DISTINCT:
            return True
    return False


def _baselines(spec: JobSpec, best: Configuration) -> list[Configuration]:
    """Every optimizer kind of the space at its own defaults, with a constant learning rate.

    Batch size, and what is searched of the objective, are those of the best trial of the search: they have
    no defaults of their own, and the baselines are to show what the optimizer's hyperparameters are worth.
    """
    kinds = dict.fromkeys(optimizer.kind for optimizer in spec.search_space.optimizers)
    return [
        Configuration(
            optimizer={"kind": kind, **_defaults(OPTIMIZERS[kind])},
            schedule={"kind": Constant.kind, **_defaults(Constant)},
            batch_size=best.batch_size,
            settings=best.settings,
        )
        for kind in kinds
    ]


def _defaults(cls: type) -> dict[str, object]:
    return {field.name: field.default for field in hyper_fields(cls)}
