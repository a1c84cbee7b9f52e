"""Ends a process when its parent is gone, so that a killed server leaves no orphan.

Imports the standard library alone: a process arms this before its slow imports, or one that had just been
started when its parent was killed would outlive it by as long as they take.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time

WATCH_INTERVAL_S = 0.25


def die_with_parent(parent: int) -> None:
    """Watches the parent from a thread and ends this process when it dies: at once on Linux.

    parent: the id of the process that started this one.
    Linux's PR_SET_PDEATHSIG is no substitute: it fires when the *thread* that started us ends.
    """
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    if sys.platform == "linux":
        _wait_for_end(parent)
    while os.getppid() == parent:
        time.sleep(WATCH_INTERVAL_S)
    # No clean-up: the parent was killed, and whatever we would store is not wanted or not ours any more.
    os._exit(1)


def _wait_for_end(process: int) -> None:
    """Sleeps until a process ends; returns at once where the kernel has no descriptors of processes."""
    try:
        descriptor = os.pidfd_open(process)
    except OSError:  # it is gone already, or this kernel or its sandbox refuses
        return
    if os.getppid() == process:  # else the number may be another process's by now
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
    os.close(descriptor)
