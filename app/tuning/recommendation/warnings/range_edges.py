"""The warnings of sampled values at an edge of their search range, with the way out of each."""

from __future__ import annotations

from dataclasses import dataclass

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from app.domain.records import Configuration
from app.engine.hyper import Hyper
from app.spec.job import JobSpec
from app.tuning.recommendation.formatting import number, percent
from app.tuning.recommendation.warnings.effective_values import has_effect
from app.tuning.space.distributions import position
from app.tuning.space.tree import SearchSpace, hyper_of

EDGE_SHARE = 0.03  # share of a range, on its scale, that counts as its edge
MIN_DECADES_RATIO = 100.0  # high / low from which a linear scale hides the low end of a range


def edges_of(spec: JobSpec, configuration: Configuration) -> list[str]:
    """Return a warning for each sampled number of the configuration that lies at an edge of its range.

    Skip choices, edges at which the hyperparameter itself ends, and values without an effect. A
    configuration that was not sampled, such as a default, has no edges.
    """
    distributions = SearchSpace.of(spec).distributions()
    warnings = []
    for name, value in configuration.params.items():
        distribution = distributions.get(name)
        if distribution is None or isinstance(distribution, CategoricalDistribution):
            continue
        sampled = _Sampled(name, float(value), distribution, hyper_of(spec, name))
        warning = sampled.warning()
        if warning is not None and has_effect(configuration, name, distribution, spec.budget.steps):
            warnings.append(warning)
    return warnings


@dataclass(frozen=True)
class _Sampled:
    """A sampled number with its search range and its hyperparameter."""

    name: str
    value: float
    range: FloatDistribution | IntDistribution
    hyper: Hyper

    def warning(self) -> str | None:
        """Return the warning; None if the value is at no edge, or if the edge cannot be moved."""
        coordinate = position(self.range, self.value)
        if coordinate < EDGE_SHARE and self._is_scale_at_fault():
            return self._scale_at_fault()
        if coordinate < EDGE_SHARE and self._has_room(is_upper=False):
            return self._at_edge("lower", "low", "below", self.range.low)
        if coordinate > 1.0 - EDGE_SHARE and self._has_room(is_upper=True):
            return self._at_edge("upper", "high", "above", self.range.high)
        return None

    def _at_edge(self, edge: str, end: str, side: str, bound: float) -> str:
        return (
            f"{self._subject} is at the {edge} edge of its search range, {self._span}. A better value may "
            f"lie outside. Give {self._field} a range with `{end}` {side} {number(bound)}."
        )

    def _scale_at_fault(self) -> str:
        low = " and a `low` above 0" if self.range.low == 0 else ""
        step = ", without `step`" if isinstance(self.range, FloatDistribution) and self.range.step else ""
        return (
            f"{self._subject} is in the lowest {percent(EDGE_SHARE)} of its linear range, {self._span}, "
            f"where few trials fall. Give {self._field} a range with `log: true`{low}{step}."
        )

    @property
    def _field(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def _subject(self) -> str:
        label = self.name.rpartition(".")[0]
        owner = f"{label}'s {self._field}" if label else self._field
        return f"{owner}, {number(self.value)},"

    @property
    def _span(self) -> str:
        return f"{number(self.range.low)} to {number(self.range.high)}"

    def _is_scale_at_fault(self) -> bool:
        """Return whether a logarithmic scale, instead of a wider range, finds values near the low end."""
        low, high = self.range.low, self.range.high
        if self.range.log or low < 0 or self.value <= 0:
            return False
        if low == 0:
            return self.hyper.log
        return high / low >= MIN_DECADES_RATIO and (self.hyper.log or self._has_room(is_upper=False))

    def _has_room(self, *, is_upper: bool) -> bool:
        """Return whether the hyperparameter has values beyond the edge: a step of a grid, else EDGE_SHARE."""
        low, high = float(self.range.low), float(self.range.high)
        bound, sign = (high, 1.0) if is_upper else (low, -1.0)
        if self.range.step is not None:
            return self.hyper.broken_bound(bound + sign * self.range.step) is None
        limit = self.hyper.le if is_upper else self.hyper.ge
        if limit is None:
            return True
        return bound != limit if self.range.log else sign * (limit - bound) >= EDGE_SHARE * (high - low)
