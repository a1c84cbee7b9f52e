"""The conditional search space of a job: which parameters a trial has depends on its optimizer and schedule.

Parameters are named as Optuna's users expect: "optimizer" and "schedule" (where there is more than one
candidate), "adam.learning_rate", "cosine.warmup_fraction", "batch_size"; of the objective "model.dropout",
"loss.label_smoothing" or "l2". The second candidate of a kind is labelled "adam#2", and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from optuna.distributions import CategoricalDistribution

from app.domain.records import BatchSizeValue, Configuration
from app.engine.hyper import Hyper, hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.registry import Kind, Registry
from app.engine.schedules import SCHEDULES
from app.spec.job import BatchSizeChoices, JobSpec
from app.spec.kinds import KindWire
from app.spec.supervised import searched_settings
from app.spec.values import Scalar
from app.tuning.space.distributions import Distribution, Pick, distribution_of

K = TypeVar("K", bound=Kind)

OPTIMIZER, SCHEDULE, BATCH_SIZE = "optimizer", "schedule", "batch_size"


@dataclass(frozen=True)
class Branch:
    """An optimizer or a schedule of the space; `fields` are values or distributions, in declared order."""

    label: str
    kind: str
    fields: Mapping[str, Any]  # Any: a distribution, or what a fixed hyperparameter holds

    def draw(self, pick: Pick) -> dict[str, Any]:
        """Kind and every field, resolved."""
        resolved: dict[str, Any] = {"kind": self.kind}
        for field, value in self.fields.items():
            searched = isinstance(value, Distribution)
            resolved[field] = pick(f"{self.label}.{field}", value) if searched else value
        return resolved

    def distributions(self) -> dict[str, Distribution]:
        """The parameters that this candidate adds to a trial."""
        return {
            f"{self.label}.{field}": value
            for field, value in self.fields.items()
            if isinstance(value, Distribution)
        }


@dataclass(frozen=True)
class SearchSpace:
    """A job's search space."""

    optimizers: Mapping[str, Branch]  # by label
    schedules: Mapping[str, Branch]
    batch_size: Distribution | BatchSizeValue
    settings: Mapping[str, Any]  # of the objective, by name: a distribution, or the only value there is

    @classmethod
    def of(cls, spec: JobSpec) -> SearchSpace:
        """The space that the spec describes."""
        space = spec.search_space
        sizes = space.batch_size
        batch_size: Distribution | BatchSizeValue
        if isinstance(sizes, BatchSizeChoices):
            several = len(sizes.choices) > 1
            batch_size = CategoricalDistribution(sizes.choices) if several else sizes.choices[0]
        else:
            batch_size = sizes
        return cls(
            optimizers=_candidates(OPTIMIZERS, space.optimizers),
            schedules=_candidates(SCHEDULES, space.schedules),
            batch_size=batch_size,
            settings={
                name: distribution_of(field, value)
                for name, (field, value) in searched_settings(spec.objective).items()
            },
        )

    @property
    def is_plain(self) -> bool:
        """Whether every trial has the same parameters, two or more, and all of them are numbers."""
        found = self.distributions().values()
        return len(found) > 1 and not any(isinstance(value, CategoricalDistribution) for value in found)

    def walk(self, pick: Pick) -> Configuration:
        """Walks the tree: first which optimizer and schedule, then their own parameters.

        pick: gives the value of the parameter of that name and distribution; asked once for each.
        """
        params: dict[str, Any] = {}

        def kept(name: str, distribution: Distribution) -> Scalar:
            value = params[name] = pick(name, distribution)
            return value

        optimizer = _choose(kept, OPTIMIZER, self.optimizers).draw(kept)
        schedule = _choose(kept, SCHEDULE, self.schedules).draw(kept)
        batch_size: Any = self.batch_size  # Any: one of the choices, which Optuna does not type
        if isinstance(batch_size, CategoricalDistribution):
            batch_size = kept(BATCH_SIZE, batch_size)
        settings: dict[str, Any] = {
            name: kept(name, value) if isinstance(value, Distribution) else value
            for name, value in self.settings.items()
        }
        return Configuration(
            optimizer=optimizer,
            schedule=schedule,
            batch_size=batch_size,
            settings=settings,
            params=params,
        )

    def pointers(self) -> Iterator[tuple[str, Distribution]]:
        """Every parameter that is searched, but for the kinds themselves, with its place in the job."""
        for noun, candidates in ((OPTIMIZER, self.optimizers), (SCHEDULE, self.schedules)):
            for i, candidate in enumerate(candidates.values()):
                for field, value in candidate.fields.items():
                    if isinstance(value, Distribution):
                        yield f"/search_space/{noun}s/{i}/{field}", value
        if isinstance(self.batch_size, CategoricalDistribution):
            yield f"/search_space/{BATCH_SIZE}", self.batch_size
        for name, value in self.settings.items():
            if isinstance(value, Distribution):
                yield f"/objective/{name.replace('.', '/')}", value

    def distributions(self) -> dict[str, Distribution]:
        """Every parameter that a trial can have, by name, in the order in which they are drawn."""
        found: dict[str, Distribution] = {}
        for name, candidates in ((OPTIMIZER, self.optimizers), (SCHEDULE, self.schedules)):
            if len(candidates) > 1:
                found[name] = CategoricalDistribution(tuple(candidates))
            for candidate in candidates.values():
                found |= candidate.distributions()
        if isinstance(self.batch_size, CategoricalDistribution):
            found[BATCH_SIZE] = self.batch_size
        return found | {
            name: value for name, value in self.settings.items() if isinstance(value, Distribution)
        }


def hyper_of(spec: JobSpec, name: str) -> Hyper:
    """What the parameter of that name is a value of; of those that are numbers."""
    settings = searched_settings(spec.objective)
    if name in settings:
        return settings[name][0].hyper
    label, _, field = name.rpartition(".")
    kind = label.partition("#")[0]
    cls: type = OPTIMIZERS[kind] if kind in OPTIMIZERS else SCHEDULES[kind]
    return next(found.hyper for found in hyper_fields(cls) if found.name == field)


def _candidates(registry: Registry[K], wires: Sequence[KindWire]) -> dict[str, Branch]:
    found: dict[str, Branch] = {}
    seen: dict[str, int] = {}
    for wire in wires:
        seen[wire.kind] = seen.get(wire.kind, 0) + 1
        label = wire.kind if seen[wire.kind] == 1 else f"{wire.kind}#{seen[wire.kind]}"
        fields = {
            field.name: distribution_of(field, getattr(wire, field.name))
            for field in hyper_fields(registry[wire.kind])
        }
        found[label] = Branch(label, wire.kind, fields)
    return found


def _choose(pick: Pick, name: str, candidates: Mapping[str, Branch]) -> Branch:
    labels = tuple(candidates)
    if len(labels) == 1:
        return candidates[labels[0]]
    return candidates[str(pick(name, CategoricalDistribution(labels)))]
