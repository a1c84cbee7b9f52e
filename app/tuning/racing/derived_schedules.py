"""Schedules made for the leader of the race: a linear decay, and those refined from its own gradients."""

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
    reduced_replicates,
)
from app.tuning.learning_rates.sweep import within_bounds
from app.tuning.racing.candidates import RaceCandidate, describe, rate_name, unique
from app.tuning.racing.peak_limits import highest_peak
from app.tuning.schedules.refinement import MOST_FACTORS, Norm, norm_for, refined_factors, table_schedule
from app.tuning.space.tree import SCHEDULE

PEAKS = (1.0, 2.0)  # of the leader's: a schedule that decays bears a higher one
MOST_DERIVED = 2 * len(PEAKS) + 1

_LARGEST = float(np.finfo(np.float32).max)  # in which norms are recorded


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What was made for a leader. start: the loss that its runs had before their first update, as a mean."""

    entries: tuple[RaceCandidate, ...]
    start: float


def derive(spec: JobSpec, leader: RaceCandidate) -> Steps[Derived]:
    """Entries that differ from the leader in their schedule, and in their peak by a factor of 1 or 2.

    A linear decay to zero after the leader's own warmup; the schedule refined from the leader's gradient
    norms; and the one refined once more, from the norms of runs under the first. Peaks stay within the
    search range. No refined ones where a run for their norms diverged.
    """
    found = [_decayed(leader, peak) for peak in _peaks(spec, leader)]
    run = yield _recording(spec, leader)
    once = _refined(spec, leader, run)
    if once is not None:
        found.append(_as_refined(leader, once, 1, 1.0))
        again = yield _recording(spec, found[-1])
        twice = _refined(spec, leader, again)
        if twice is not None:
            found += [_as_refined(leader, twice, 2, peak) for peak in _peaks(spec, leader)]
    made = [entry for entry in unique([leader, *found]) if entry.source in ("decay", "refined")]
    start = float(np.mean([codec.decode(curve).loss[0] for curve in run.trajectories[0]], dtype=np.float64))
    return Derived(entries=tuple(made), start=start)


def _peaks(spec: JobSpec, leader: RaceCandidate) -> list[float]:
    """Return the factors of the leader's peak that its range allows; only 1 where the job has it fixed."""
    configuration, highest = leader.configuration, highest_peak(spec, leader)
    rate = float(configuration.optimizer["learning_rate"])
    higher = (peak for peak in PEAKS if peak > 1.0 and peak * rate <= highest)
    return [1.0, *(peak for peak in higher if within_bounds(configuration, [peak * rate]))]


def _decayed(leader: RaceCandidate, peak: float) -> RaceCandidate:
    own = leader.configuration.schedule
    warmup = {name: value for name, value in own.items() if name.startswith("warmup_")}
    schedule = {"kind": Linear.kind, **asdict(Linear(**warmup))}
    found = _with(leader, schedule, peak)
    return replace(found, source="decay", label=f"linear decay: {describe(found.configuration)}")


def _as_refined(leader: RaceCandidate, schedule: dict[str, Any], times: int, peak: float) -> RaceCandidate:
    found = _with(leader, schedule, peak)
    often = "refined schedule" if times == 1 else "twice refined schedule"
    label = f"{often}: {describe(found.configuration)}"
    return replace(found, source="refined", refinements=times, label=label)


def _with(leader: RaceCandidate, schedule: dict[str, Any], peak: float) -> RaceCandidate:
    configuration = leader.configuration
    rate = peak * float(configuration.optimizer["learning_rate"])
    name = rate_name(configuration.params)
    params = {key: rate if key == name else value for key, value in _kept(configuration, schedule)}
    found = replace(
        configuration,
        optimizer=configuration.optimizer | {"learning_rate": rate},
        schedule=schedule,
        params=params,
    )
    return replace(leader, configuration=found, is_baseline=False)


def _kept(configuration: Configuration, schedule: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What was drawn for a configuration, but for what another schedule does not have of its own."""
    replaced = configuration.schedule["kind"]
    for name, value in configuration.params.items():
        label, _, field = name.rpartition(".")
        is_of_schedule = name == SCHEDULE or label.partition("#")[0] == replaced
        if not is_of_schedule or schedule.get(field) == value:
            yield name, value


def _recording(spec: JobSpec, entry: RaceCandidate) -> EvaluationRequest:
    """Runs of an entry on fresh seeds, with their gradient norms."""
    return EvaluationRequest(
        configurations=(entry.configuration,),
        replicates=reduced_replicates(spec, Seeds.NORMS),
        steps=spec.budget.steps,
        record=True,
    )


def _refined(spec: JobSpec, leader: RaceCandidate, run: EvaluationResult) -> dict[str, Any] | None:
    """The schedule refined from the gradient norms of runs; None where one of them diverged."""
    # Any: the fields of a schedule as JSON has them.
    if np.isnan(run.values).any():
        return None
    norm = norm_for(leader.configuration.optimizer["kind"])
    return table_schedule(refined_factors(mean_norms(run.trajectories[0], norm, spec.budget.steps), norm))


def mean_norms(curves: Sequence[bytes], norm: Norm, steps: int) -> NDArray[np.float64]:
    """The mean gradient norms of runs: of every update, or of a long run at 1,000 evenly spaced ones.

    curves: encoded trajectories of runs that completed.
    """
    wanted = np.linspace(0.0, steps - 1.0, min(steps, MOST_FACTORS))
    found = []
    for curve in map(codec.decode, curves):
        norms = curve.gradient_norm_l1 if norm is Norm.L1 else curve.gradient_norm
        finite = np.nan_to_num(norms, nan=_LARGEST, posinf=_LARGEST).astype(np.float64)  # else nan beside inf
        found.append(np.interp(wanted, curve.step, finite))
    return np.asarray(np.mean(found, axis=0))
