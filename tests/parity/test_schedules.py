"""Every schedule against the packages that its references name, live (`make parity`)."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.schedules import SCHEDULES
from app.engine.schedules.base import WARMUP_REFERENCES
from app.engine.schedules.momentum_cycling import MomentumCycling
from app.engine.schedules.reference import Reference
from tests.support.parity.factors import ATOL, HORIZONS, RTOL, applies, cases, engine_factors, engine_momenta

pytest.importorskip("torch")

from tests.support.parity.package_factors import package, package_factors, package_momenta

RANDOM_CASES = 6
REFERENCES = [
    pytest.param(kind, reference, id=f"{kind}-{reference.distribution}")
    for kind, cls in SCHEDULES.items()
    for reference in cls.references
]


@pytest.mark.parametrize(("kind", "reference"), REFERENCES)
def test_every_factor_is_the_references(kind: str, reference: Reference) -> None:
    pytest.importorskip(reference.distribution)
    compared = 0
    for horizon in HORIZONS:
        for fields in cases(kind, RANDOM_CASES, seed=1):
            if applies(reference, fields, horizon):
                expected = package_factors(reference, fields, horizon)[reference.differs :]
                factors = engine_factors(kind, fields, horizon)[reference.differs :]
                np.testing.assert_allclose(factors, expected, RTOL, ATOL, err_msg=f"{horizon}: {fields}")
                compared += 1
    assert compared >= len(HORIZONS) - 3  # a cycle does not fit the shortest horizons


@pytest.mark.parametrize(
    "kind", [kind for kind, cls in SCHEDULES.items() if issubclass(cls, MomentumCycling)]
)
def test_every_cycled_momentum_is_the_references(kind: str) -> None:
    (reference,) = SCHEDULES[kind].references
    compared = 0
    for horizon in HORIZONS:
        for fields in cases(kind, RANDOM_CASES, seed=3):
            cycled = fields | {"cycle_momentum": True}
            if applies(reference, cycled, horizon):
                expected, momenta = (
                    package_momenta(reference, cycled, horizon),
                    engine_momenta(kind, cycled, horizon),
                )
                assert momenta is not None
                np.testing.assert_allclose(momenta, expected, RTOL, ATOL, err_msg=f"{horizon}: {cycled}")
                compared += 1
    assert compared >= len(HORIZONS) * RANDOM_CASES / 2


@pytest.mark.parametrize("reference", sorted({param.values[1] for param in REFERENCES}, key=str), ids=str)
def test_the_installed_version_is_the_one_that_the_class_names(reference: Reference) -> None:
    pytest.importorskip(reference.distribution)
    assert package(reference).split("+")[0].startswith(f"{reference.distribution} {reference.version}")


@pytest.mark.parametrize("start", [0.0, 0.01, 1 / 3, 1.0])
@pytest.mark.parametrize("shape", WARMUP_REFERENCES)
def test_every_factor_of_a_warmup_is_the_references(shape: str, start: float) -> None:
    reference = WARMUP_REFERENCES[shape]
    pytest.importorskip(reference.distribution)
    fields = {"warmup_fraction": 0.5, "warmup_start_factor": start, "warmup_shape": shape}
    for warmup in HORIZONS:
        if applies(reference, fields, warmup):
            expected = package_factors(reference, fields, warmup)
            factors = engine_factors("constant", fields, 2 * warmup)
            np.testing.assert_allclose(factors[:warmup], expected, RTOL, ATOL)
            np.testing.assert_array_equal(factors[warmup:], 1.0)
