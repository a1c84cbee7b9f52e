"""The initializer of the pool's processes."""

from __future__ import annotations

import signal

from app.process.parent_death import die_with_parent


def prepare(parent: int) -> None:
    """Tie the process to its parent, then import the modules that evaluate shards.

    parent: the id of the process that started this one.
    """
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the worker decides
    # Imported now, before the first shard arrives: NumPy and its dependants take most of a second.
    import app.tuning.evaluation.shards  # noqa: F401 - imported for its side effect; the shards use it
