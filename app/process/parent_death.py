"""The end of a process with its parent, so that a killed server leaves no orphan.

This module imports the standard library alone, since a process calls it before its slow imports. Otherwise a
process that has just started when its parent is killed would outlive the parent until the imports end.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
import time

WATCH_INTERVAL_S = 0.25  # seconds between checks of the parent's id
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """End this process when its parent dies: at once on Linux, else within a quarter of a second.

    parent: the id of the process that started this one. On Linux the starting thread must live on: the end of
    that thread also ends this process.
    """
    if sys.platform == "linux":
        # The kernel sends the signal, however busy this process is, but when the thread that started it ends.
        # A kernel or a sandbox may refuse, and the parent may be gone already: hence the watching thread.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), name="parent-death", daemon=True).start()


def _watch(parent: int) -> None:
    if sys.platform == "linux":
        _wait_for_end(parent)
    while os.getppid() == parent:
        time.sleep(WATCH_INTERVAL_S)
    # No clean-up: the parent was killed, and another process may own its work by now.
    os._exit(1)


def _wait_for_end(process: int) -> None:
    """Wait until a process ends; return at once if the kernel has no process descriptors."""
    try:
        descriptor = os.pidfd_open(process)
    except OSError:  # the process is gone, or the kernel or a sandbox refuses
        return
    if os.getppid() == process:  # else the id may belong to another process by now
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()
    os.close(descriptor)
