"""The warnings of what a job minimises: a function without a least value, and faults of the data."""

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
    """Return the warning of a function without a lower bound; none for any other."""
    if FUNCTIONS[name].bounded_below:
        return []
    return [
        f"{name} has no lower bound, so the run that falls fastest wins and no loss is the least: the "
        "recommendation says nothing about convergence; tune on a function that has an optimum"
    ]
