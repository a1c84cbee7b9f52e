"""The limit on the number of jobs that a worker runs at once."""

from __future__ import annotations

import threading


class JobSlots:
    """One slot for each running job. A slot can be reserved or released twice without effect.

    number: jobs that may run at once.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._reserved: set[str] = set()
        self._lock = threading.Lock()

    def reserve(self, workflow_id: str) -> None:
        """Reserve a slot; recovered jobs may exceed the limit."""
        with self._lock:
            self._reserved.add(workflow_id)

    def release(self, workflow_id: str) -> None:
        """Release the slot of a workflow."""
        with self._lock:
            self._reserved.discard(workflow_id)

    def reserved(self) -> int:
        """Return the number of running jobs."""
        with self._lock:
            return len(self._reserved)

    def free(self) -> int:
        """Return the number of further jobs that may start."""
        with self._lock:
            return max(0, self._number - len(self._reserved))
