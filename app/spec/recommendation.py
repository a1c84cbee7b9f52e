"""The recommendation: a tuned optimizer, a learning-rate schedule, and the evidence for them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.spec.base import Answer

Interval = tuple[float, float]
Settings = Annotated[
    dict[str, float],
    Field(
        default_factory=dict,  # an answer that was stored before there were any has none
        description="the values of what the job searches of its objective, such as `l2` or `model.dropout`",
    ),
]


class SafeLearningRate(Answer):
    """Peaks around the recommended one that stay close to its loss."""

    low: float
    high: float
    diverges_above: float | None


class Candidate(Answer):
    """A configuration of the final, measured on the seeds drawn after the choice."""

    label: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    batch_size: int | str | None
    settings: Settings
    mean: float | None
    ci95: Interval | None
    probability_best: float | None
    source: Literal["search", "refined", "decay", "baseline"]


class Difference(Answer):
    """The recommended configuration minus a baseline, paired on the same seeds; negative is better."""

    mean: float
    ci95: Interval
    probability_better: float


class Baseline(Answer):
    """A default, or the best constant rate of the search, that the recommended one was raced against."""

    label: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    batch_size: int | str | None
    settings: Settings
    mean: float | None
    ci95: Interval | None
    difference: Difference | None


class Evidence(Answer):
    """What was measured on seeds drawn after the choice; the recommended configuration comes first."""

    metric: str
    replicates: int
    candidates: list[Candidate]
    baselines: list[Baseline]


class Recommendation(Answer):
    """The answer of a job."""

    optimizer: dict[str, Any] = Field(description="kind and every hyperparameter")
    schedule: dict[str, Any] = Field(description="kind and every field")
    taken_schedule: dict[str, Any] | None = Field(
        default=None,
        description="where the schedule follows the losses: the table of what it took in the winner's trial, "
        "which is what the exports hold; else null",
    )
    batch_size: int | str | None
    settings: Settings
    total_steps: int
    safe_learning_rate: SafeLearningRate | None
    metrics: dict[str, float | None] | None = Field(
        default=None,
        description="losses and errors after the last update, as a trial has them, on the seeds of the "
        "evidence; null without confirmation",
    )
    evidence: Evidence
    explanation: list[str]
    warnings: list[str]
