"""Hooks for Schemathesis: most requests name an existing job instead of an invented id."""

from __future__ import annotations

import os
import random
from typing import Any

import schemathesis

FINISHED, OTHERS, RANGE_TESTS = (ids.split(",") for ids in os.environ["STEPSIZE_TEST_JOBS"].split(";"))
REAL = 0.8  # of the requests name a job that exists

_random = random.Random(11)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Any: Schemathesis's own objects; only what is used here matters."""
    parameters = case.path_parameters
    if parameters and "range_test_id" in parameters and _random.random() < REAL:
        parameters["range_test_id"] = _random.choice(RANGE_TESTS)
    if not parameters or "job_id" not in parameters:
        return
    stream = case.operation.path.endswith("/events")  # that of a job which goes on would never end
    if stream or _random.random() < REAL:
        parameters["job_id"] = _random.choice(FINISHED if stream else FINISHED + OTHERS)
    if "number" in parameters and _random.random() < REAL:
        parameters["number"] = _random.randrange(4)
