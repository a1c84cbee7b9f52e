"""Every optimizer against the package that its reference names, live (`make parity`)."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.optimizers import OPTIMIZERS
from tests.support.kinds import make_optimizer
from tests.support.parity.paths import (
    ATOL,
    PROBLEMS,
    RTOL,
    STEPS,
    Case,
    cases,
    describe,
    engine_paths,
    quadratic_gradient,
    start,
)

torch = pytest.importorskip("torch")

from tests.support.parity.torch_paths import exported, stable_steps, torch_path, versions  # noqa: E402 - it imports torch

COMPARED = [
    kind for kind, cls in OPTIMIZERS.items() if cls.reference is not None and not cls.reference.no_parity
]
PER_PROBLEM = 8


@pytest.mark.parametrize("kind", COMPARED)
def test_the_engines_path_is_the_references(kind: str) -> None:
    reference = OPTIMIZERS[kind].reference
    assert reference is not None
    assert versions(kind).split("+")[0] == f"{reference.distribution} {reference.version}"
    all_cases = list(cases(kind, PER_PROBLEM, seed=1))
    stable = []
    for problem in PROBLEMS:
        selected = [case for case in all_cases if case.problem == problem]
        paths, ends = engine_paths(problem, selected)
        for row, case in enumerate(selected):
            expected, end = torch_path(case)
            count = stable_steps(case, expected)
            np.testing.assert_allclose(
                paths[:count, row],
                expected[:count],
                RTOL,
                ATOL,
                err_msg=f"{describe(case)}: {versions(kind)}",
            )
            if count == STEPS:
                np.testing.assert_allclose(ends[row], end, RTOL, ATOL, err_msg=describe(case))
            stable.append(count)
    assert np.mean(stable) >= 20, f"too few steps are stable: {stable}"


@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if cls.reference is not None])
def test_the_exported_module_takes_the_engines_steps(kind: str) -> None:
    optimizer = {"kind": kind} | vars(make_optimizer(kind, gradient_clip_norm=0.7, gradient_clip_value=0.5))
    assert_export_takes_the_engines_steps(
        Case("quadratic", optimizer, {"kind": "cosine", "warmup_fraction": 0.02})
    )


@pytest.mark.parametrize("schedule", ["one_cycle", "cyclical"])
@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if cls.momentum_field])
def test_the_exported_module_cycles_the_momentum(kind: str, schedule: str) -> None:
    optimizer = {"kind": kind} | vars(make_optimizer(kind))
    cycles = {"kind": schedule, "cycle_momentum": True, "warmup_fraction": 0.02}
    # Short phases, so that the first updates see several of them.
    short: dict[str, float] = {"peak_fraction": 0.03} if schedule == "one_cycle" else {"period": 0.02}
    assert_export_takes_the_engines_steps(Case("quadratic", optimizer, cycles | short))


def assert_export_takes_the_engines_steps(case: Case) -> None:
    module = exported(case)
    point = torch.nn.Parameter(torch.tensor(start(case.problem)))
    tuned = module.make_optimizer(tensor for tensor in [point])
    scheduler = module.make_scheduler(tuned)
    paths, _ = engine_paths(case.problem, [case])
    for k, rate in enumerate(case.rates()[:20]):
        assert tuned.param_groups[0]["lr"] == pytest.approx(rate, rel=1e-12, abs=1e-18)
        point.grad = torch.tensor(quadratic_gradient(point.detach().numpy(), k))
        tuned.step()
        scheduler.step()
        np.testing.assert_allclose(point.detach().numpy(), paths[k, 0], rtol=1e-8)
