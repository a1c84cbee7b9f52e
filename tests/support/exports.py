"""A recommendation to export, and the import of an exported source as a module."""

from __future__ import annotations

import types
from typing import Any

from app.spec.resources.recommendations import Candidate, Evidence, Recommendation
from tests.support.kinds import make_optimizer, make_schedule

PEAK = 0.037  # learning rate of the default answer


def recommendation(
    schedule: dict[str, Any] | None = None, optimizer: dict[str, Any] | None = None
) -> Recommendation:
    """Return an answer of 100 updates at the peak PEAK, by default of adam on a cosine with a warmup."""
    parts: dict[str, Any] = {
        "optimizer": optimizer or kind_and_fields(make_optimizer("adam", learning_rate=PEAK)),
        "schedule": schedule or kind_and_fields(make_schedule("cosine", warmup_fraction=0.1)),
        "batch_size": 32,
    }
    winner = Candidate(
        label="trial 3", mean=0.125, ci95=(0.1, 0.15), probability_best=0.7, source="search", **parts
    )
    return Recommendation(
        **parts,
        total_steps=100,
        safe_learning_rate=None,
        evidence=Evidence(metric="validation_loss", replicates=16, candidates=[winner], baselines=[]),
        explanation=[],
        warnings=[],
    )


def kind_and_fields(instance: Any) -> dict[str, Any]:
    """Return the hyperparameters of an optimizer or a schedule, with its kind, as an answer holds them."""
    return {"kind": instance.kind, **vars(instance)}


def module(source: str) -> types.ModuleType:
    """Return the exported module, executed."""
    exported = types.ModuleType("exported")
    exec(compile(source, "exported.py", "exec"), vars(exported))
    return exported
