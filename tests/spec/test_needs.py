"""An optimizer is refused if the job lacks what it needs: the full batch, a Hessian, a momentum."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.spec.job import JobSpec

LINEAR = {"kind": "classification", "dataset": "iris", "model": {"kind": "linear"}}
MLP = {"kind": "classification", "dataset": "iris", "model": {"kind": "mlp"}}


def job(objective: dict[str, Any], *kinds: str, **space: Any) -> JobSpec:
    optimizers = [{"kind": kind} for kind in kinds]
    return JobSpec.model_validate(
        {"objective": objective, "search_space": {"optimizers": optimizers} | space}
    )


def function(name: str, dimension: int) -> dict[str, Any]:
    return {"kind": "function", "name": name, "dimension": dimension}


def fault(objective: dict[str, Any], *kinds: str, **space: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        job(objective, *kinds, **space)
    (error,) = caught.value.errors()
    return error["ctx"]["at"], error["msg"]


@pytest.mark.parametrize("kind", ["newton", "lbfgs"])
def test_minibatches_are_refused_with_the_way_out(kind: str) -> None:
    for sizes in (32, {"choices": ["full", 32]}):
        at, message = fault(LINEAR, "adam", kind, batch_size=sizes)
        assert at == "search_space/optimizers/1/kind"
        assert (
            message == f'{kind} needs the full batch: set search_space.batch_size to "full", or drop {kind}'
        )


@pytest.mark.parametrize("kind", ["newton", "lbfgs"])
def test_the_full_batch_is_the_default_for_optimizers_that_need_it(kind: str) -> None:
    assert job(LINEAR, "adam", kind).search_space.batch_size == "full"
    assert job(LINEAR, kind, batch_size=None).search_space.batch_size == "full"
    assert job(LINEAR, kind, batch_size={"choices": ["full"]}).search_space.optimizers[0].kind == kind
    assert job(LINEAR, "adam").search_space.batch_size != "full"


@pytest.mark.parametrize(
    ("objective", "dimension", "gives"),
    [
        (function("rosenbrock", 51), 51, "gives a Hessian up to 50 parameters"),
        (function("quadratic", 1001), 1001, "gives a Hessian up to 1000 parameters"),
        (MLP, 515, "gives none"),
    ],
)
def test_an_objective_without_a_hessian_is_refused_with_the_limits(
    objective: dict[str, Any], dimension: int, gives: str
) -> None:
    at, message = fault(objective, "newton")
    assert at == "search_space/optimizers/0/kind"
    assert f"newton needs a Hessian, but this objective of {dimension} parameters {gives}" in message
    assert "drop newton" in message


@pytest.mark.parametrize("objective", [function("rosenbrock", 50), function("quadratic", 1000), LINEAR])
def test_objectives_with_a_hessian_are_accepted(objective: dict[str, Any]) -> None:
    assert job(objective, "newton").search_space.optimizers[0].kind == "newton"


def test_lbfgs_needs_no_hessian() -> None:
    assert job(MLP, "lbfgs").search_space.batch_size == "full"
    assert job(function("rosenbrock", 1000), "lbfgs").search_space.batch_size is None


def test_jobs_without_named_optimizers_try_four_that_need_no_full_batch() -> None:
    kinds = [wire.kind for wire in JobSpec.model_validate({"objective": MLP}).search_space.optimizers]
    assert kinds == ["adam", "adamw", "momentum", "nesterov"]


@pytest.mark.parametrize("value", [True, {"choices": [False, True]}, {"choices": [True]}])
@pytest.mark.parametrize("schedule", ["one_cycle", "cyclical"])
def test_a_cycled_momentum_is_refused_for_an_optimizer_without_momentum(schedule: str, value: object) -> None:
    cycling = [{"kind": "constant"}, {"kind": schedule, "cycle_momentum": value}]
    at, message = fault(MLP, "adam", "sgd", schedules=cycling)
    assert at == "search_space/schedules/1/cycle_momentum"
    assert message.startswith(f"sgd has no momentum that {schedule} could cycle; set cycle_momentum to false")
    assert "adamw" in message


def test_a_momentum_can_be_cycled_for_optimizers_with_momentum() -> None:
    space = job(MLP, "adam", "lion", "momentum", schedules=[{"kind": "one_cycle", "cycle_momentum": True}])
    assert space.search_space.schedules[0].kind == "one_cycle"
    for value in (False, {"choices": [False]}):
        job(MLP, "sgd", schedules=[{"kind": "one_cycle", "cycle_momentum": value}])


@pytest.mark.parametrize("loss", ["hinge", {"kind": "hinge"}])
def test_a_loss_without_curvature_refuses_newton_and_names_the_losses_with_curvature(loss: object) -> None:
    at, message = fault(LINEAR | {"loss": loss}, "newton")
    assert at == "search_space/optimizers/0/kind"
    assert "this objective of 15 parameters gives none" in message
    assert "with the loss cross_entropy or squared" in message
    assert job(LINEAR | {"loss": {"kind": "cross_entropy", "label_smoothing": 0.1}}, "newton")
