"""Schedules derived for the leader of the race: a linear decay, and tables refined from gradient norms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration
from app.engine.schedules.linear import Linear
from app.engine.trajectories import codec
from app.spec.job import JobSpec
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    EvaluationResult,
    Seeds,
    Steps,
)
from app.tuning.learning_rates.sweep import within_bounds
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import PEAK_FACTORS
from app.tuning.racing.candidates import RaceCandidate, describe, rate_name, unique
from app.tuning.racing.peak_limits import highest_peak
from app.tuning.schedules.refinement import MOST_FACTORS, Norm, norm_for, refined_factors, table_schedule
from app.tuning.space.tree import SCHEDULE

_MAX_NORM = float(np.finfo(np.float32).max)  # norms are recorded as float32


@dataclass(frozen=True, kw_only=True)
class Derived:
    """The candidates derived from a leader.

    start: the mean loss of the leader's runs before their first update.
    """

    candidates: tuple[RaceCandidate, ...]
    start: float


def derive(plan: Plan, leader: RaceCandidate) -> Steps[Derived]:
    """Derive candidates that differ from the leader in their schedule, and perhaps in a doubled peak.

    The first schedule is a linear decay to zero after the leader's warmup. The second is refined from the
    leader's gradient norms, the third from the norms of runs under the second. Peaks stay within the search
    range. A refinement is left out if a run for its norms diverged.
    """
    candidates = [_decayed(leader, factor) for factor in _peak_factors(plan.spec, leader)]
    run = yield _recording(plan, leader)
    once = _refined(plan.spec, leader, run)
    if once is not None:
        candidates.append(_as_refined(leader, once, 1, 1.0))
        second_run = yield _recording(plan, candidates[-1])
        twice = _refined(plan.spec, leader, second_run)
        if twice is not None:
            factors = _peak_factors(plan.spec, leader)
            candidates += [_as_refined(leader, twice, 2, factor) for factor in factors]
    derived = [new for new in unique([leader, *candidates]) if new.source in ("decay", "refined")]
    first_losses = [codec.decode(trajectory).loss[0] for trajectory in run.trajectories[0]]
    return Derived(candidates=tuple(derived), start=float(np.mean(first_losses, dtype=np.float64)))


def _peak_factors(spec: JobSpec, leader: RaceCandidate) -> list[float]:
    """Return the factors of the leader's peak that its range allows; only 1 if the job fixed the peak."""
    configuration, highest = leader.configuration, highest_peak(spec, leader)
    rate = float(configuration.optimizer["learning_rate"])
    higher = (factor for factor in PEAK_FACTORS if factor > 1.0 and factor * rate <= highest)
    return [1.0, *(factor for factor in higher if within_bounds(configuration, [factor * rate]))]


def _decayed(leader: RaceCandidate, factor: float) -> RaceCandidate:
    fields = leader.configuration.schedule
    warmup = {name: value for name, value in fields.items() if name.startswith("warmup_")}
    schedule = {"kind": Linear.kind, **asdict(Linear(**warmup))}
    decayed = _with_schedule(leader, schedule, factor)
    return replace(decayed, source="decay", label=f"linear decay: {describe(decayed.configuration)}")


def _as_refined(leader: RaceCandidate, schedule: dict[str, Any], times: int, factor: float) -> RaceCandidate:
    refined = _with_schedule(leader, schedule, factor)
    name = "refined schedule" if times == 1 else "twice refined schedule"
    label = f"{name}: {describe(refined.configuration)}"
    return replace(refined, source="refined", refinements=times, label=label)


def _with_schedule(leader: RaceCandidate, schedule: dict[str, Any], factor: float) -> RaceCandidate:
    """Return the leader with another schedule, and with its peak multiplied by a factor."""
    configuration = leader.configuration
    rate = factor * float(configuration.optimizer["learning_rate"])
    name = rate_name(configuration.params)
    params = {key: rate if key == name else value for key, value in _kept_params(configuration, schedule)}
    changed = replace(
        configuration,
        optimizer=configuration.optimizer | {"learning_rate": rate},
        schedule=schedule,
        params=params,
    )
    return replace(leader, configuration=changed, is_baseline=False)


def _kept_params(configuration: Configuration, schedule: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the sampled values of a configuration that still hold under another schedule."""
    replaced = configuration.schedule["kind"]
    for name, value in configuration.params.items():
        label, _, field = name.rpartition(".")
        is_of_schedule = name == SCHEDULE or label.partition("#")[0] == replaced
        if not is_of_schedule or schedule.get(field) == value:
            yield name, value


def _recording(plan: Plan, candidate: RaceCandidate) -> EvaluationRequest:
    """Return the request that runs a candidate on fresh seeds and records gradient norms."""
    return EvaluationRequest(
        configurations=(candidate.configuration,),
        replicates=plan.few_seeds(Seeds.NORMS),
        steps=plan.steps,
        record=True,
    )


def _refined(spec: JobSpec, leader: RaceCandidate, run: EvaluationResult) -> dict[str, Any] | None:
    """Return the schedule refined from the gradient norms of runs; None if a run diverged."""
    # Any: the fields of a schedule as JSON has them.
    if np.isnan(run.values).any():
        return None
    norm = norm_for(leader.configuration.optimizer["kind"])
    return table_schedule(refined_factors(mean_norms(run.trajectories[0], norm, spec.budget.steps), norm))


def mean_norms(trajectories: Sequence[bytes], norm: Norm, steps: int) -> NDArray[np.float64]:
    """Return the mean gradient norm of the runs at each update; at 1,000 evenly spaced updates of a long run.

    trajectories: encoded, of runs that completed.
    """
    updates = np.linspace(0.0, steps - 1.0, min(steps, MOST_FACTORS))
    norms_of_runs = []
    for trajectory in map(codec.decode, trajectories):
        norms = trajectory.gradient_norm_l1 if norm is Norm.L1 else trajectory.gradient_norm
        # Finite numbers, as the interpolation beside an infinity gives nan.
        finite = np.nan_to_num(norms, nan=_MAX_NORM, posinf=_MAX_NORM).astype(np.float64)
        norms_of_runs.append(np.interp(updates, trajectory.step, finite))
    return np.asarray(np.mean(norms_of_runs, axis=0))
