"""The candidates of the race: the best distinct configurations of the search, and the baselines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from optuna.distributions import CategoricalDistribution

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.constant import Constant
from app.engine.schedules.cosine import Cosine
from app.spec.job import JobSpec
from app.tuning.planning.baselines import baselines_of, kinds
from app.tuning.planning.race_limits import MAX_CONSTANT_RATE_TRIALS
from app.tuning.space.distributions import Distribution, position
from app.tuning.space.membership import contains, names_optimizers
from app.tuning.space.tree import SearchSpace

MIN_DISTANCE = 0.05  # share of a range, on its scale; configurations that are closer count as the same

BASELINE_WARMUP = 0.05  # share of the steps that a baseline with a warmup spends on it

Source: TypeAlias = Literal["search", "refined", "decay", "baseline"]


@dataclass(frozen=True, kw_only=True)
class RaceCandidate:
    """A configuration that takes part in the race.

    number: the trial that gave the configuration, perhaps with another schedule; None for a default.
    is_eligible: whether the candidate may be recommended; a default outside the search space may not.
    is_baseline: whether the recommendation is compared with the candidate, even if the race drops it.
    refinements: how often the schedule was computed from gradient norms.
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
        """Return whether the candidate is a baseline that the optimizer's class defines, without a search."""
        return self.source == "baseline"


def kind_of(configuration: Configuration) -> str:
    """Return the kind of the configuration's optimizer."""
    return str(configuration.optimizer["kind"])


def race_field(spec: JobSpec, finished: Sequence[FinishedTrial]) -> list[RaceCandidate]:
    """Return the candidates of the race: the best distinct trials, best first, then the baselines.

    The list is empty if no trial completed. Without confirmation it holds the best trial alone.

    The best distinct trials with a constant learning rate race too, as a schedule is compared with the best
    of them. The best trial of each kind of optimizer races as well: a kind may be behind only for lack of
    trials.
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
    for trial in (*_distinct(constant, distributions, MAX_CONSTANT_RATE_TRIALS), *firsts):
        if trial is not None and trial not in chosen:
            chosen.append(trial)
    return unique([*map(_searched, chosen), *_defaults(spec, ranked[0].configuration)])


def is_constant(configuration: Configuration) -> bool:
    """Return whether the learning rate is the same in every update."""
    schedule = configuration.schedule_instance()
    return isinstance(schedule, Constant) and schedule.warmup_fraction == 0.0


def unique(candidates: Iterable[RaceCandidate]) -> list[RaceCandidate]:
    """Return the first candidate of each configuration; a later baseline makes the first one a baseline."""
    kept: list[RaceCandidate] = []
    for candidate in candidates:
        same = next((i for i, other in enumerate(kept) if runs_alike(candidate, other)), None)
        if same is None:
            kept.append(candidate)
        elif candidate.is_baseline:
            kept[same] = replace(kept[same], is_baseline=True)
    return kept


def runs_alike(a: RaceCandidate, b: RaceCandidate) -> bool:
    """Return whether two candidates give the same runs; `params` only names the sampled values."""
    first, second = a.configuration, b.configuration
    return (first.optimizer, first.schedule, first.batch_size, first.settings) == (
        second.optimizer,
        second.schedule,
        second.batch_size,
        second.settings,
    )


def rate_name(params: Mapping[str, Any]) -> str | None:
    """Return the name of the sampled learning rate; None if the job fixed the rate."""
    return next((name for name in params if name.endswith(".learning_rate")), None)


def at_peak(candidate: RaceCandidate, rate: float) -> RaceCandidate:
    """Return the candidate with another peak; a default that is changed this way is no default any more."""
    original, name = candidate.configuration, rate_name(candidate.configuration.params)
    configuration = replace(
        original,
        optimizer=original.optimizer | {"learning_rate": rate},
        params={key: rate if key == name else value for key, value in original.params.items()},
    )
    origin = "a default" if candidate.number is None else f"trial {candidate.number}"
    return replace(
        candidate,
        label=f"{origin} at a lower peak: {describe(configuration)}",
        configuration=configuration,
        source="search" if candidate.is_default else candidate.source,
        is_baseline=False,
    )


def describe(configuration: Configuration) -> str:
    """Describe a configuration in a few words, such as "adam at 0.004, cosine, batch size 32"."""
    optimizer = configuration.optimizer
    return f"{optimizer['kind']} at {optimizer['learning_rate']:.3g}, {_details(configuration)}"


def describe_default(configuration: Configuration) -> str:
    """Describe a default in a few words, such as "adam at its defaults, constant, batch size 32".

    Options that the authors recommend are named instead: "prodigy, bias correction and safeguard, constant".
    """
    options = recommended_options(configuration)
    name = ", " + options if options else " at its defaults"
    return f"{kind_of(configuration)}{name}, {_details(configuration, warmup_in_words(configuration))}"


def recommended_options(configuration: Configuration) -> str:
    """Name the options of a default that its authors recommend; empty if the default has none."""
    for baseline in OPTIMIZERS[kind_of(configuration)].baselines:
        if baseline.options and baseline.options.items() <= configuration.optimizer.items():
            return baseline.words
    return ""


def warmup_in_words(configuration: Configuration) -> str:
    """Describe the warmup, such as " with 5 % warmup"; empty if the schedule has none."""
    fraction = configuration.schedule.get("warmup_fraction", 0.0)
    return f" with {100 * fraction:.3g} % warmup" if fraction else ""


def _details(configuration: Configuration, warmup: str = "") -> str:
    """Describe the schedule, the batch size and the settings of the objective."""
    schedule, batch_size = configuration.schedule["kind"], configuration.batch_size
    parts = [f"{schedule}{warmup}", *([] if batch_size is None else [f"batch size {batch_size}"])]
    parts += [f"{name} {value:.3g}" for name, value in configuration.settings.items()]
    return ", ".join(parts)


def _searched(trial: FinishedTrial) -> RaceCandidate:
    label = f"trial {trial.number}: {describe(trial.configuration)}"
    return RaceCandidate(label=label, configuration=trial.configuration, source="search", number=trial.number)


def _first(ranked: Sequence[FinishedTrial], kind: str) -> FinishedTrial | None:
    """Return the best trial of a kind of optimizer; None if no trial of that kind completed."""
    return next((trial for trial in ranked if kind_of(trial.configuration) == kind), None)


def _distinct(
    ranked: Sequence[FinishedTrial], distributions: dict[str, Distribution], top: int
) -> list[FinishedTrial]:
    """Return the `top` best trials, without those that are nearly the same as a better trial."""
    chosen: list[FinishedTrial] = []
    for trial in ranked:
        if len(chosen) == top:
            break
        if all(differs(trial.configuration, other.configuration, distributions) for other in chosen):
            chosen.append(trial)
    return chosen


def differs(a: Configuration, b: Configuration, distributions: dict[str, Distribution]) -> bool:
    """Return whether two configurations of a search space differ by more than a nuance.

    Configurations differ if their sets of parameters differ, and so their optimizers or schedules, or if
    their batch sizes or choices differ. Numbers differ if their distance is more than 5 % of the range, on
    the range's scale.
    """
    if a.params.keys() != b.params.keys() or a.batch_size != b.batch_size:
        return True
    for name, value in a.params.items():
        distribution, other = distributions[name], b.params[name]
        if isinstance(distribution, CategoricalDistribution):
            if value != other:
                return True
        elif abs(position(distribution, value) - position(distribution, other)) > MIN_DISTANCE:
            return True
    return False


def _defaults(spec: JobSpec, best: Configuration) -> Iterator[RaceCandidate]:
    """Yield the baselines: optimizers as a practitioner runs them without a search.

    The batch size and the settings of the objective are those of the best trial of the search. Neither has a
    default, and the baselines are to show the effect of the optimizer's hyperparameters only.
    Baselines outside a search space that names its optimizers are there for comparison only.
    """
    is_free = not names_optimizers(spec)
    for kind, baseline in baselines_of(spec):
        defaults = {field.name: field.default for field in hyper_fields(OPTIMIZERS[kind])}
        schedule = Cosine(warmup_fraction=BASELINE_WARMUP) if baseline.warms_up else Constant()
        configuration = Configuration(
            optimizer={"kind": kind, **defaults, **baseline.options},
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
