"""The first thing that a process of the pool does."""

from __future__ import annotations

import signal

from app.process.parent_death import die_with_parent


def prepare(parent: int) -> None:
    """Ties the process to its parent, then loads what evaluates shards.

    parent: the id of the process that started this one.
    """
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the worker decides
    # Only now, and not when the first shard comes: NumPy and what stands on it take most of a second.
    import app.tuning.evaluation.shards  # noqa: F401 - loaded for what it brings, used by the shards
