"""Format of numbers, intervals, probabilities and lists in the sentences of a recommendation."""

from __future__ import annotations

from collections.abc import Sequence

from app.tuning.statistics import Mean

SIGNIFICANT_DIGITS = 3
MAX_PERCENT_RATIO = 10.0  # largest difference, as a multiple of the mean, that is told in percent


def number(value: float) -> str:
    """Return a number with three significant digits, and with every digit of thousands."""
    if 1_000 <= abs(value) < 1_000_000:
        return f"{value:,.0f}"
    return f"{value:.{SIGNIFICANT_DIGITS}g}"


def distinct_numbers(first: float, second: float) -> tuple[str, str]:
    """Return two different numbers with as many digits as the difference needs to be visible."""
    digits = range(SIGNIFICANT_DIGITS, 18)  # 17 digits tell any two floats apart
    pairs = ((f"{first:.{count}g}", f"{second:.{count}g}") for count in digits)
    return next(pair for pair in pairs if pair[0] != pair[1])


def percent(share: float) -> str:
    """Return a share as text, such as "12.3 %"."""
    return f"{number(100.0 * share)} %"


def probability(value: float) -> str:
    """Return a probability as text, such as "97.2 %".

    An estimate that cannot be told from certainty reads "more than 99.9 %" or "less than 0.1 %".
    """
    if value > 0.999:
        return "more than 99.9 %"
    return "less than 0.1 %" if value < 0.001 else percent(value)


def interval(mean: Mean) -> str:
    """Return the 95 % interval of a mean as text."""
    assert mean.ci95 is not None
    return f"95 % interval {number(mean.ci95[0])} to {number(mean.ci95[1])}"


def listed(parts: Sequence[str]) -> str:
    """Return parts joined as in "a, b and c"."""
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last


def plural(noun: str, count: int) -> str:
    """Return the noun in the singular for a count of 1, else in the plural."""
    return noun if count == 1 else f"{noun}s"


def paragraph(*sentences: str) -> str:
    """Return the sentences joined to one text, without the empty ones."""
    return " ".join(sentence for sentence in sentences if sentence)


class Gap:
    """The difference of two means, in percent of the base mean where a percentage is easy to read."""

    def __init__(self, difference: Mean, base: float, *, is_nonnegative: bool = False) -> None:
        """Choose the unit of the difference.

        Args:
            difference: The difference of the two means, with an interval.
            base: The mean that the percentage is of.
            is_nonnegative: Whether no mean can be below zero, so that none can be more than 100 % lower.
        """
        assert difference.ci95 is not None
        self._mean, self._ci95 = difference.mean, difference.ci95
        if is_nonnegative:
            self._ci95 = (max(self._ci95[0], -base), self._ci95[1])
        is_share = base > 0.0 and -base < difference.mean <= MAX_PERCENT_RATIO * base
        self._unit = base if is_share else None

    def __str__(self) -> str:
        """Return text such as "13 % lower"."""
        if self._mean == 0.0:
            return "no different"
        return f"{self._with_unit(abs(self._mean))} {'lower' if self._mean < 0 else 'higher'}"

    @property
    def interval(self) -> str:
        """The 95 % interval, counted in the direction of the mean."""
        low, high = self._ci95
        if self._mean < 0:
            low, high = -high, -low
        return f"95 % interval {self._without_unit(low)} to {self._with_unit(high)}"

    def _with_unit(self, value: float) -> str:
        return self._without_unit(value) + ("" if self._unit is None else " %")

    def _without_unit(self, value: float) -> str:
        return number(value if self._unit is None else 100.0 * value / self._unit)
