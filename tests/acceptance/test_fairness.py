"""A large job does not delay a small one, whether its trials are many or long."""

from __future__ import annotations

import pytest

from tests.support.fairness import LARGE, PLUS_S, TIMES, took_s
from tests.support.server import Json, Server

# The other tests share the cores; a queue that held up the small job would do so at every attempt.
ATTEMPTS = 3


def alone_and_beside_s(server: Server, spec: Json) -> tuple[float, float]:
    """Return the small job's seconds before a large job and beside it; the large one outlasts both."""
    alone_s = took_s(server)
    large = server.submit(spec)
    server.wait(large, "running")
    beside_s = took_s(server)
    assert server.job(large)["state"] == "running"
    server.http.post(f"/v1/jobs/{large}/cancel")
    server.wait(large, "cancelled")
    return alone_s, beside_s


@pytest.mark.parametrize("kind", LARGE)
def test_a_small_job_ends_in_twice_its_time_and_five_seconds_beside_a_large_one(
    server: Server, kind: str
) -> None:
    measured = []
    for _ in range(ATTEMPTS):
        alone_s, beside_s = alone_and_beside_s(server, LARGE[kind])
        if beside_s <= TIMES * alone_s + PLUS_S:
            return
        measured.append((alone_s, beside_s))
    pytest.fail(f"seconds alone and beside {kind!r}: {measured}")
