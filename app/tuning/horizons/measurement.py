"""Other horizons: the best peak at a quarter of, half and twice the steps, and the gain of more steps."""

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
from app.spec.job import MAX_STEPS
from app.spec.resources.recommendations import HorizonPeak
from app.tuning.evaluation.requests import (
    EvaluationRequest,
    Seeds,
    Steps,
    Values,
)
from app.tuning.horizons.fitted_line import fitted_line
from app.tuning.learning_rates.safe_range import MARGIN, tolerance
from app.tuning.learning_rates.sweep import at_rate, within_bounds
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import (
    EXACT_PEAK_RADIUS,
    MAX_REQUESTS,
    PEAK_RADIUS,
    STEP_MULTIPLE,
    horizon_lengths,
)
from app.tuning.racing.selection import Choice
from app.tuning.statistics import mean_interval

BOOTSTRAP_DRAWS = 1_000  # resamples of the seeds for an interval


@dataclass(frozen=True, kw_only=True)
class Horizons:
    """The results of the other horizons.

    peaks: the best peak of each horizon; None if the optimizer finds its own rate or the schedule follows the
    losses. tuned: the mean loss after the job's steps. longer: the mean loss after twice the steps, at the
    best peak of these, on the same seeds. Both are nan if a run diverged or twice the steps exceed the limit.
    is_lower: whether the loss of the longer runs is lower by more than the tolerance, with a 95 % interval
    below zero.
    """

    peaks: tuple[HorizonPeak, ...] | None
    tuned: float
    longer: float
    is_lower: bool


@dataclass
class Grid:
    """The values of peaks at one horizon, by their distance to the recommended peak in half octaves."""

    peak: float
    limit: float  # lowest peak known from another stage to diverge at this length; inf if there is none
    values: dict[int, Values] = field(default_factory=dict)

    def rate(self, k: int) -> float:
        """Return the peak at a distance of `k` half octaves."""
        return self.peak * math.pow(2.0, k / 2)

    def admissible(self) -> list[int]:
        """Return the distances, ascending, that keep an octave of margin to the lowest divergence."""
        diverged = [self.rate(k) for k, values in self.values.items() if np.isnan(values).any()]
        limit = min([self.limit, *diverged]) / MARGIN * (1.0 + 1e-9)
        return sorted(k for k in self.values if self.rate(k) <= limit)


def has_horizons(configuration: Configuration) -> bool:
    """Return whether the best peak of a configuration can be measured at other horizons."""
    return not OPTIMIZERS[configuration.optimizer["kind"]].finds_its_rate and not isinstance(
        configuration.schedule_instance(), LossDriven
    )


def measure_horizons(plan: Plan, choice: Choice, floor: float) -> Steps[Horizons]:
    """Find the best peak at each horizon, from five peaks near the fitted line, and compare twice the steps.

    floor: the least tolerance, in loss.
    """
    winner, steps = choice.recommended.configuration, plan.steps
    tuned_values = (yield _request(plan, winner, [_peak(winner)], steps)).values[0]
    longer_values = tuned_values * math.nan
    if not has_horizons(winner):
        if STEP_MULTIPLE * steps <= MAX_STEPS:
            longer_values = (yield _request(plan, winner, [_peak(winner)], STEP_MULTIPLE * steps)).values[0]
        return _compared(plan, None, tuned_values, longer_values, floor)
    known = {steps: _peak(winner)}
    horizons = {steps: _at_job_steps(plan, choice)}
    # The nearest horizon first, as the line through the known peaks predicts the next peak.
    for length in sorted(horizon_lengths(steps), key=lambda length: abs(math.log(length / steps))):
        if length == steps:
            continue
        grid = Grid(_peak(winner), choice.diverges if length > steps else math.inf)
        yield from _fill(plan, winner, grid, length, fitted_line(known)(length))
        best = best_distance(grid)
        if best is None:
            continue
        known[length] = grid.rate(best)
        horizons[length] = HorizonPeak(
            total_steps=length, learning_rate=grid.rate(best), ci95=_interval(plan, grid, best)
        )
        if length == STEP_MULTIPLE * steps:
            longer_values = grid.values[best]
    peaks = tuple(horizons[length] for length in sorted(horizons))
    return _compared(plan, peaks, tuned_values, longer_values, floor)


def best_distance(grid: Grid) -> int | None:
    """Return the distance of the best peak; None if no peak keeps an octave to the lowest divergence.

    Among the peak with the lowest mean and its two neighbours, the best one is nearest to the minimum of a
    parabola through five means. A few seeds do not tell neighbours apart; the five means together do better.
    """
    rows = grid.admissible()
    if not rows:
        return None
    means = np.array([grid.values[k].mean() for k in rows])
    return rows[_best_by_parabola(rows, means)]


def _best_by_parabola(rows: Sequence[int], means: NDArray[np.float64]) -> int:
    """Return the index of the best distance: near the minimum of a parabola through the means around it.

    rows: the distances, ascending. means: the mean loss at each. Too few points, or a parabola without a
    minimum, leave the distance with the lowest mean.
    """
    best = int(np.argmin(means))
    near = [i for i in range(len(rows)) if abs(rows[i] - rows[best]) <= PEAK_RADIUS]
    if len(near) < 4:
        return best
    heights = means[near]
    if (heights > 0.0).all():
        heights = np.log(heights)  # as losses may span decades
    distances = np.array([rows[i] for i in near], dtype=np.float64)
    curvature, slope, _ = np.polyfit(distances, heights, 2)
    if curvature <= 0.0:
        return best
    bottom = -slope / (2.0 * curvature)
    beside = [i for i in near if abs(rows[i] - rows[best]) <= 1]
    return min(beside, key=lambda i: abs(rows[i] - bottom))


def _fill(plan: Plan, winner: Configuration, grid: Grid, length: int, predicted: float) -> Steps[None]:
    """Run the peaks around the predicted peak, then the peaks missing around the best of them."""
    radius = EXACT_PEAK_RADIUS if plan.is_exact else PEAK_RADIUS
    centre = round(2.0 * math.log2(predicted / grid.peak))
    distances = list(range(centre - radius, centre + radius + 1))
    for _ in range(MAX_REQUESTS):
        distances = [k for k in distances if k not in grid.values and _is_allowed(winner, grid.rate(k))]
        if not distances:
            return
        result = yield _request(plan, winner, [grid.rate(k) for k in distances], length)
        grid.values |= dict(zip(distances, result.values, strict=True))
        best = best_distance(grid)
        if best is None:
            distances = list(range(min(grid.values) - 2 * PEAK_RADIUS, min(grid.values)))
        else:
            around = range(best - PEAK_RADIUS, best + PEAK_RADIUS + 1)
            distances = [k for k in around if grid.rate(k) < grid.limit]


def _is_allowed(winner: Configuration, rate: float) -> bool:
    return bool(within_bounds(winner, [rate]))


def _at_job_steps(plan: Plan, choice: Choice) -> HorizonPeak:
    """Return the recommended peak, with the interval of the best peak in the sweep."""
    peak, sweep = _peak(choice.recommended.configuration), choice.sweep
    grid = Grid(peak, choice.diverges)
    for rate, values in zip(sweep.rates, sweep.values, strict=False):  # the default's row is left out
        grid.values[round(2.0 * math.log2(rate / peak))] = values[: plan.few_replicates]
    return HorizonPeak(total_steps=plan.steps, learning_rate=peak, ci95=_interval(plan, grid, 0))


def _interval(plan: Plan, grid: Grid, best: int) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % quantiles of the best peak over resampled seeds.

    The interval is extended to contain the best peak.
    """
    rows = grid.admissible()
    seeds = plan.few_replicates
    if not rows or seeds == 1:
        return grid.rate(best), grid.rate(best)
    values = np.array([grid.values[k] for k in rows])
    generator = stream(plan.spec.seed, Purpose.HORIZONS, 0)
    drawn = generator.integers(0, seeds, size=(BOOTSTRAP_DRAWS, seeds))
    means = values[:, drawn].mean(axis=2)
    peaks = sorted(rows[_best_by_parabola(rows, column)] for column in means.T)
    low, high = peaks[round(0.025 * (BOOTSTRAP_DRAWS - 1))], peaks[round(0.975 * (BOOTSTRAP_DRAWS - 1))]
    return grid.rate(min(low, best)), grid.rate(max(high, best))


def _compared(
    plan: Plan,
    peaks: tuple[HorizonPeak, ...] | None,
    tuned_values: Values,
    longer_values: Values,
    floor: float,
) -> Horizons:
    """Return the horizons, with the loss after the job's steps compared with the loss after twice as many."""
    tuned, longer = float(tuned_values.mean()), float(longer_values.mean())
    is_exact = plan.is_exact
    interval = mean_interval(longer_values - tuned_values, exact=is_exact)
    is_certain = interval is not None and interval.ci95 is not None and interval.ci95[1] < 0.0
    is_lower = is_certain and longer < tuned - tolerance(tuned, floor)
    return Horizons(peaks=peaks, tuned=tuned, longer=longer, is_lower=is_lower)


def _request(plan: Plan, winner: Configuration, rates: Sequence[float], steps: int) -> EvaluationRequest:
    return EvaluationRequest(
        configurations=tuple(at_rate(winner, rate) for rate in rates),
        replicates=plan.few_seeds(Seeds.HORIZONS),
        steps=steps,
    )


def _peak(configuration: Configuration) -> float:
    return float(configuration.optimizer["learning_rate"])
