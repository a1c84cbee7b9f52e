"""The warnings of an objective: a function without a lower bound, and faults of the data."""

from __future__ import annotations

from app.data import DATASETS, load
from app.engine.objectives.functions import FUNCTIONS
from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.tuning.recommendation.warnings.data import data_warnings


def objective_warnings(spec: JobSpec) -> list[str]:
    """Return the warnings of the job's function or dataset."""
    if isinstance(spec.objective, FunctionSpec):
        return unbounded_warnings(spec.objective.name)
    name = spec.objective.dataset
    return list(data_warnings(DATASETS[name].name, load(name), is_confirmed=spec.confirmation is not None))


def unbounded_warnings(name: str) -> list[str]:
    """Return the warning of a function without a lower bound; empty for any other function."""
    if FUNCTIONS[name].bounded_below:
        return []
    return [
        f"{name} has no lower bound, so no loss is the lowest and the run that falls fastest wins. The "
        "recommendation says nothing about convergence. Tune on a function that has an optimum."
    ]
