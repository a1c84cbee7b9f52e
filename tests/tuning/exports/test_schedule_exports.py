"""Exported schedules: formulas give the engine's rates, loss-driven schedules the factors they took."""

from __future__ import annotations

import ast
import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.domain.states import TrialState
from app.engine.schedules import SCHEDULES
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import MomentumCycling
from app.engine.trajectories import codec
from app.errors import NotExportable
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.exports import FORMATS
from app.tuning.exports.source.factor_table import learning_rates
from app.tuning.exports.source.schedule_formulas import BODIES, MOMENTUM_BODIES
from app.tuning.schedules.realised import realised_schedule
from tests.support.exports import PEAK, module, recommendation
from tests.support.jobs import configuration, job
from tests.support.kinds import make_schedule
from tests.support.parity.factors import HORIZONS, cases

OPEN = [kind for kind, cls in SCHEDULES.items() if not issubclass(cls, LossDriven)]
CYCLING = [kind for kind, cls in SCHEDULES.items() if issubclass(cls, MomentumCycling)]
WARMUPS: tuple[dict[str, Any], ...] = (
    {},
    {"warmup_fraction": 0.3, "warmup_start_factor": 0.25},
    {"warmup_fraction": 0.3, "warmup_shape": "exponential"},
    {"warmup_fraction": 0.1, "warmup_start_factor": 0.5, "warmup_shape": "constant"},
    {"warmup_fraction": 1.0},
)


def rates(source: str, horizon: int) -> list[float]:
    exported = module(source)
    assert horizon == exported.TOTAL_STEPS
    assert exported.learning_rate(10**9) == exported.learning_rate(horizon - 1)
    return [exported.learning_rate(step) for step in range(horizon)]


@pytest.mark.parametrize("kind", OPEN)
def test_the_python_module_gives_the_engines_rates(kind: str) -> None:
    for fields in cases(kind, 4, seed=5):
        for warmup in WARMUPS:
            schedule = {"kind": kind, **fields, **warmup}
            for horizon in HORIZONS[:-1]:
                exported_rates = rates(FORMATS["python"].render(recommendation(schedule), horizon), horizon)
                expected = learning_rates(recommendation(schedule), horizon)
                # A cosine near its end is a difference of numbers of order 1.
                np.testing.assert_allclose(
                    exported_rates, expected, 1e-12, 1e-15 * PEAK, err_msg=f"{schedule}"
                )


@pytest.mark.parametrize("has_formula", [True, False])
@pytest.mark.parametrize("kind", CYCLING)
def test_the_exported_momentum_is_the_engines(
    kind: str, has_formula: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_formula:
        monkeypatch.delitem(MOMENTUM_BODIES, kind)
    for fields in cases(kind, 4, seed=6):
        for warmup in WARMUPS:
            schedule: Any = {"kind": kind, **fields, **warmup, "cycle_momentum": True}
            for horizon in HORIZONS[:-1]:
                answer = recommendation(schedule)
                exported = module(FORMATS["python"].render(answer, horizon))
                momenta = [exported.momentum(step) for step in range(horizon)]
                schedule_alone = {name: value for name, value in schedule.items() if name != "kind"}
                cycled: Any = make_schedule(kind, **schedule_alone)
                np.testing.assert_allclose(
                    momenta, cycled.momentum_table(horizon), 1e-12, err_msg=f"{schedule}"
                )
                assert exported.momentum(10**9) == momenta[-1]
                rows = csv.DictReader(io.StringIO(FORMATS["csv"].render(answer, horizon)))
                column = [float(row["momentum"]) for row in rows]
                assert column == cycled.momentum_table(horizon).tolist()


@pytest.mark.parametrize("kind", CYCLING)
def test_a_module_says_that_the_momentum_is_cycled(kind: str) -> None:
    for cycles in (True, False):
        answer = recommendation({"kind": kind, "cycle_momentum": cycles})
        for name in ("python", "torch"):
            source = FORMATS[name].render(answer, 10)
            assert (
                "# The schedule cycles the momentum too, which replaces the optimizer's own value." in source
            ) is cycles
            assert ("def momentum(step)" in source) is cycles


@pytest.mark.parametrize("kind", BODIES)
def test_an_exported_formula_is_short_and_imports_math_alone(kind: str) -> None:
    source = FORMATS["python"].render(recommendation({"kind": kind, "warmup_fraction": 0.1}), 10_000)
    assert len(source) < 2_000
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import)]
    assert {alias.name for node in imports for alias in node.names} <= {"math"}


def test_every_formula_belongs_to_a_schedule() -> None:
    assert set(BODIES) <= set(OPEN)


def test_a_long_list_is_counted_in_the_header() -> None:
    schedule = {"kind": "table", "factors": [0.5] * 1000}
    assert "factors (1000 values)" in FORMATS["python"].render(recommendation(schedule), 10)


@pytest.mark.parametrize("steps", [40, 3000])
@pytest.mark.parametrize("replicates", [1, 2])
def test_a_loss_driven_schedule_exports_its_realised_factors(steps: int, replicates: int) -> None:
    schedule = {"kind": "reduce_by_ratio", "reduce_error_ratio": 0.3, "warmup_fraction": 0.1}
    winner = replace(configuration(learning_rate=PEAK), schedule=schedule)
    spec = job({"kind": "function", "name": "quadratic", "noise": 1.0}, steps=steps, trials=1)
    shard = Shard(spec=spec, numbers=(0,), configurations=(winner,), replicates=tuple(range(replicates)))
    (result,) = evaluate(shard)
    assert result.state is TrialState.COMPLETED
    assert result.trajectory is not None
    trajectory = codec.decode(result.trajectory)
    taken = realised_schedule(winner, trajectory)
    assert taken is not None
    assert taken["kind"] == "table"
    answer = recommendation(schedule).model_copy(update={"taken_schedule": taken})
    exported_rates = rates(FORMATS["python"].render(answer, steps), steps)
    assert exported_rates == learning_rates(answer, steps)
    assert exported_rates[-1] < PEAK
    expected = trajectory.learning_rate[:-1]
    if steps < 1000:
        np.testing.assert_allclose(exported_rates, expected, rtol=1e-14)
    else:  # as fine as the trajectory is, which keeps about every third of these steps
        assert np.mean(np.isclose(np.array(exported_rates)[trajectory.step[:-1]], expected)) > 0.9
    assert "this table has the factors of the winner's trial" in FORMATS["torch"].render(answer, steps)


def test_a_schedule_with_a_formula_takes_no_table() -> None:
    spec = job(steps=5, trials=1)
    shard = Shard(spec=spec, numbers=(0,), configurations=(configuration(),), replicates=(0,))
    (result,) = evaluate(shard)
    assert result.trajectory is not None
    assert realised_schedule(configuration(), codec.decode(result.trajectory)) is None


@pytest.mark.parametrize("name", FORMATS)
def test_a_loss_driven_schedule_without_realised_factors_is_not_exported(name: str) -> None:
    with pytest.raises(NotExportable, match="reduce_by_ratio follows the losses"):
        FORMATS[name].render(recommendation({"kind": "reduce_by_ratio"}), 10)
