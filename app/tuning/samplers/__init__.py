"""The samplers, one module each; `SAMPLERS` is their registry."""

import sys

from app.engine.registry import Registry
from app.spec.job import JobSpec
from app.tuning.samplers.base import Ask, Sampler
from app.tuning.space.tree import SearchSpace

__all__ = ["SAMPLERS", "Ask", "Sampler", "effective_sampler", "sampler_of"]

AUTO_QMC_UP_TO = 16  # most trials of a job for which `auto` is QMC; a model needs more to begin
AUTO_CMAES_FROM = 512  # fewest trials of a job for which `auto` is CMA-ES; fewer make too few generations

# type-abstract: the registry never instantiates its base.
SAMPLERS: Registry[Sampler] = Registry("sampler", Sampler, sys.modules[__name__])  # type: ignore[type-abstract]


def effective_sampler(spec: JobSpec) -> str:
    """Return the kind of sampler that a job uses: `auto` is QMC up to 16 trials and TPE beyond.

    From 512 trials on `auto` is CMA-ES, if CMA-ES can search the space. With trials of other jobs `auto` is
    TPE.
    """
    if spec.sampler.kind != "auto":
        return spec.sampler.kind
    if not spec.from_jobs and spec.budget.trials <= AUTO_QMC_UP_TO:
        return "qmc"
    is_long = not spec.from_jobs and spec.budget.trials >= AUTO_CMAES_FROM
    return "cmaes" if is_long and SearchSpace.of(spec).is_plain else "tpe"


def sampler_of(spec: JobSpec) -> Sampler:
    """Return the sampler that a job uses."""
    return SAMPLERS[effective_sampler(spec)]()
