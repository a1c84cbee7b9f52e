"""One file a sampler; `SAMPLERS` finds them."""

import sys

from app.engine.registry import Registry
from app.spec.job import JobSpec
from app.tuning.samplers.base import Ask, Sampler

__all__ = ["AUTO_TPE_FROM", "SAMPLERS", "Ask", "Sampler", "effective_sampler", "sampler_of"]

AUTO_TPE_FROM = 24  # trials; below, a model has too little to learn from

# type-abstract: the registry never instantiates its base.
SAMPLERS: Registry[Sampler] = Registry("sampler", Sampler, sys.modules[__name__])  # type: ignore[type-abstract]


def effective_sampler(spec: JobSpec) -> str:
    """The kind of sampler that a job uses: `auto` is random below 24 trials and TPE from there on.

    TPE too where there are trials of other jobs to learn from.
    """
    if spec.sampler.kind == "auto":
        return "tpe" if spec.from_jobs or spec.budget.trials >= AUTO_TPE_FROM else "random"
    return spec.sampler.kind


def sampler_of(spec: JobSpec) -> Sampler:
    """The sampler that a job uses."""
    return SAMPLERS[effective_sampler(spec)]()
