"""A job whose schedule follows the losses: the rule is recommended, the realised schedule exported."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import Database
from app.services import recommendations, trials
from app.settings import Settings
from tests.support.in_process_worker import run_job
from tests.support.make_spec import MakeSpec

RULE = {"kind": "reduce_by_ratio", "reduce_error_ratio": {"low": 0.05, "high": 0.5}}


@pytest.mark.parametrize("confirmation", [None, {"top": 2, "replicates": 2}])
def test_the_recommendation_names_the_rule_and_exports_the_realised_schedule(
    db: Database, settings: Settings, make_spec: MakeSpec, confirmation: dict[str, Any] | None
) -> None:
    space = {
        "optimizers": [{"kind": "adam", "learning_rate": {"low": 0.05, "high": 0.3}}],
        "schedules": [RULE],
    }
    noisy = {"kind": "function", "name": "quadratic", "noise": 0.1}
    spec = make_spec(
        objective=noisy,
        search_space=space,
        budget={"trials": 6, "steps": 50},
        pruner={"kind": "none"},
        confirmation=confirmation,
        seed=5,  # with most seeds a decay, made for the leader, beats the rule
    )
    job_id = run_job(db, settings, spec)
    answer = recommendations.get(db, job_id)
    assert answer.schedule["kind"] == "reduce_by_ratio"
    number = int(answer.evidence.candidates[0].label.split()[1].rstrip(":"))
    trajectory = trials.trajectory(db, job_id, number, None)
    exported = recommendations.schedule_table(db, job_id, None).learning_rate
    assert exported == pytest.approx(trajectory.learning_rate[:-1], rel=1e-14)
    assert exported[-1] < exported[0]
    assert len(recommendations.schedule_table(db, job_id, 1000).learning_rate) == 1000
    assert "follows the losses" in recommendations.schedule_file(db, job_id, None, "python").content
    assert any("follows the losses" in sentence for sentence in answer.explanation)


def test_exports_carry_a_table_that_rises_above_the_given_rate(
    db: Database, settings: Settings, make_spec: MakeSpec
) -> None:
    space = {
        "optimizers": [{"kind": "sgd", "learning_rate": {"low": 0.001, "high": 0.002}}],
        "schedules": [{"kind": "bold_driver", "increase": {"low": 1.02, "high": 1.1}}],
    }
    spec = make_spec(
        objective={"kind": "function", "name": "quadratic"},
        search_space=space,
        budget={"trials": 4, "steps": 60},
        confirmation=None,
    )
    job_id = run_job(db, settings, spec)
    answer = recommendations.get(db, job_id)
    assert answer.schedule["kind"] == "bold_driver"
    assert answer.taken_schedule is not None
    assert max(answer.taken_schedule["factors"]) > 2.0
    number = int(answer.evidence.candidates[0].label.split()[1].rstrip(":"))
    trajectory = trials.trajectory(db, job_id, number, None)
    exported = recommendations.schedule_table(db, job_id, None).learning_rate
    assert exported == pytest.approx(trajectory.learning_rate[:-1], rel=1e-14)
    assert any(
        "starts at" in sentence and "follows the losses" in sentence for sentence in answer.explanation
    )
    module: dict[str, Any] = {}
    exec(recommendations.schedule_file(db, job_id, None, "python").content, module)
    assert [module["learning_rate"](k) for k in range(60)] == pytest.approx(exported, rel=1e-12)
