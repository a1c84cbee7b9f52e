"""The recommendation: a tuned optimizer, a learning-rate schedule, and the evidence for both."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.spec.base import Answer

Interval = tuple[float, float]
Settings = Annotated[
    dict[str, float],
    Field(
        default_factory=dict,  # recommendations stored by versions without settings have none
        description="the values of the objective's searched settings, such as `l2` or `model.dropout`",
    ),
]


class SafeLearningRate(Answer):
    """The range of peak learning rates whose loss is close to that of the recommended peak."""

    low: float
    high: float
    diverges_above: float | None = Field(
        description="the highest peak of the sweep below the first peak with a diverged run; null if no run "
        "diverged"
    )


class Measured(Answer):
    """A configuration and its results on seeds that were drawn after the choice."""

    label: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    batch_size: int | str | None
    settings: Settings
    mean: float | None = Field(
        description="mean over the replicates; null if any replicate diverged. Without confirmation, the "
        "value "
        "of the trial"
    )
    ci95: Interval | None = Field(
        description="95 % interval of the true mean; null without a mean, and without confirmation. If all "
        "runs "
        "are equal, both ends are the mean. With fewer than 8 replicates the interval does not account for "
        "skewed losses. The interval may contain values that no loss can have"
    )


class Difference(Answer):
    """The recommended configuration minus another one, paired by seed.

    A negative difference means that the recommended configuration is better.
    """

    mean: float
    ci95: Interval = Field(description="95 % interval of the true difference")
    probability_better: float = Field(
        description="probability that the recommended configuration has the lower true mean; above 0.975 "
        "if and "
        "only if the interval is below zero"
    )


class Candidate(Measured):
    """A configuration of the final comparison, measured on seeds that were drawn after the choice."""

    difference: Difference | None = Field(
        default=None,  # recommendations stored by versions without differences have none
        description="the recommended configuration minus this one; null for the recommended configuration "
        "itself, if either diverged, and without confirmation",
    )
    probability_best: float | None = Field(
        description="probability that this configuration has the lowest true mean of all configurations on "
        "these "
        "seeds; null without confirmation"
    )
    source: Literal["search", "refined", "decay", "baseline"] = Field(
        description="`search`: a trial, or derived from a trial; `refined`: with a schedule computed from "
        "the "
        "gradient norms of the leading configuration; `decay`: with a linear decay from its peak, or from "
        "twice "
        "its peak; `baseline`: an optimizer with its defaults, or with the options that its authors recommend"
    )


class Baseline(Measured):
    """A configuration to compare with: a default, or the best constant learning rate of the search."""

    difference: Difference | None = Field(
        description="the recommended configuration minus this one; null if either diverged, and for the "
        "recommended configuration itself"
    )


class OutsideSpace(Answer):
    """A default outside the search space that was significantly better than the recommendation."""

    label: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    mean: float
    ci95: Interval | None
    difference: Difference


class HorizonPeak(Answer):
    """The best measured peak learning rate for a run of another length."""

    total_steps: int
    learning_rate: float
    ci95: Interval = Field(description="95 % interval of the best peak, from resampling the seeds")


class Evidence(Answer):
    """The results on seeds that were drawn after the choice; the recommended configuration is first."""

    metric: str
    replicates: int
    candidates: list[Candidate]
    baselines: list[Baseline]


class Recommendation(Answer):
    """The result of a job: the optimizer and schedule to train with, and the evidence for both."""

    optimizer: dict[str, Any] = Field(description="the kind of the optimizer and every hyperparameter")
    schedule: dict[str, Any] = Field(description="the kind of the schedule and every field")
    taken_schedule: dict[str, Any] | None = Field(
        default=None,
        description="for a schedule that follows the losses: the factors that it took in the recommended "
        "trial, "
        "which the exports contain; else null",
    )
    batch_size: int | str | None
    settings: Settings
    total_steps: int
    safe_learning_rate: SafeLearningRate | None
    metrics: dict[str, float | None] | None = Field(
        default=None,
        description="losses and errors after the last update, on the seeds of the evidence, as in a trial; "
        "null without confirmation",
    )
    evidence: Evidence
    horizons: list[HorizonPeak] | None = Field(
        default=None,
        description="the best peak for runs of 1/4, 1/2, 1 and 2 times the job's steps; null without "
        "confirmation, for optimizers that set their own rate, and for schedules that follow the losses",
    )
    outside_space: OutsideSpace | None = Field(
        default=None,
        description="the default outside the job's search space that was significantly better than the "
        "recommendation; null if there is none",
    )
    summary: list[str] = Field(
        default_factory=list,  # recommendations stored by versions without a summary have none
        description="one to four sentences: what to use, how much better it is than Adam's defaults and a "
        "tuned constant rate, how certain the difference is, and what needs attention",
    )
    explanation: list[str] = Field(description="how the recommendation was found, in sentences with figures")
    warnings: list[str]
