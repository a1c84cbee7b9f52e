"""Other horizons: the best peak after a quarter of, half and twice the steps, and what more steps give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.records import Configuration
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.loss_driven import LossDriven
from app.engine.seeds import Purpose, stream
from app.spec.job import MAX_STEPS, JobSpec
from app.spec.resources.recommendations import HorizonPeak
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    Seeds,
    Steps,
    Values,
    reduced_replicates,
    reduced_seed_count,
)
from app.tuning.horizons.fitted_line import fitted_line
from app.tuning.learning_rates.safe_range import MARGIN, tolerance
from app.tuning.learning_rates.sweep import at_rate, within_bounds
from app.tuning.racing.selection import Choice
from app.tuning.statistics import mean_interval

SHORTER, LONGER = (2, 4), 2  # the job's steps divided, and multiplied
REACH = 2  # half octaves around the predicted peak that run at first: five peaks
WIDE = 8  # the same where every run is the same, so that one seed is all
MOST_HEATS = 3  # at a horizon: the five peaks, and twice those that the best of them lacks
DRAWS = 1_000  # of the seeds, for an interval


@dataclass(frozen=True, kw_only=True)
class Horizons:
    """What other horizons gave.

    peaks: None where the optimizer finds its own rate or the schedule follows the losses. own, longer: the
    mean loss after the job's steps, and after twice as many at their best peak, on the same seeds; nan where
    a run diverged or could not be as long. is_lower: whether it fell beyond the tolerance, and beyond doubt.
    """

    peaks: tuple[HorizonPeak, ...] | None
    own: float
    longer: float
    is_lower: bool


@dataclass
class Grid:
    """The values of peaks at one horizon, by their distance to the recommended one in half octaves."""

    peak: float
    limit: float  # the first peak that another stage saw diverge in such a run; inf where none did
    values: dict[int, Values] = field(default_factory=dict)

    def rate(self, k: int) -> float:
        """Return the peak at that distance."""
        return self.peak * math.pow(2.0, k / 2)

    def admissible(self) -> list[int]:
        """Return the distances, ascending, that keep an octave to the first divergence."""
        diverged = [self.rate(k) for k, values in self.values.items() if np.isnan(values).any()]
        limit = min([self.limit, *diverged]) / MARGIN * (1.0 + 1e-9)
        return sorted(k for k in self.values if self.rate(k) <= limit)


def horizon_lengths(steps: int) -> list[int]:
    """Return a quarter of, half, once and twice the steps: rounded half up, at least 1, without repeats."""
    shorter = [max(1, math.floor(steps / part + 0.5)) for part in SHORTER]
    longer = [LONGER * steps] if LONGER * steps <= MAX_STEPS else []
    return sorted({*shorter, steps, *longer})


def has_horizons(configuration: Configuration) -> bool:
    """Return whether the best peak of a configuration can be measured at other horizons."""
    return not OPTIMIZERS[configuration.optimizer["kind"]].finds_its_rate and not isinstance(
        configuration.schedule_instance(), LossDriven
    )


def horizon_runs(spec: JobSpec, requests: int = 1) -> int:
    """Return the runs of this stage, in units of the job's steps, with so many requests at each horizon."""
    exact = build_objective(spec.objective).deterministic
    peaks = 2 * (WIDE if exact else REACH) + 1 + (requests - 1) * (2 * REACH)
    shares = sum(length / spec.budget.steps for length in horizon_lengths(spec.budget.steps)) - 1.0
    return math.ceil((peaks * shares + 1.0) * reduced_seed_count(spec))


def measure_horizons(spec: JobSpec, choice: Choice, floor: float) -> Steps[Horizons]:
    """Find the best peak at each horizon, from five peaks near the fitted line, and look at twice the steps.

    floor: of the tolerance in loss.
    """
    winner, steps = choice.recommended.configuration, spec.budget.steps
    own = (yield _request(spec, winner, [_peak(winner)], steps)).values[0]
    if not has_horizons(winner):
        longer = own * math.nan
        if LONGER * steps <= MAX_STEPS:
            longer = (yield _request(spec, winner, [_peak(winner)], LONGER * steps)).values[0]
        return _compared(spec, None, own, longer, floor)
    known = {steps: _peak(winner)}
    found = {steps: _at_own_steps(spec, choice)}
    longest = own * math.nan
    # The nearest first: the line through what is known predicts the next.
    for length in sorted(horizon_lengths(steps), key=lambda length: abs(math.log(length / steps))):
        if length == steps:
            continue
        grid = Grid(_peak(winner), choice.diverges if length > steps else math.inf)
        yield from _fill(spec, winner, grid, length, fitted_line(known)(length))
        best = lowest(grid)
        if best is None:
            continue
        known[length] = grid.rate(best)
        found[length] = HorizonPeak(
            total_steps=length, learning_rate=grid.rate(best), ci95=_interval(spec, grid, best)
        )
        longest = grid.values[best] if length == LONGER * steps else longest
    peaks = tuple(found[length] for length in sorted(found))
    return _compared(spec, peaks, own, longest, floor)


def lowest(grid: Grid) -> int | None:
    """Return the best peak: of those beside the lowest mean, the lowest point of a parabola through five.

    A few seeds do not tell neighbours apart, the five means together do better. None where no peak keeps an
    octave to the first divergence.
    """
    rows = grid.admissible()
    if not rows:
        return None
    means = np.array([grid.values[k].mean() for k in rows])
    return rows[_smoothed(rows, means)]


def _smoothed(rows: Sequence[int], means: NDArray[np.float64]) -> int:
    """Return the place of the best of ascending distances."""
    best = int(np.argmin(means))
    near = [i for i in range(len(rows)) if abs(rows[i] - rows[best]) <= REACH]
    if len(near) < 4:
        return best
    heights = means[near]
    if (heights > 0.0).all():
        heights = np.log(heights)  # losses may span decades
    distances = np.array([rows[i] for i in near], dtype=np.float64)
    curvature, slope, _ = np.polyfit(distances, heights, 2)
    if curvature <= 0.0:
        return best
    bottom = -slope / (2.0 * curvature)
    beside = [i for i in near if abs(rows[i] - rows[best]) <= 1]
    return min(beside, key=lambda i: abs(rows[i] - bottom))


def _fill(spec: JobSpec, winner: Configuration, grid: Grid, length: int, predicted: float) -> Steps[None]:
    """Run peaks around the predicted one, then those that are missing around the best of them."""
    reach = WIDE if build_objective(spec.objective).deterministic else REACH
    centre = round(2.0 * math.log2(predicted / grid.peak))
    wanted = list(range(centre - reach, centre + reach + 1))
    for _ in range(MOST_HEATS):
        wanted = [k for k in wanted if k not in grid.values and _is_allowed(winner, grid.rate(k))]
        if not wanted:
            return
        result = yield _request(spec, winner, [grid.rate(k) for k in wanted], length)
        grid.values |= dict(zip(wanted, result.values, strict=True))
        best = lowest(grid)
        if best is None:
            wanted = list(range(min(grid.values) - 2 * REACH, min(grid.values)))
        else:
            wanted = [k for k in range(best - REACH, best + REACH + 1) if grid.rate(k) < grid.limit]


def _is_allowed(winner: Configuration, rate: float) -> bool:
    return bool(within_bounds(winner, [rate]))


def _at_own_steps(spec: JobSpec, choice: Choice) -> HorizonPeak:
    """Return the recommended peak, with the interval of the best one in the sweep."""
    peak, sweep = _peak(choice.recommended.configuration), choice.sweep
    grid = Grid(peak, choice.diverges)
    for rate, values in zip(sweep.rates, sweep.values, strict=False):  # the default's row is left out
        grid.values[round(2.0 * math.log2(rate / peak))] = values[: reduced_seed_count(spec)]
    return HorizonPeak(total_steps=spec.budget.steps, learning_rate=peak, ci95=_interval(spec, grid, 0))


def _interval(spec: JobSpec, grid: Grid, best: int) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % quantiles of the best peak over resampled seeds, the own peak included."""
    rows = grid.admissible()
    seeds = reduced_seed_count(spec)
    if not rows or seeds == 1:
        return grid.rate(best), grid.rate(best)
    values = np.array([grid.values[k] for k in rows])
    generator = stream(spec.seed, Purpose.HORIZONS, 0)
    drawn = generator.integers(0, seeds, size=(DRAWS, seeds))
    means = values[:, drawn].mean(axis=2)
    peaks = sorted(rows[_smoothed(rows, column)] for column in means.T)
    low, high = peaks[round(0.025 * (DRAWS - 1))], peaks[round(0.975 * (DRAWS - 1))]
    return grid.rate(min(low, best)), grid.rate(max(high, best))


def _compared(
    spec: JobSpec,
    peaks: tuple[HorizonPeak, ...] | None,
    own: Values,
    longer: Values,
    floor: float,
) -> Horizons:
    first, twice = float(own.mean()), float(longer.mean())
    is_exact = build_objective(spec.objective).deterministic
    interval = mean_interval(longer - own, exact=is_exact)
    is_certain = interval is not None and interval.ci95 is not None and interval.ci95[1] < 0.0
    is_lower = is_certain and twice < first - tolerance(first, floor)
    return Horizons(peaks=peaks, own=first, longer=twice, is_lower=is_lower)


def _request(spec: JobSpec, winner: Configuration, rates: Sequence[float], steps: int) -> EvaluationRequest:
    return EvaluationRequest(
        configurations=tuple(at_rate(winner, rate) for rate in rates),
        replicates=reduced_replicates(spec, Seeds.HORIZONS),
        steps=steps,
    )


def _peak(configuration: Configuration) -> float:
    return float(configuration.optimizer["learning_rate"])
