"""The cost of trials, by a fixed formula of their shapes; no part of the cost is measured."""

from __future__ import annotations

from app.engine.objectives.base import Objective
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.spec.job import BatchSizeChoices, JobSpec
from app.spec.kinds import instance
from app.tuning.evaluation.memory import Member, batch_bytes
from app.tuning.evaluation.objective import build_objective


def update_operations(objective: Objective, optimizer: Optimizer, rows: int | None) -> float:
    """Return the floating point operations of one update of one run.

    rows: rows of the minibatch; None for the full batch.
    """
    return objective.cost(rows) + optimizer.extra_cost(objective.dimension)


def trial_operations(spec: JobSpec) -> float:
    """Return the floating point operations of the space's most expensive trial, on all of its replicates."""
    objective = build_objective(spec.objective)
    operations = max(update_operations(objective, optimizer, rows) for optimizer, rows in space_members(spec))
    return spec.budget.steps * spec.replicates * operations


def run_bytes(spec: JobSpec) -> int:
    """Return the bytes of one run with the optimizer and the batch size that need the most memory."""
    return max(batch_bytes(spec, [member]) for member in space_members(spec))


def space_members(spec: JobSpec) -> list[Member]:
    """Return every optimizer of the search space with every batch size of the space."""
    sizes = spec.search_space.batch_size
    choices = sizes.choices if isinstance(sizes, BatchSizeChoices) else (sizes,)
    # Every searched hyperparameter has the upper end of its range, such as the longest history.
    optimizers = [instance(OPTIMIZERS, wire) for wire in spec.search_space.optimizers]
    return [
        (optimizer, size if isinstance(size, int) else None) for optimizer in optimizers for size in choices
    ]
