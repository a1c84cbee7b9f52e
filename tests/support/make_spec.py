"""The spec of a small function job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.spec.job import JobSpec

MakeSpec = Callable[..., JobSpec]  # of the fixture `make_spec`, whose keywords replace parts of the spec


def small_spec(**parts: Any) -> JobSpec:
    """Return the spec of a small function job; keywords replace its parts."""
    body: dict[str, Any] = {
        "objective": {"kind": "function", "name": "rosenbrock"},
        "budget": {"trials": 4, "steps": 10},
    }
    return JobSpec.model_validate(body | parts)
