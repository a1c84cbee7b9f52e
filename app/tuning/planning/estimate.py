"""The estimated cost of a job, by a fixed formula of its spec; no part of the cost is measured.

The rates were fitted to default jobs on the 12 problems of `benchmarks/advice`; `python -m benchmarks
estimates` compares the estimates with whole jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from app.engine.objectives.base import Objective
from app.engine.trajectories.codec import encoded_bytes
from app.spec.job import JobSpec
from app.spec.resources.estimates import Estimate
from app.tuning.evaluation.cost import space_members, update_operations
from app.tuning.evaluation.memory import recorded_parameters, recorded_rows
from app.tuning.evaluation.objective import dtype_of
from app.tuning.evaluation.pruning import ETA, pruning_rungs
from app.tuning.evaluation.requests import Seeds
from app.tuning.planning.rounds import Rounds

TRIAL_S = 0.005  # seconds of a trial outside the engine: the sampler, the rows, the events
UPDATE_S = 2.5e-6  # seconds of an update of one run, whatever its size: its share of the batch's NumPy calls
PARAMETER_S = 2e-8  # seconds of an update for each parameter: the optimizer's passes over the memory
OPERATIONS_PER_S = 2.5e10  # floating point operations a second, most of them in matrix products

JOB_BYTES = 60_000  # the job, its recommendation and the events of its stages
TRIAL_BYTES = 4_000  # the row of a trial and its event, without the trajectory
RUN_BYTES = 20  # the value of one run of the advice


def searched_share(spec: JobSpec, rounds: Rounds) -> float:
    """Return the expected share of the search's updates that is made although trials are pruned.

    The median rule keeps half of the trials at a rung, the other pruners a third. A round counts as one
    bracket.
    """
    steps, kept = spec.budget.steps, 0.5 if spec.pruner.kind == "median" else 1.0 / ETA
    made = 0.0  # in trainings
    for r in range(len(rounds)):
        size = len(rounds.numbers(r))
        edges = [0, *pruning_rungs(spec, r, size), steps]
        parts = (kept**i * (end - start) for i, (start, end) in enumerate(pairwise(edges)))
        made += size * sum(parts) / steps
    return made / max(1, rounds.trial_count)


def estimate_job(
    spec: JobSpec, objective: Objective, trials: int, searched: float, stage_runs: Mapping[Seeds, int]
) -> Estimate:
    """Return the estimated cost of a job.

    trials: as many as the sampler proposes. searched: as `searched_share` returns. stage_runs: the planned
    runs of each stage of the advice. A search that settles early counts as whole. The operations of an update
    are the mean over the search space's optimizers and batch sizes.
    """
    steps, advice_runs = spec.budget.steps, sum(stage_runs.values())
    runs = trials * spec.replicates + advice_runs
    members = space_members(spec)
    per_update = sum(update_operations(objective, *member) for member in members) / len(members)
    updates = steps * (searched * trials * spec.replicates + advice_runs)
    operations = updates * per_update
    seconds = (
        trials * TRIAL_S
        + updates * (UPDATE_S + objective.dimension * PARAMETER_S)
        + operations / OPERATIONS_PER_S
    )
    trajectory = encoded_bytes(dtype_of(spec), recorded_parameters(objective.dimension), recorded_rows(steps))
    stored = JOB_BYTES + trials * (TRIAL_BYTES + searched * trajectory) + advice_runs * RUN_BYTES
    return Estimate(
        operations=operations, seconds_on_one_core=round(seconds, 2), bytes_stored=round(stored), runs=runs
    )
