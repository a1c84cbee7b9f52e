"""The kinds of optimizers of a job, and the baselines that its advice compares them with."""

from __future__ import annotations

from app.engine.optimizers import OPTIMIZERS
from app.engine.optimizers.baseline import Baseline
from app.spec.job import JobSpec


def kinds(spec: JobSpec) -> list[str]:
    """Return the kinds of optimizers in the search space, without repeats."""
    return list(dict.fromkeys(optimizer.kind for optimizer in spec.search_space.optimizers))


def baselines_of(spec: JobSpec) -> list[tuple[str, Baseline]]:
    """Return the baselines of the race, each with the kind of its optimizer.

    First come the usual optimizers, then those of the search space, then those that find their own rate.
    """
    always = [
        (kind, baseline) for kind, cls in OPTIMIZERS.items() for baseline in cls.baselines if baseline.always
    ]
    usual = [(kind, baseline) for kind, baseline in always if not OPTIMIZERS[kind].finds_its_rate]
    listed = [(kind, baseline) for kind in kinds(spec) for baseline in OPTIMIZERS[kind].baselines]
    baselines: list[tuple[str, Baseline]] = []
    for pair in (*usual, *listed, *always):
        if pair not in baselines:
            baselines.append(pair)
    return baselines
