"""Detection of workers without a heartbeat, without a comparison of the clocks of two machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

MISSED_CHECKS = 5  # checks without a new heartbeat after which a worker counts as frozen


class HeartbeatMonitor:
    """Counts the checks at which a worker's last heartbeat was still the same.

    The monitor counts checks instead of seconds. While the database is away, no worker stores a heartbeat and
    none checks. A worker that was frozen itself makes no checks meanwhile. In neither case do living workers
    count as frozen afterwards.
    """

    def __init__(self) -> None:
        self._checks: dict[str, tuple[datetime | None, int]] = {}  # last heartbeat, checks that read it

    def check(self, names: Iterable[str], heartbeats: Mapping[str, datetime]) -> set[str]:
        """Return the workers whose heartbeat has not changed for MISSED_CHECKS checks.

        heartbeats: the last one of each worker that has stored any.
        """
        before, self._checks = self._checks, {}
        for name in names:
            heartbeat = heartbeats.get(name)
            last, checks = before.get(name, (None, 0))
            self._checks[name] = (heartbeat, checks + 1 if checks and heartbeat == last else 1)
        return {name for name, (_, checks) in self._checks.items() if checks > MISSED_CHECKS}
