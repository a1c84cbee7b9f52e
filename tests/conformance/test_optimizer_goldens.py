"""Every optimizer against recorded paths of its reference; `make parity` compares with it live.

`scripts/record_goldens.py` wrote the files, each with the package and the version that gave it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from tests.support.parity.paths import ATOL, KEPT_STEPS, PROBLEMS, RTOL, Case, describe, engine_paths

GOLDEN = Path(__file__).parent / "golden"
COMPARED = [
    kind for kind, cls in OPTIMIZERS.items() if cls.reference is not None and not cls.reference.no_parity
]


def load(kind: str) -> tuple[dict[str, Any], list[Case], Any]:
    path = GOLDEN / f"optimizer_{kind}.npz"
    assert path.exists(), f"{path.name} is missing: python -m scripts.record_goldens {kind}"
    arrays = np.load(path)
    about = json.loads(str(arrays["about"]))
    return about, [Case(**case) for case in about["cases"]], arrays


@pytest.mark.parametrize("kind", COMPARED)
def test_the_path_is_the_recorded_one(kind: str) -> None:
    about, cases, arrays = load(kind)
    for problem in PROBLEMS:
        rows = [row for row, case in enumerate(cases) if case.problem == problem]
        paths, ends = engine_paths(problem, [cases[row] for row in rows])
        for place, row in enumerate(rows):
            expected = arrays[f"path{row}"]
            kept = [step - 1 for step in KEPT_STEPS[: len(expected)]]
            message = f"{describe(cases[row])}: {about['package']}"
            np.testing.assert_allclose(paths[kept, place], expected, RTOL, ATOL, err_msg=message)
            if len(expected) == len(KEPT_STEPS):
                np.testing.assert_allclose(ends[place], arrays[f"end{row}"], RTOL, ATOL, err_msg=message)


@pytest.mark.parametrize("kind", COMPARED)
def test_a_recording_names_the_version_that_the_class_names_and_reaches_far(kind: str) -> None:
    about, cases, arrays = load(kind)
    reference = OPTIMIZERS[kind].reference
    assert reference is not None
    assert about["package"].split("+")[0] == f"{reference.distribution} {reference.version}"
    lengths = [len(arrays[f"path{row}"]) for row in range(len(cases))]
    assert np.mean([KEPT_STEPS[length - 1] for length in lengths if length]) >= 20


@pytest.mark.parametrize("kind", COMPARED)
def test_the_recorded_cases_vary_every_hyperparameter(kind: str) -> None:
    _, cases, _ = load(kind)
    for field in hyper_fields(OPTIMIZERS[kind]):
        values = {case.optimizer[field.name] for case in cases}
        assert values - {field.default}, field.name


def test_the_recorded_cases_have_many_schedules_and_every_warmup() -> None:
    schedules = [case.schedule for kind in COMPARED for case in load(kind)[1]]
    assert len({schedule["kind"] for schedule in schedules}) >= 10
    warm = [schedule for schedule in schedules if schedule.get("warmup_fraction")]
    assert {schedule["warmup_shape"] for schedule in warm} == {"linear", "constant", "exponential"}


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind not in COMPARED])
def test_an_optimizer_that_is_not_compared_says_why(kind: str) -> None:
    cls = OPTIMIZERS[kind]
    assert cls.no_reference if cls.reference is None else cls.reference.no_parity
