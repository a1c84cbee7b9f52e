"""Ends a process when its parent is gone, so that a killed server leaves no orphan.

Imports the standard library alone: a process arms this before its slow imports, or one that had just been
started when its parent was killed would outlive it by as long as they take.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
import time

WATCH_INTERVAL_S = 0.25
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Ends this process when its parent dies: at once on Linux, else within a quarter of a second.

    parent: the id of the process that started this one, from a thread that lives as long as it wants us to.
    """
    if sys.platform == "linux":
        # The kernel does it, however busy we are; it means the thread that started us, though, and not its
        # process. A kernel or a sandbox may refuse, and the parent may be gone already: hence the watch.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
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
