"""Defaults of a job that depend on its objective: name, seeds and batch sizes."""

from __future__ import annotations

from typing import Any

from app.data import DATASETS
from app.engine.supervised.objective import training_rows

SMALL_DATASET = 1_000  # rows; a smaller dataset gets more seeds
SMALL_DATASET_REPLICATES = 4  # seeds of a trial
# Confirmation replicates. On small datasets the scatter over 16 seeds exceeds the differences between good
# configurations.
CONFIRMATION_SEEDS, CHEAP_CONFIRMATION_SEEDS = 16, 64
CHEAP_STEPS = 1_000  # longest run for which CHEAP_CONFIRMATION_SEEDS still take seconds
DEFAULT_BATCH_SIZES = (32, 128)  # rows


def default_name(objective: dict[str, Any]) -> str:
    """Return a readable name for a job without a name, such as "digits-mlp" or "rosenbrock"."""
    model = objective.get("model")
    parts = [
        objective.get("name"),
        objective.get("dataset"),
        model.get("kind") if isinstance(model, dict) else None,
    ]
    return "-".join(part for part in parts if isinstance(part, str))[:200]


def default_replicates(objective: dict[str, Any]) -> int:
    """Return the default number of seeds of a trial.

    A small validation split needs several: with one seed, luck would decide the best trial.
    """
    return SMALL_DATASET_REPLICATES if _has_small_dataset(objective) else 1


def default_confirmation_seeds(filled: dict[str, Any]) -> int:
    """Return the default number of confirmation seeds: many if a run takes milliseconds."""
    objective, budget = filled["objective"], filled.get("budget")
    steps = budget.get("steps") if isinstance(budget, dict) else None
    is_long = isinstance(steps, int) and steps > CHEAP_STEPS
    is_small = objective.get("kind") == "function" or _has_small_dataset(objective)
    return CHEAP_CONFIRMATION_SEEDS if is_small and not is_long else CONFIRMATION_SEEDS


def _has_small_dataset(objective: dict[str, Any]) -> bool:
    name = objective.get("dataset")
    return isinstance(name, str) and name in DATASETS and DATASETS[name].rows < SMALL_DATASET


def default_batch_sizes(objective: dict[str, Any]) -> object:
    """Return the default choices that fit the dataset; "full" if the dataset is smaller than all of them."""
    name = objective.get("dataset")
    rows = training_rows(DATASETS[name].rows) if isinstance(name, str) and name in DATASETS else 0
    fitting: list[int | str] = [size for size in DEFAULT_BATCH_SIZES if size <= rows]
    return {"choices": fitting or ["full"]}
