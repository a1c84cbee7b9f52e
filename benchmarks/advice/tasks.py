"""The pieces of work, each a function of plain values, so that a process can do it and a file keep it."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.constant import Constant
from app.spec.job import BatchSizeChoices, JobSpec
from app.spec.records import Configuration, FinishedTrial
from app.tuning.advice import advise
from app.tuning.evaluate import evaluate
from app.tuning.heats import Heat, Values, gather, shards_of_heat
from app.tuning.objective import build_objective
from benchmarks.advice.problems import EVALUATION_SEED, by_name
from benchmarks.whole_searches.search import rounds_of

# A configuration as JSON: optimizer, schedule, batch_size.
Plain = dict[str, Any]


def job(name: str, seed: int) -> dict[str, Any]:
    """A default job: what it recommends, the interval that it states, and the gradients that it took."""
    spec = by_name(name).spec(seed)
    trials: list[FinishedTrial] = []
    evaluations = 0
    for ended, updates in rounds_of(spec):
        trials += ended
        evaluations += updates
    advice = advise(spec, trials, lambda number: None)
    heat = next(advice)
    while True:
        evaluations += heat.updates
        try:
            heat = advice.send(gather([evaluate(shard) for shard in shards_of_heat(spec, heat)]))
        except StopIteration as end:
            found = end.value
            break
    best = found.evidence.candidates[0]
    return {
        "configuration": plain(best.optimizer, best.schedule, best.batch_size),
        "source": best.source,
        "mean": best.mean,
        "ci95": best.ci95,
        "evaluations": evaluations,
    }


def losses(name: str, configuration: Plain, first: int, stop: int) -> list[float]:
    """The losses of a configuration on fresh seeds; on one where all are the same."""
    spec = by_name(name).spec(EVALUATION_SEED)
    seeds = range(1) if build_objective(spec.objective).deterministic else range(first, stop)
    found: list[float] = run(spec, [Configuration(**configuration)], seeds)[0].tolist()
    return found


def run(spec: JobSpec, configurations: list[Configuration], replicates: range) -> Values:
    """Values, (configurations, replicates), nan where a run diverged."""
    heat = Heat(configurations=tuple(configurations), replicates=replicates, steps=spec.budget.steps)
    return np.asarray(gather([evaluate(shard) for shard in shards_of_heat(spec, heat)]).values)


def adam(name: str) -> Plain:
    """Adam as it comes, at a constant rate, with the first batch size of the job."""
    spec = by_name(name).spec(0)
    sizes = spec.search_space.batch_size
    fields = {field.name: field.default for field in hyper_fields(OPTIMIZERS["adam"])}
    constant = {field.name: field.default for field in hyper_fields(Constant)}
    size = sizes.choices[0] if isinstance(sizes, BatchSizeChoices) else sizes
    return plain({"kind": "adam", **fields}, {"kind": "constant", **constant}, size)


def plain(optimizer: dict[str, Any], schedule: dict[str, Any], batch_size: int | str | None) -> Plain:
    """A configuration as JSON has it."""
    return {"optimizer": optimizer, "schedule": schedule, "batch_size": batch_size}
