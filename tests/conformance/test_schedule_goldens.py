"""Every schedule against recorded factors of its reference; `make parity` compares with more of them live.

`scripts/record_schedule_goldens.py` wrote the files, each with the package and the version that gave it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engine.schedules import SCHEDULES
from app.engine.schedules.momentum_cycling import MomentumCycling
from tests.support.parity.factors import ATOL, HORIZONS, RTOL, engine_factors, engine_momenta, kept

GOLDEN = Path(__file__).parent / "golden"
COMPARED = [kind for kind, cls in SCHEDULES.items() if cls.references]


def load(kind: str) -> tuple[dict[str, Any], Any]:
    path = GOLDEN / f"schedule_{kind}.npz"
    assert path.exists(), f"{path.name} is missing: python -m scripts.record_schedule_goldens {kind}"
    arrays = np.load(path)
    return json.loads(str(arrays["about"])), arrays


@pytest.mark.parametrize("kind", COMPARED)
def test_every_factor_is_the_recorded_one(kind: str) -> None:
    about, arrays = load(kind)
    start = SCHEDULES[kind].references[0].differs
    for i, case in enumerate(about["cases"]):
        factors, expected = kept(engine_factors(kind, case["fields"], case["horizon"])), arrays[f"factors{i}"]
        np.testing.assert_allclose(factors[start:], expected[start:], RTOL, ATOL, err_msg=f"{case}")


@pytest.mark.parametrize(
    "kind", [kind for kind, cls in SCHEDULES.items() if issubclass(cls, MomentumCycling)]
)
def test_every_cycled_momentum_is_the_recorded_one(kind: str) -> None:
    about, arrays = load(kind)
    cycled = [i for i, case in enumerate(about["cases"]) if case["fields"].get("cycle_momentum")]
    assert {about["cases"][i]["horizon"] for i in cycled} >= {10, 97, 1000}
    for i in cycled:
        case = about["cases"][i]
        momenta = engine_momenta(kind, case["fields"], case["horizon"])
        assert momenta is not None
        np.testing.assert_allclose(kept(momenta), arrays[f"momenta{i}"], RTOL, ATOL, err_msg=f"{case}")


@pytest.mark.parametrize("kind", COMPARED)
def test_a_recording_has_every_horizon_that_the_reference_can_do(kind: str) -> None:
    about, _ = load(kind)
    reference = SCHEDULES[kind].references[0]
    assert about["package"].split("+")[0].startswith(f"{reference.distribution} {reference.version}")
    horizons = {case["horizon"] for case in about["cases"]}
    assert horizons == set(HORIZONS) or (reference.needs and {10, 97, 1000} <= horizons)


@pytest.mark.parametrize("kind", [kind for kind in SCHEDULES if kind not in COMPARED])
def test_a_schedule_that_is_not_compared_says_why(kind: str) -> None:
    assert SCHEDULES[kind].no_reference
