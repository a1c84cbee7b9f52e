"""How figures, and lists of things, read in the sentences of a recommendation."""

from __future__ import annotations

from collections.abc import Sequence

from app.tuning.statistics import Mean

DIGITS = 3  # significant
NATURAL_RATIO = 10.0  # a difference of more than ten times the mean that it is of is no clear percentage


def number(value: float) -> str:
    """Three significant digits, and every digit of thousands."""
    if 1_000 <= abs(value) < 1_000_000:
        return f"{value:,.0f}"
    return f"{value:.{DIGITS}g}"


def apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers that differ, with as many digits as it takes to see that."""
    pairs = ((f"{one:.{digits}g}", f"{other:.{digits}g}") for digits in range(DIGITS, 18))  # 17 are all
    return next(pair for pair in pairs if pair[0] != pair[1])


def percent(share: float) -> str:
    """A share, such as "12.3 %"."""
    return f"{number(100.0 * share)} %"


def probability(value: float) -> str:
    """A probability, such as "97.2 %"; what an estimate cannot tell from certainty is not called certain."""
    if value > 0.999:
        return "more than 99.9 %"
    return "less than 0.1 %" if value < 0.001 else percent(value)


def interval(mean: Mean) -> str:
    """The 95 % interval in words."""
    assert mean.ci95 is not None
    return f"95 % interval {number(mean.ci95[0])} to {number(mean.ci95[1])}"


def listed(parts: Sequence[str]) -> str:
    """Such as "a, b and c"."""
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last


class Gap:
    """How far two means are apart, in percent of the one that is compared with where that is natural."""

    def __init__(self, difference: Mean, base: float, *, is_nonnegative: bool = False) -> None:
        """Compare a mean with another one.

        difference: with an interval. base: the mean that it is a part of. is_nonnegative: whether no mean can
        be below zero, so that none can be more than 100 % lower.
        """
        assert difference.ci95 is not None
        self._mean, self._ci95 = difference.mean, difference.ci95
        if is_nonnegative:
            self._ci95 = (max(self._ci95[0], -base), self._ci95[1])
        is_share = base > 0.0 and -base < difference.mean <= NATURAL_RATIO * base
        self._unit = base if is_share else None

    def __str__(self) -> str:
        """Such as "13 % lower"."""
        if self._mean == 0.0:
            return "no different"
        return f"{self._figure(abs(self._mean))} {'lower' if self._mean < 0 else 'higher'}"

    @property
    def interval(self) -> str:
        """The 95 % interval, counted in the direction of the mean."""
        low, high = self._ci95
        if self._mean < 0:
            low, high = -high, -low
        return f"95 % interval {self._bare(low)} to {self._figure(high)}"

    def _figure(self, value: float) -> str:
        return self._bare(value) + ("" if self._unit is None else " %")

    def _bare(self, value: float) -> str:
        return number(value if self._unit is None else 100.0 * value / self._unit)
