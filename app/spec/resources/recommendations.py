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
    diverges_above: float | None = Field(
        description="the highest swept peak below the first at which any run diverged; null where none did"
    )


class Measured(Answer):
    """A configuration, and its figures on the seeds drawn after the choice."""

    label: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    batch_size: int | str | None
    settings: Settings
    mean: float | None = Field(
        description="over the replicates; null where it diverged on any. Unconfirmed, that of the trial"
    )
    ci95: Interval | None = Field(
        description="95 % interval of the true mean; null where there is no mean, and without confirmation. "
        "Where every run is the same both ends are the mean. With fewer than 8 replicates it cannot allow "
        "for skewed losses; it may always reach where no loss can be"
    )


class Difference(Answer):
    """The recommended configuration minus another one, paired on the same seeds; negative is better."""

    mean: float
    ci95: Interval = Field(description="95 % interval of the true difference")
    probability_better: float = Field(
        description="the probability that the recommended configuration has the lower true mean; above 0.975 "
        "where, and only where, the interval lies below zero"
    )


class Candidate(Measured):
    """A configuration of the final, measured on the seeds drawn after the choice."""

    difference: Difference | None = Field(
        default=None,  # an answer that was stored before there were any has none
        description="the recommended configuration minus this one; null for the recommended one itself, "
        "where either diverged, and without confirmation",
    )
    probability_best: float | None = Field(
        description="the probability that its true mean is the lowest of all that ran on these seeds; null "
        "without confirmation"
    )
    source: Literal["search", "refined", "decay", "baseline"] = Field(
        description="`search`: a trial, or made of one; `refined`: a schedule computed from the gradient "
        "norms of the race's leader; `decay`: a linear decay from its peak, or from twice that; `baseline`: "
        "an optimizer at its defaults, or with the options that its authors recommend"
    )


class Baseline(Measured):
    """A default, or the best constant rate of the search, that the recommended one was raced against."""

    difference: Difference | None = Field(
        description="null where either diverged, and where it is the recommended configuration itself"
    )


class OutsideSpace(Answer):
    """A default outside the job's search space that was better than the recommended one beyond doubt."""

    label: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    mean: float
    ci95: Interval | None
    difference: Difference


class HorizonPeak(Answer):
    """The best peak that was measured for a run of another length."""

    total_steps: int
    learning_rate: float
    ci95: Interval = Field(description="of the best peak, from resampling the seeds")


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
    horizons: list[HorizonPeak] | None = Field(
        default=None,
        description="the best peak at a quarter of, half, once and twice the job's steps; null without "
        "confirmation, for optimizers that find their own rate and for schedules that follow the losses",
    )
    outside_space: OutsideSpace | None = Field(
        default=None,
        description="the default outside the job's search space that was better beyond doubt; null where "
        "none was",
    )
    summary: list[str] = Field(
        default_factory=list,  # an answer that was stored before there was one has none
        description="one to four sentences: what to use, how much better it is than Adam's defaults and a "
        "tuned constant rate, how sure that is, what to watch out for",
    )
    explanation: list[str] = Field(description="how it was found, in sentences that cite the figures")
    warnings: list[str]
