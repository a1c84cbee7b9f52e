"""A small job, the large jobs that run at the same time, and the time limit of the small job."""

from __future__ import annotations

import time

from tests.support.server import Json, Server

DIGITS: Json = {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}}
SMALL: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 20, "steps": 300},
}
LARGE: dict[str, Json] = {
    "many": {
        "objective": DIGITS,
        "budget": {"trials": 10_000, "steps": 1000},
        "sampler": {"kind": "random"},
        "pruner": {"kind": "none"},
    },
    "long": {  # rounds that cannot be cut: each keeps a process for a minute
        "objective": DIGITS,
        "search_space": {"batch_size": 256},
        "budget": {"trials": 10_000, "steps": 20_000},
        "pruner": {"kind": "successive_halving"},
    },
}
# A small job beside a large one takes at most TIMES as long as alone, and PLUS_S more.
TIMES, PLUS_S = 2.0, 5.0


def took_s(server: Server) -> float:
    """Return the seconds from the submission of the small job to its recommendation."""
    begun = time.monotonic()
    server.wait(server.submit(SMALL))
    return time.monotonic() - begun
