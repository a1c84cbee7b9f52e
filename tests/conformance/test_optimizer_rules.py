"""The update as source, which exports carry, against the engine: run by NumPy, no framework needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from app.engine.batching.stacking import stack
from app.engine.optimizers import OPTIMIZERS
from app.tuning.exports.source.optimizer_rules import import_statement, rule_source
from tests.support.kinds import make_optimizer
from tests.support.parity.paths import Case, Vector, cases, engine_paths, quadratic_gradient, start

CARRIED = [kind for kind in OPTIMIZERS if make_optimizer(kind).rule() is not None]
STEPS = 40


def rule_path(case: Case) -> Iterator[tuple[Vector, Vector]]:
    """Yield the parameters after each update, and the point at which the run is then measured."""
    optimizer, momenta = case.instance(), case.momenta()
    rule = optimizer.rule()
    assert rule is not None
    source = "\n".join(rule_source(rule, optimizer, "NumPy", cycles=momenta is not None))
    module: dict[str, Any] = {}
    if momenta is not None:
        module["momentum_at"] = momenta.__getitem__
    exec(import_statement("numpy", source) + source, module)
    x = start(case.problem)
    state = module["start"](x)
    rates = case.rates()
    for k in range(STEPS):
        x, state = module["update"](x, quadratic_gradient(x, k), state, rates[k], k)
        yield x, module["average"](x, state) if "average" in module else x


def unclipped(kind: str) -> Iterator[Case]:
    for case in cases(kind, 6, seed=2):
        if case.problem == "quadratic":
            optimizer = case.optimizer | {"gradient_clip_norm": 0.0, "gradient_clip_value": 0.0}
            yield Case(case.problem, optimizer, case.schedule)


@pytest.mark.parametrize("kind", CARRIED)
def test_the_rule_as_source_takes_the_engines_steps(kind: str) -> None:
    for case in unclipped(kind):
        paths, _ = engine_paths("quadratic", [case])
        with np.errstate(all="ignore"):
            path = np.array([x for x, _ in rule_path(case)])
        # Another order of the same operations; few steps, so that rounding has no time to grow.
        np.testing.assert_allclose(path, paths[:STEPS, 0], rtol=1e-7, atol=1e-9, err_msg=str(case))


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind not in CARRIED])
def test_only_optimizers_that_need_more_than_minibatch_gradients_have_no_rule(kind: str) -> None:
    assert OPTIMIZERS[kind].needs_full_batch


@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if cls.averages])
def test_the_average_as_source_is_the_point_that_the_engine_measures(kind: str) -> None:
    case = next(unclipped(kind))
    *_, (_, path) = rule_path(case)
    stacked = stack([case.instance()])
    x = start("quadratic")[np.newaxis]
    state, work = stacked.begin(x), np.empty_like(x)
    for k, rate in enumerate(case.rates()[:STEPS]):
        stacked.update(x, quadratic_gradient(x[0], k)[np.newaxis], np.array([[rate]]), k, state, work)
    stacked.evaluation_point(x, state, work)
    np.testing.assert_allclose(path, work[0], rtol=1e-9)
