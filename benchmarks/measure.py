"""Times several actions side by side: in turns, so that a busy machine disturbs all of them alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

REPEATS = 7


@dataclass(frozen=True)
class Rounds:
    """The seconds that each action took in each round, by its name."""

    seconds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """Return the median seconds of one action."""
        return median(self.seconds[name])

    def ratio(self, name: str, base: str) -> float:
        """Return how many times as long one action takes as another: the median ratio of the rounds."""
        return median(self._ratios(name, base))

    def interval(self, name: str, base: str) -> tuple[float, float]:
        """Return the 95 % interval of that median, by the ranks of the rounds."""
        ratios = sorted(self._ratios(name, base))
        outside = max(0, math.floor((len(ratios) - 1.96 * math.sqrt(len(ratios))) / 2))
        return ratios[outside], ratios[-1 - outside]

    def _ratios(self, name: str, base: str) -> list[float]:
        return [a / b for a, b in zip(self.seconds[name], self.seconds[base], strict=True)]


def side_by_side(
    actions: Mapping[str, Callable[[], object]],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.process_time,
) -> Rounds:
    """Run all actions once unmeasured, then in turns, each round in another order.

    What an action leaves in the caches and in the allocator is found by the one after it. In a fixed order
    that would always be the same one; here each follows each other one about equally often.

    clock: by default the time that this process spent on its cores. Of work on one core that is what a wall
    clock shows on an idle machine; on a busy one it leaves out what others had.
    """
    for action in actions.values():
        action()
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for round_ in range(repeats):
        for name in _order(list(actions), round_):
            begun = clock()
            actions[name]()
            seconds[name].append(clock() - begun)
    return Rounds(seconds)


def _order(names: list[str], round_: int) -> list[str]:
    """Return a Williams design: over 2 n rounds each of n actions follows each other one twice.

    Source: Williams 1949, doi:10.1071/CH9490149.
    """
    count, first = len(names), round_ // 2
    steps = [(i + 1) // 2 if i % 2 else -(i // 2) for i in range(count)]  # 0, 1, -1, 2, -2 ...
    order = [names[(first + step) % count] for step in steps]
    return order[::-1] if round_ % 2 else order
