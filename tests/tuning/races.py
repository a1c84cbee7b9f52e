"""A race whose figures are made up, for the tests of what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.spec.job import JobSpec
from app.spec.recommendation import Recommendation
from app.spec.records import FinishedTrial
from app.tuning.race import RaceField, race_field
from app.tuning.recommend import choose, recommend
from tests.tuning.jobs import NOISY, finished, job, space

NAN = float("nan")
COSINE = {"kind": "cosine", "warmup_fraction": 0.0, "warmup_start_factor": 0.0, "final_factor": 0.0}
LOG_RANGE = {"low": 1e-3, "high": 1e-1, "log": True}


def spec(**parts: Any) -> JobSpec:
    body: dict[str, Any] = {
        "confirmation": {"top": 2, "replicates": 4},
        "search_space": space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "sgd"}),
    }
    return job(**({"objective": NOISY} | body | parts))


def trials(count: int = 12) -> list[FinishedTrial]:
    """Trial 0 has a cosine schedule and is the best, then trial 1; the others are near one of these."""
    found = [
        finished(i, 1.0 + i, learning_rate=0.01 if i % 2 else 0.05, optimizer="adam") for i in range(count)
    ]
    first = found[0]
    found[0] = replace(first, configuration=replace(first.configuration, schedule=COSINE))
    return found


def field_of(the_spec: JobSpec, of: list[FinishedTrial]) -> RaceField:
    field = race_field(the_spec, of)
    assert field is not None
    return field


def values(*means: float, n: int = 4) -> NDArray[np.float64]:
    """Rows around these means, with a common scatter and a little of their own."""
    generator = np.random.default_rng(0)
    common = generator.normal(0.0, 0.1, n)
    return np.array([mean + common + generator.normal(0.0, 0.001, n) for mean in means])


def recommended(
    raced: NDArray[np.float64],
    confirmed: NDArray[np.float64],
    of: list[FinishedTrial] | None = None,
    swept: NDArray[np.float64] | None = None,
    **parts: Any,
) -> Recommendation:
    the_spec, ended = spec(**parts), of if of is not None else trials()
    field = field_of(the_spec, ended)
    return recommend(the_spec, field, raced, choose(field, raced), confirmed, swept, ended)


RACED = values(1.0, 1.2, 2.0, 3.0)  # two candidates, adam's and sgd's defaults
CONFIRMED = values(1.1, 1.5, 2.1, 3.1)  # the winner, its rival with a constant schedule, then the defaults
UNRIVALLED = CONFIRMED[[0, 2, 3]]  # for a race in which every schedule is constant
