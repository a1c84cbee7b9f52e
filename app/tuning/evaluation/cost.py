"""What trials cost, by a fixed formula of their shapes: nothing of it is measured."""

from __future__ import annotations

from app.engine.objectives.base import Objective
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.spec.job import BatchSizeChoices, JobSpec
from app.spec.kinds import instance
from app.tuning.evaluation.memory import Member, batch_bytes
from app.tuning.evaluation.objective import build_objective


def update_operations(objective: Objective, optimizer: Optimizer, rows: int | None) -> float:
    """Floating point operations of one update of one run. rows: of a minibatch, None for all."""
    return objective.cost(rows) + optimizer.extra_cost(objective.dimension)


def trial_operations(spec: JobSpec) -> float:
    """Floating point operations of the most expensive trial of the search space, on all of its replicates."""
    objective = build_objective(spec.objective)
    dearest = max(update_operations(objective, optimizer, rows) for optimizer, rows in _members(spec))
    return spec.budget.steps * spec.replicates * dearest


def run_bytes(spec: JobSpec) -> int:
    """Memory of one run with the optimizer and the batch size of the space which take the most."""
    return max(batch_bytes(spec, [member]) for member in _members(spec))


def _members(spec: JobSpec) -> list[Member]:
    """Every optimizer with every batch size of the space."""
    sizes = spec.search_space.batch_size
    choices = sizes.choices if isinstance(sizes, BatchSizeChoices) else (sizes,)
    # With every number at the upper end of what is searched, such as the longest history.
    optimizers = [instance(OPTIMIZERS, wire) for wire in spec.search_space.optimizers]
    return [
        (optimizer, size if isinstance(size, int) else None) for optimizer in optimizers for size in choices
    ]
