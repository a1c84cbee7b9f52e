"""The field of the race: the best distinct configurations of the search, and the baselines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from optuna.distributions import CategoricalDistribution

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.optimizers.baseline import Baseline
from app.engine.schedules.constant import Constant
from app.engine.schedules.cosine import Cosine
from app.spec.job import JobSpec
from app.tuning.space.distributions import Distribution, position
from app.tuning.space.membership import contains, names_optimizers
from app.tuning.space.tree import SearchSpace

MOST_CONSTANT = 3  # trials with a constant rate that race for being the best of these
DISTINCT = 0.05  # of a range, on its scale: configurations closer than that count as one

WARMUP = 0.05  # of the steps, in a baseline that warms up

Source: TypeAlias = Literal["search", "refined", "decay", "baseline"]


@dataclass(frozen=True, kw_only=True)
class RaceCandidate:
    """A configuration that races.

    number: of the trial that it comes from, or whose schedule was replaced; None for a default.
    is_eligible: whether it may be recommended; a default outside the job's search space may not.
    is_baseline: whether the recommendation is compared with it, whatever becomes of it in the race.
    refinements: how often its schedule was computed from gradient norms.
    """

    label: str
    configuration: Configuration
    source: Source
    number: int | None = None
    is_eligible: bool = True
    is_baseline: bool = False
    refinements: int = 0

    @property
    def is_default(self) -> bool:
        """Whether the entry is a baseline of the optimizer's class, without a search."""
        return self.source == "baseline"


def kinds(spec: JobSpec) -> list[str]:
    """The kinds of optimizers in the space, each once."""
    return list(dict.fromkeys(optimizer.kind for optimizer in spec.search_space.optimizers))


def kind_of(configuration: Configuration) -> str:
    """The kind of its optimizer."""
    return str(configuration.optimizer["kind"])


def baselines_of(spec: JobSpec) -> list[tuple[str, Baseline]]:
    """Return what races without a search, each with its kind: the usual, the space's, then the rate-free."""
    always = [(kind, own) for kind, cls in OPTIMIZERS.items() for own in cls.baselines if own.always]
    usual = [(kind, own) for kind, own in always if not OPTIMIZERS[kind].finds_its_rate]
    listed = [(kind, own) for kind in kinds(spec) for own in OPTIMIZERS[kind].baselines]
    found: list[tuple[str, Baseline]] = []
    for pair in (*usual, *listed, *always):
        if pair not in found:
            found.append(pair)
    return found


def race_field(spec: JobSpec, finished: Sequence[FinishedTrial]) -> list[RaceCandidate]:
    """Who races: the best distinct trials, best first, then the baselines; empty where no trial completed.

    The best distinct trials with a constant learning rate race, whether or not they are among the best: the
    best of them is what a schedule is compared with. The best of each kind of optimizer races as well: a kind
    may be behind for lack of trials alone. Without confirmation, the best trial alone.
    """
    completed = [trial for trial in finished if trial.state is TrialState.COMPLETED]
    if not completed:
        return []
    ranked = sorted(completed, key=lambda trial: (trial.value, trial.number))
    if spec.confirmation is None:
        return [_searched(ranked[0])]
    distributions = SearchSpace.of(spec).distributions()
    chosen = _distinct(ranked, distributions, spec.confirmation.top)
    constant = [trial for trial in ranked if is_constant(trial.configuration)]
    firsts = [_first(ranked, kind) for kind in kinds(spec)]
    for trial in (*_distinct(constant, distributions, MOST_CONSTANT), *firsts):
        if trial is not None and trial not in chosen:
            chosen.append(trial)
    return unique([*map(_searched, chosen), *_defaults(spec, ranked[0].configuration)])


def is_constant(configuration: Configuration) -> bool:
    """Whether the learning rate is the same in every update."""
    schedule = configuration.schedule_instance()
    return isinstance(schedule, Constant) and schedule.warmup_fraction == 0.0


def unique(entries: Iterable[RaceCandidate]) -> list[RaceCandidate]:
    """The first of each configuration; a baseline that is there already makes it one."""
    found: list[RaceCandidate] = []
    for entry in entries:
        same = next((i for i, other in enumerate(found) if runs_alike(entry, other)), None)
        if same is None:
            found.append(entry)
        elif entry.is_baseline:
            found[same] = replace(found[same], is_baseline=True)
    return found


def runs_alike(a: RaceCandidate, b: RaceCandidate) -> bool:
    """Whether two entries run the same; `params` only names what was drawn."""
    one, other = a.configuration, b.configuration
    return (one.optimizer, one.schedule, one.batch_size, one.settings) == (
        other.optimizer,
        other.schedule,
        other.batch_size,
        other.settings,
    )


def rate_name(params: Mapping[str, Any]) -> str | None:
    """Return the name of the sampled learning rate; None where it was fixed."""
    return next((name for name in params if name.endswith(".learning_rate")), None)


def at_peak(entry: RaceCandidate, rate: float) -> RaceCandidate:
    """Return the entry with another peak; of a default it is one no more."""
    found, name = entry.configuration, rate_name(entry.configuration.params)
    configuration = replace(
        found,
        optimizer=found.optimizer | {"learning_rate": rate},
        params={key: rate if key == name else value for key, value in found.params.items()},
    )
    origin = "a default" if entry.number is None else f"trial {entry.number}"
    return replace(
        entry,
        label=f"{origin} at a lower peak: {describe(configuration)}",
        configuration=configuration,
        source="search" if entry.is_default else entry.source,
        is_baseline=False,
    )


def describe(configuration: Configuration) -> str:
    """A configuration in a few words, such as "adam at 0.004, cosine, batch size 32"."""
    optimizer = configuration.optimizer
    return f"{optimizer['kind']} at {optimizer['learning_rate']:.3g}, {_rest(configuration)}"


def describe_default(configuration: Configuration) -> str:
    """A default in a few words, such as "adam at its defaults, constant, batch size 32".

    Options that the authors recommend stand instead: "prodigy, bias correction and safeguard, constant".
    """
    options = recommended_options(configuration)
    name = ", " + options if options else " at its defaults"
    return f"{kind_of(configuration)}{name}, {_rest(configuration, warmup_in_words(configuration))}"


def recommended_options(configuration: Configuration) -> str:
    """The options of a default that its authors recommend, in words; empty for an optimizer as it comes."""
    for own in OPTIMIZERS[kind_of(configuration)].baselines:
        if own.options and own.options.items() <= configuration.optimizer.items():
            return own.words
    return ""


def warmup_in_words(configuration: Configuration) -> str:
    """Such as " with 5 % warmup"; empty where the schedule has none."""
    fraction = configuration.schedule.get("warmup_fraction", 0.0)
    return f" with {100 * fraction:.3g} % warmup" if fraction else ""


def _rest(configuration: Configuration, warmup: str = "") -> str:
    schedule, batch_size = configuration.schedule["kind"], configuration.batch_size
    parts = [f"{schedule}{warmup}", *([] if batch_size is None else [f"batch size {batch_size}"])]
    parts += [f"{name} {value:.3g}" for name, value in configuration.settings.items()]
    return ", ".join(parts)


def _searched(trial: FinishedTrial) -> RaceCandidate:
    label = f"trial {trial.number}: {describe(trial.configuration)}"
    return RaceCandidate(label=label, configuration=trial.configuration, source="search", number=trial.number)


def _first(ranked: Sequence[FinishedTrial], kind: str) -> FinishedTrial | None:
    """The best trial of a kind of optimizer; None where none completed."""
    return next((trial for trial in ranked if kind_of(trial.configuration) == kind), None)


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


def _defaults(spec: JobSpec, best: Configuration) -> Iterator[RaceCandidate]:
    """Optimizers as a practitioner runs them without a search.

    Batch size, and what is searched of the objective, are those of the best trial of the search: they have
    no defaults of their own, and the baselines are to show what the optimizer's hyperparameters are worth.
    Those outside a space that names its optimizers are there for comparison only.
    """
    is_free = not names_optimizers(spec)
    for kind, own in baselines_of(spec):
        defaults = {field.name: field.default for field in hyper_fields(OPTIMIZERS[kind])}
        schedule = Cosine(warmup_fraction=WARMUP) if own.warms_up else Constant()
        configuration = Configuration(
            optimizer={"kind": kind, **defaults, **own.options},
            schedule={"kind": schedule.kind, **asdict(schedule)},
            batch_size=best.batch_size,
            settings=best.settings,
        )
        yield RaceCandidate(
            label=describe_default(configuration),
            configuration=configuration,
            source="baseline",
            is_eligible=is_free or contains(spec, configuration),
            is_baseline=True,
        )
