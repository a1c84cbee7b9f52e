"""Ends a process when its parent is gone, so that a killed server leaves no orphan."""

from __future__ import annotations

import os
import threading
import time

WATCH_INTERVAL_S = 0.25


def die_with_parent(parent: int | None = None) -> None:
    """Watches the parent from a thread and ends this process within half a second of its death.

    parent: the id of the process to watch, which must be this one's parent; the present parent by default.
    Linux's PR_SET_PDEATHSIG is no substitute: it fires when the *thread* that started us ends.
    """
    watched = os.getppid() if parent is None else parent
    threading.Thread(target=_watch, args=(watched,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_INTERVAL_S)
    # No clean-up: the parent was killed, and whatever we would store is not wanted or not ours any more.
    os._exit(1)
