"""The example job for accuracy reaches the documented accuracy."""

from __future__ import annotations

import pytest

from app.api.v1.example_jobs import folder
from app.db import Database
from app.services import recommendations
from app.settings import Settings
from app.spec.job import JobSpec
from tests.support.in_process_worker import run_job

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def test_the_setting_recommended_for_digits_classifies_97_of_100(db: Database, settings: Settings) -> None:
    """On seeds drawn after the choice: other splits, starts and minibatches than the search ever saw."""
    spec = JobSpec.model_validate_json((folder() / "accuracy.json").read_text(encoding="utf-8"))
    answer = recommendations.get(db, run_job(db, settings, spec))
    winner = answer.evidence.candidates[0]
    assert answer.evidence.metric == "validation_error"
    assert answer.evidence.replicates == 8
    assert winner.mean is not None
    assert winner.mean <= 0.03
    assert answer.settings.keys() == {"loss.label_smoothing"}
