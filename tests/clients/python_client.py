"""A program with the generated Python client: submit a job, follow it, read its recommendation.

Run by the interpreter of the client's own environment, with the folder of the generated package and the
address of a server; prints what it read as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

sys.path.insert(0, sys.argv[1])

from stepsize_client import Client, models
from stepsize_client.api.jobs import get_job, submit_job
from stepsize_client.api.range_tests import submit_range_test
from stepsize_client.api.recommendation import (
    get_recommendation,
    get_recommended_module,
    get_recommended_schedule,
)
from stepsize_client.api.trials import list_trials


def run(client: Any) -> dict[str, Any]:
    """Submit a job, wait for its end, and return what it answered."""
    spec = models.JobSpec(
        objective=models.FunctionSpec(kind="function", name=models.FunctionSpecName.ROSENBROCK),
        search_space=models.SearchSpace(
            optimizers=[
                models.AdamOptimizerSpace(
                    kind="adam", learning_rate=models.Range(low=0.01, high=0.5, log=True), beta1=0.8
                )
            ],
            schedules=[models.CosineScheduleSpace(kind="cosine")],
        ),
        budget=models.Budget(trials=4, steps=20),
        confirmation=models.Confirmation(top=2, replicates=2),
    )
    job = submit_job.sync(client=client, body=spec)
    assert isinstance(job, models.Job), job
    while job.state not in (models.JobState.SUCCEEDED, models.JobState.FAILED):
        time.sleep(0.2)
        job = get_job.sync(job.id, client=client)
        assert isinstance(job, models.Job), job
    page = list_trials.sync(job.id, client=client)
    answer = get_recommendation.sync(job.id, client=client)
    table = get_recommended_schedule.sync(job.id, client=client, total_steps=7)
    module = get_recommended_module.sync(job.id, client=client, total_steps=7)
    assert isinstance(answer, models.Recommendation), answer
    small = models.JobSpec(
        objective=models.ClassificationSpec(
            kind="classification",
            dataset="iris",
            model=models.LinearModel(kind="linear"),
        ),
        budget=models.Budget(trials=1, steps=1),
    )
    test = submit_range_test.sync(
        client=client,
        body=models.RangeTestSpec(objective=spec.objective, optimizer=models.AdamOptimizer(kind="adam")),
    )
    return {
        "state": job.state.value,
        "spec": type(job.spec).__name__,
        "trials": [type(trial.optimizer).__name__ for trial in page.items],
        "schedules": [type(trial.schedule).__name__ for trial in page.items],
        "learning_rates": [trial.optimizer.learning_rate for trial in page.items],
        "recommended": type(answer.optimizer).__name__,
        "candidates": [type(candidate.schedule).__name__ for candidate in answer.evidence.candidates],
        "rates": table.learning_rate,
        "module": module,
        "default_replicates": submit_job.sync(client=client, body=small).spec.replicates,
        "range_test": [type(test).__name__, type(test.spec).__name__],
    }


sys.stdout.write(json.dumps(run(Client(base_url=sys.argv[2]))))
