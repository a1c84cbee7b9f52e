"""How many jobs a worker runs at once, and which."""

from __future__ import annotations

import threading


class Seats:
    """One for each job that runs here. Taking one's own again, or leaving twice, changes nothing."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self, workflow_id: str) -> None:
        """Sits down, if need be on the floor: what ran before a crash goes on, whatever else runs."""
        with self._lock:
            self._taken.add(workflow_id)

    def leave(self, workflow_id: str) -> None:
        """Gets up."""
        with self._lock:
            self._taken.discard(workflow_id)

    def taken(self) -> int:
        """How many jobs run."""
        with self._lock:
            return len(self._taken)

    def free(self) -> int:
        """How many more jobs there is room for."""
        with self._lock:
            return max(0, self._number - len(self._taken))
