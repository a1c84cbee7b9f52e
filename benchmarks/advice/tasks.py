"""The pieces of work, each a function of plain values, so that a process can do it and a file keep it."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from app.domain.records import Configuration, FinishedTrial
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules.constant import Constant
from app.engine.trajectories import codec
from app.spec.job import BatchSizeChoices, JobSpec
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.requests import EvaluationRequest, Values, gather, shards_of_request
from app.tuning.evaluation.shards import evaluate
from app.tuning.horizons.fitted_line import peak_at
from app.tuning.learning_rates.sweep import at_rate, swept_rates
from app.tuning.planning.plan import Plan
from app.tuning.racing.elimination import ranked
from app.tuning.recommendation.pipeline import advise
from benchmarks.advice.problems import EVALUATION_SEED, by_name
from tests.support.searches import rounds_of

HORIZONS = (0.25, 0.5, 2.0, 4.0)  # of the steps of the job
START_SEEDS = 4
RETUNING = ((4, 6), (16, 3), (48, 1))  # after so many seeds each, so many peaks go on
RETUNING_FIRST = 100_000  # beyond the seeds on which everything is compared

# A configuration as JSON: optimizer, schedule, batch_size.
Plain = dict[str, Any]


def job(name: str, seed: int) -> dict[str, Any]:
    """Run a default job: what it recommends and states, and the gradients that each stage took."""
    spec = by_name(name).spec(seed)
    trials: list[FinishedTrial] = []
    stages: Counter[str] = Counter()
    for ended, updates in rounds_of(spec):
        trials += ended
        stages["search"] += updates
    advice = advise(Plan.of(spec), trials, lambda _: None)
    request = next(advice)
    while True:
        stages[request.stage.name.lower()] += request.updates
        try:
            request = advice.send(gather([evaluate(shard) for shard in shards_of_request(spec, request)]))
        except StopIteration as end:
            found = end.value
            break
    best = found.evidence.candidates[0]
    return {
        "configuration": plain(best.optimizer, best.schedule, best.batch_size),
        "source": best.source,
        "mean": best.mean,
        "ci95": best.ci95,
        "safe": None if found.safe_learning_rate is None else found.safe_learning_rate.model_dump(),
        "peaks": {str(factor): peak_at(found, horizon(spec, factor)).peak for factor in HORIZONS},
        "has_horizons": found.horizons is not None,
        "stages": dict(stages),
        "evaluations": stages.total(),
    }


def start(name: str, configuration: Plain) -> float:
    """Return the loss before the first update, the mean over a few fresh seeds; of an error 1."""
    spec = by_name(name).spec(EVALUATION_SEED)
    if build_objective(spec.objective).metric == "validation_error":
        return 1.0
    request = EvaluationRequest(
        configurations=(Configuration(**configuration),),
        replicates=range(START_SEEDS),
        steps=spec.budget.steps,
        record=True,
    )
    curves = gather([evaluate(shard) for shard in shards_of_request(spec, request)]).trajectories[0]
    return float(np.mean([codec.decode(curve).loss[0] for curve in curves], dtype=np.float64))


def horizon(spec: JobSpec, factor: float) -> int:
    """Return so many times the steps of the job, rounded half up."""
    return max(1, math.floor(factor * spec.budget.steps + 0.5))


def retuned(name: str, configuration: Plain, factor: float) -> float:
    """Return the best of 17 peaks at another horizon, half an octave apart, on seeds of their own.

    All run on a few seeds, the best ones on more.
    """
    spec = by_name(name).spec(EVALUATION_SEED)
    found, steps = Configuration(**configuration), horizon(spec, factor)
    rates = swept_rates(found)
    is_exact = build_objective(spec.objective).deterministic
    values = np.empty((len(rates), 0))
    for seeds, kept in ((1, 1),) if is_exact else RETUNING:
        new = range(RETUNING_FIRST + values.shape[1], RETUNING_FIRST + seeds)
        values = np.hstack([values, run(spec, [at_rate(found, rate) for rate in rates], new, steps)])
        order = ranked(values)[:kept]
        rates, values = [rates[i] for i in order], values[order]
    return rates[0]


def losses_at(name: str, configuration: Plain, factor: float, stop: int) -> list[float]:
    """Return the losses of a configuration at another horizon on fresh seeds."""
    spec = by_name(name).spec(EVALUATION_SEED)
    seeds = range(1) if build_objective(spec.objective).deterministic else range(stop)
    rows = run(spec, [Configuration(**configuration)], seeds, horizon(spec, factor))
    found: list[float] = rows[0].tolist()
    return found


def losses(name: str, configuration: Plain, first: int, stop: int) -> list[float]:
    """Return the losses of a configuration on fresh seeds; on one seed if all give the same."""
    spec = by_name(name).spec(EVALUATION_SEED)
    seeds = range(1) if build_objective(spec.objective).deterministic else range(first, stop)
    found: list[float] = run(spec, [Configuration(**configuration)], seeds)[0].tolist()
    return found


def run(
    spec: JobSpec, configurations: list[Configuration], replicates: range, steps: int | None = None
) -> Values:
    """Return values, (configurations, replicates), nan where a run diverged; steps: the job's, else these."""
    steps = steps or spec.budget.steps
    request = EvaluationRequest(configurations=tuple(configurations), replicates=replicates, steps=steps)
    return np.asarray(gather([evaluate(shard) for shard in shards_of_request(spec, request)]).values)


def adam(name: str) -> Plain:
    """Return Adam at its defaults, at a constant rate, with the first batch size of the job."""
    spec = by_name(name).spec(0)
    sizes = spec.search_space.batch_size
    fields = {field.name: field.default for field in hyper_fields(OPTIMIZERS["adam"])}
    constant = {field.name: field.default for field in hyper_fields(Constant)}
    size = sizes.choices[0] if isinstance(sizes, BatchSizeChoices) else sizes
    return plain({"kind": "adam", **fields}, {"kind": "constant", **constant}, size)


def plain(optimizer: dict[str, Any], schedule: dict[str, Any], batch_size: int | str | None) -> Plain:
    """Return a configuration in the form of JSON."""
    return {"optimizer": optimizer, "schedule": schedule, "batch_size": batch_size}
