"""Check the advice of jobs that once got wrong advice, on the engine with fresh seeds."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.records import Configuration
from app.spec.job import JobSpec
from app.spec.resources.recommendations import Recommendation
from app.tuning.evaluation.requests import EvaluationRequest
from tests.support.jobs import run, run_request

ROOT = Path(__file__).resolve().parents[3]
UNSEEN = range(50_000, 50_064)


def losses(
    spec: JobSpec, recommendation: Recommendation, factor: float
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the losses of the recommendation at a multiple of its peak, on 64 unseen seeds."""
    rate = factor * recommendation.optimizer["learning_rate"]
    configuration = Configuration(
        optimizer=recommendation.optimizer | {"learning_rate": rate},
        schedule=recommendation.schedule,
        batch_size=recommendation.batch_size,
        settings=recommendation.settings,
    )
    request = EvaluationRequest(configurations=(configuration,), replicates=UNSEEN, steps=spec.budget.steps)
    return np.asarray(run_request(spec, request).values[0])


def test_no_run_diverges_somewhat_above_the_rate_that_the_regression_example_recommends() -> None:
    """Of 64 splits 54 diverged at 1.15 times the rate that was recommended once."""
    spec = JobSpec.model_validate(json.loads((ROOT / "examples" / "regression.json").read_text()))
    _, recommendation = run(spec)
    safe, peak = recommendation.safe_learning_rate, recommendation.optimizer["learning_rate"]
    assert safe is not None
    assert safe.low <= peak <= safe.high
    if safe.diverges_above is not None:
        assert 1.41 * safe.high <= safe.diverges_above
    for factor in (1.0, 1.2, safe.high / peak):
        assert np.isfinite(losses(spec, recommendation, factor)).all()


def test_a_job_never_recommends_an_optimizer_that_it_does_not_name() -> None:
    """The answer was once a learning-rate-free optimizer with a linear decay."""
    spec = JobSpec.model_validate(
        {
            "objective": {
                "kind": "classification",
                "dataset": "digits",
                "model": {"kind": "mlp", "hidden": [16]},
            },
            "search_space": {
                "optimizers": [{"kind": "sgd", "learning_rate": {"low": 1e-6, "high": 1e-4, "log": True}}],
                "schedules": [{"kind": "constant"}],
            },
            "budget": {"trials": 24, "steps": 100},
        }
    )
    _, recommendation = run(spec)
    assert recommendation.optimizer["kind"] == "sgd"
    assert 1e-6 <= recommendation.optimizer["learning_rate"] <= 1e-4
    assert {row.optimizer["kind"] for row in recommendation.evidence.candidates} == {"sgd"}
    assert recommendation.outside_space is not None
    assert recommendation.outside_space.difference.ci95[0] > 0.0
    assert any("learning_rate" in text and "search range" in text for text in recommendation.warnings)
    assert any("outside the search space" in text for text in recommendation.warnings)


def test_the_saddle_has_no_rate_at_the_edge_of_divergence_without_a_warning() -> None:
    """Rates with `low == high == diverges_above` were seen there, without a word."""
    spec = JobSpec.model_validate(
        {"objective": {"kind": "function", "name": "saddle"}, "budget": {"trials": 32, "steps": 100}}
    )
    _, recommendation = run(spec)
    safe = recommendation.safe_learning_rate
    if safe is None:
        assert any("No range of learning rates is safe" in text for text in recommendation.warnings)
    else:
        assert safe.diverges_above is None or 1.41 * safe.high <= safe.diverges_above
    assert any("no lower bound" in text or "lower bound" in text for text in recommendation.warnings)


def test_no_percentage_of_a_loss_that_cannot_be_negative_exceeds_a_hundred() -> None:
    spec = JobSpec.model_validate(
        {
            "objective": {"kind": "classification", "dataset": "iris", "model": {"kind": "linear"}},
            "budget": {"trials": 16, "steps": 60},
            "confirmation": {"top": 3, "replicates": 8},
        }
    )
    _, recommendation = run(spec)
    texts = [*recommendation.summary, *recommendation.explanation]
    shares = [float(word) for text in texts for word, unit in _pairs(text) if unit.startswith("%")]
    assert shares
    assert max(shares) <= 100.0
    assert all(math.isfinite(share) for share in shares)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the numbers of a sentence, each with the word that follows."""
    words = text.replace("(", "").split()
    return [
        (word, after) for word, after in pairwise(words) if word.lstrip("-").replace(".", "", 1).isdigit()
    ]
