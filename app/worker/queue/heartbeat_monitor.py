"""Which workers have fallen silent, told without comparing the clocks of two machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

LOOKS = 5  # after so many looks without a new sign of life a worker counts as silent


class Silence:
    """Counts the looks at which a worker's last sign of life was still the same.

    Looks and not seconds: while the database is away nobody can give a sign and nobody looks, and a worker
    that was frozen itself makes no look meanwhile; in neither case the living count as silent afterwards.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime | None, int]] = {}

    def look(self, names: Iterable[str], signs: Mapping[str, datetime]) -> set[str]:
        """Those of the workers that are silent. signs: the last one of each that ever gave any."""
        before, self._seen = self._seen, {}
        for name in names:
            sign = signs.get(name)
            last, looks = before.get(name, (None, 0))
            self._seen[name] = (sign, looks + 1 if looks and sign == last else 1)
        return {name for name, (_, looks) in self._seen.items() if looks > LOOKS}
