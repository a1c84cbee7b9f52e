"""The engine's objective for the spec of a job."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from app import data
from app.engine.losses import LOSSES
from app.engine.models import MODELS
from app.engine.objectives.base import Objective
from app.engine.objectives.function import FunctionObjective
from app.engine.objectives.functions import FUNCTIONS
from app.engine.supervised.objective import SupervisedObjective
from app.spec.job import JobSpec
from app.spec.kinds import instance
from app.spec.objective import FunctionSpec, ObjectiveSpec
from app.spec.values import largest

_DTYPES: dict[str | None, type] = {"float32": np.float32, "float64": np.float64}


@lru_cache(maxsize=16)  # a pool process serves many shards of few jobs
def build_objective(spec: ObjectiveSpec) -> Objective:
    """Build the objective of a spec.

    A dataset is loaded by its name, so that only the spec travels between processes. A searched setting of
    the objective has its largest value here: estimates of memory use that value. Every run has its own value.
    """
    if isinstance(spec, FunctionSpec):
        function = FUNCTIONS[spec.name]()
        return FunctionObjective(
            function=function,
            dimension=spec.dimension or function.default_dimension,
            start=spec.start,
            noise=spec.noise,
        )
    rows = data.load(spec.dataset)
    return SupervisedObjective(
        inputs=rows.inputs,
        targets=rows.targets,
        classes=rows.classes,
        sizes=data.DATASETS[spec.dataset].input_sizes,
        model=instance(MODELS, spec.model),
        loss=instance(LOSSES, spec.loss),
        l2=largest(spec.l2),
        metric=spec.metric,
    )


def dtype_of(spec: JobSpec) -> type:
    """Return the floating-point type in which the runs of a job compute."""
    return _DTYPES[spec.precision]
