"""The conditional search space of a job: the parameters of a trial depend on its optimizer and schedule.

Parameters have the names that users of Optuna expect: "optimizer" and "schedule" (if there is more than one
candidate), "adam.learning_rate", "cosine.warmup_fraction", "batch_size". Parameters of the objective are
"model.dropout", "loss.label_smoothing" or "l2". The second candidate of a kind has the label "adam#2", and
so on.
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
    """An optimizer or a schedule of the space. fields: values or distributions, in declared order."""

    label: str
    kind: str
    fields: Mapping[str, Any]  # Any: a distribution, or the value of a fixed hyperparameter

    def draw(self, pick: Pick) -> dict[str, Any]:
        """Return the kind and the value of every field. pick: returns the value of a searched field."""
        resolved: dict[str, Any] = {"kind": self.kind}
        for field, value in self.fields.items():
            searched = isinstance(value, Distribution)
            resolved[field] = pick(f"{self.label}.{field}", value) if searched else value
        return resolved

    def distributions(self) -> dict[str, Distribution]:
        """Return the parameters that this candidate adds to a trial, by name."""
        return {
            f"{self.label}.{field}": value
            for field, value in self.fields.items()
            if isinstance(value, Distribution)
        }


@dataclass(frozen=True)
class SearchSpace:
    """The search space of a job."""

    optimizers: Mapping[str, Branch]  # by label
    schedules: Mapping[str, Branch]
    batch_size: Distribution | BatchSizeValue
    settings: Mapping[str, Any]  # of the objective, by name: a distribution or a single value

    @classmethod
    def of(cls, spec: JobSpec) -> SearchSpace:
        """Build the search space of a spec."""
        space = spec.search_space
        sizes = space.batch_size
        batch_size: Distribution | BatchSizeValue
        if isinstance(sizes, BatchSizeChoices):
            is_searched = len(sizes.choices) > 1
            batch_size = CategoricalDistribution(sizes.choices) if is_searched else sizes.choices[0]
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
        """Return if all trials have the same parameters, two or more, and every parameter is a number."""
        values = self.distributions().values()
        return len(values) > 1 and not any(isinstance(value, CategoricalDistribution) for value in values)

    def walk(self, pick: Pick) -> Configuration:
        """Return the configuration of a walk through the tree: optimizer, schedule, and their parameters.

        pick: returns the value of a parameter from its name and distribution; called once for each parameter.
        """
        params: dict[str, Any] = {}

        def recorded(name: str, distribution: Distribution) -> Scalar:
            value = params[name] = pick(name, distribution)
            return value

        optimizer = _choose(recorded, OPTIMIZER, self.optimizers).draw(recorded)
        schedule = _choose(recorded, SCHEDULE, self.schedules).draw(recorded)
        batch_size: Any = self.batch_size  # Any: one of the choices, which Optuna does not type
        if isinstance(batch_size, CategoricalDistribution):
            batch_size = recorded(BATCH_SIZE, batch_size)
        settings: dict[str, Any] = {
            name: recorded(name, value) if isinstance(value, Distribution) else value
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
        """Yield the JSON pointer and the distribution of every searched parameter, kinds excepted."""
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
        """Return every parameter that a trial can have, by name, in the order of drawing."""
        distributions: dict[str, Distribution] = {}
        for name, candidates in ((OPTIMIZER, self.optimizers), (SCHEDULE, self.schedules)):
            if len(candidates) > 1:
                distributions[name] = CategoricalDistribution(tuple(candidates))
            for candidate in candidates.values():
                distributions |= candidate.distributions()
        if isinstance(self.batch_size, CategoricalDistribution):
            distributions[BATCH_SIZE] = self.batch_size
        return distributions | {
            name: value for name, value in self.settings.items() if isinstance(value, Distribution)
        }


def hyper_of(spec: JobSpec, name: str) -> Hyper:
    """Return the hyperparameter of a numeric parameter. name: of the parameter, as in a trial."""
    settings = searched_settings(spec.objective)
    if name in settings:
        return settings[name][0].hyper
    label, _, field = name.rpartition(".")
    kind = label.partition("#")[0]
    cls: type = OPTIMIZERS[kind] if kind in OPTIMIZERS else SCHEDULES[kind]
    return next(candidate.hyper for candidate in hyper_fields(cls) if candidate.name == field)


def _candidates(registry: Registry[K], wires: Sequence[KindWire]) -> dict[str, Branch]:
    branches: dict[str, Branch] = {}
    counts: dict[str, int] = {}
    for wire in wires:
        counts[wire.kind] = counts.get(wire.kind, 0) + 1
        label = wire.kind if counts[wire.kind] == 1 else f"{wire.kind}#{counts[wire.kind]}"
        fields = {
            field.name: distribution_of(field, getattr(wire, field.name))
            for field in hyper_fields(registry[wire.kind])
        }
        branches[label] = Branch(label, wire.kind, fields)
    return branches


def _choose(pick: Pick, name: str, candidates: Mapping[str, Branch]) -> Branch:
    labels = tuple(candidates)
    if len(labels) == 1:
        return candidates[labels[0]]
    return candidates[str(pick(name, CategoricalDistribution(labels)))]
