"""Requirements of optimizers and schedules on the rest of a job: full batch, Hessian, momentum."""

from __future__ import annotations

from collections.abc import Iterable

from app.data import DATASETS
from app.engine.losses import LOSSES
from app.engine.models import MODELS
from app.engine.objectives.functions import FUNCTIONS, Function
from app.engine.optimizers import OPTIMIZERS
from app.spec.kinds import KindWire, instance
from app.spec.objective import FunctionSpec, ObjectiveSpec
from app.spec.values import Choices


def unmet_need(kind: str, objective: ObjectiveSpec, is_full_batch: bool) -> str | None:
    """Return why this optimizer cannot run in a job, and the way out; None if it can."""
    optimizer = OPTIMIZERS[kind]
    if optimizer.needs_full_batch and not is_full_batch:
        return f'{kind} needs the full batch: set search_space.batch_size to "full", or drop {kind}'
    if optimizer.needs_hessian:
        limit, dimension = _hessian_limit(objective), _dimension(objective)
        if dimension > limit:
            gives = f"gives a Hessian up to {limit} parameters" if limit else "gives none"
            linear, quadratic = MODELS["linear"], FUNCTIONS["quadratic"]
            smooth = " or ".join(name for name, loss in LOSSES.items() if loss.gives_hessian)
            return (
                f"{kind} needs a Hessian, but this objective of {dimension} parameters {gives}; use a "
                f"linear model of at most {linear.hessian_dimension} parameters with the loss {smooth}, a "
                f"function of at most {Function.hessian_dimension} (the quadratic: "
                f"{quadratic.hessian_dimension}), or drop {kind}"
            )
    return None


def unmet_cycling(schedule: KindWire, kinds: Iterable[str]) -> str | None:
    """Return why a schedule cannot cycle the momentum of all these optimizers; None if it can.

    The text names the way out.
    """
    value = getattr(schedule, "cycle_momentum", False)
    lacking = [kind for kind in kinds if OPTIMIZERS[kind].momentum_field is None]
    if not lacking or not (True in value.choices if isinstance(value, Choices) else value):
        return None
    with_momentum = ", ".join(kind for kind, cls in OPTIMIZERS.items() if cls.momentum_field)
    return (
        f"{lacking[0]} has no momentum that {schedule.kind} could cycle; set cycle_momentum to false, drop "
        f"{lacking[0]}, or search it in a separate job (optimizers with a momentum: {with_momentum})"
    )


def wants_full_batch(kinds: object) -> bool:
    """Return whether any posted candidate needs the full batch."""
    candidates = kinds if isinstance(kinds, (list, tuple)) else []
    named = [candidate.get("kind") for candidate in candidates if isinstance(candidate, dict)]
    return any(
        isinstance(kind, str) and kind in OPTIMIZERS and OPTIMIZERS[kind].needs_full_batch for kind in named
    )


def _hessian_limit(objective: ObjectiveSpec) -> int:
    if isinstance(objective, FunctionSpec):
        return FUNCTIONS[objective.name].hessian_dimension
    return MODELS[objective.model.kind].hessian_dimension if LOSSES[objective.loss.kind].gives_hessian else 0


def _dimension(objective: ObjectiveSpec) -> int:
    if isinstance(objective, FunctionSpec):
        return objective.dimension or FUNCTIONS[objective.name].default_dimension
    data = DATASETS[objective.dataset]
    return instance(MODELS, objective.model).architecture(data.input_sizes, data.classes or 1).dimension
