"""The answers about jobs: jobs, trials, trajectories, problems, and the pages of lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import Field

from app.domain.states import JobState, TrialState
from app.spec.base import Answer
from app.spec.resources.estimates import Estimate

Item = TypeVar("Item")

# A stored spec was validated when it was posted; a second validation would take most of the time of a GET.
# `app.api.http.openapi_schemas` adds the reference to JobSpec: pydantic refuses a reference to a schema that
# it did not make.
StoredSpec: TypeAlias = dict[str, Any]


class Progress(Answer):
    """The progress of a job."""

    trials_total: int
    trials_completed: int
    trials_pruned: int
    trials_diverged: int
    trials_failed: int
    trials_running: int
    stage: str | None = Field(
        default=None,  # events stored by versions without stages have none
        description="the stage of the job, such as `search` or `final`; null before the start and after "
        "the end",
    )
    fraction: float = Field(
        description="finished part of the whole job, search and confirmation, from 0 to 1; never decreases"
    )
    eta_s: float | None = Field(description="estimated seconds to the end of the job; null if unknown")


class Best(Answer):
    """The trial with the lowest value so far; of equal values, the trial with the lowest number."""

    number: int
    value: float


class Problem(Answer):
    """A problem of RFC 9457."""

    type: str = Field(description="a stable URI reference: the path of the page about this problem")
    title: str
    status: int
    detail: str
    errors: list[ProblemError] | None = Field(default=None, description="one entry for each invalid field")


class ProblemError(Answer):
    """One invalid field."""

    pointer: str = Field(
        description="JSON pointer to the field in the request body; to a parameter, /query/... or /header/..."
    )
    detail: str


class Job(Answer):
    """A tuning job: its state, its spec and its progress."""

    id: str
    name: str
    state: JobState
    reason: str | None = Field(description="why the job stopped; null if there is no reason to give")
    spec: StoredSpec = Field(description="the job as posted, with every default filled in")
    progress: Progress
    best: Best | None
    error: Problem | None
    estimate: Estimate | None = Field(
        default=None,  # events stored by versions without estimates have none
        description="what the job costs, by its spec alone; null for jobs of earlier versions",
    )
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Trial(Answer):
    """A trial: one configuration, trained and measured."""

    number: int
    state: TrialState
    value: float | None
    optimizer: dict[str, Any] = Field(
        description="the kind of the optimizer and every hyperparameter as a plain value"
    )
    schedule: dict[str, Any] = Field(description="the kind of the schedule and every field as a plain value")
    params: dict[str, Any] = Field(
        description="the sampled parameters by their flat names, such as `adam.learning_rate`, as in Optuna"
    )
    batch_size: int | str | None
    settings: dict[str, float] = Field(
        description="the values of the objective's searched settings, such as `l2` or `model.dropout`"
    )
    seed: int
    round: int
    steps_done: int
    metrics: dict[str, float | None] | None = Field(
        description="losses and errors after the last update; null before"
    )
    reason: str | None = Field(description="why the trial was pruned, diverged or failed; else null")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Trajectory(Answer):
    """The trajectory of a trial: arrays of equal length.

    Row k is the state before update k; the last row is the state after the last update.
    """

    step: list[int]
    loss: list[float | None] = Field(
        description="the loss at the point where the update took its gradient: the loss of the minibatch; "
        "for "
        "functions the exact value"
    )
    validation_loss: list[float | None] = Field(
        description="the validation loss at the rungs and in the last row; null in other rows"
    )
    learning_rate: list[float | None] = Field(
        description="the learning rate of the update; null in the last row"
    )
    gradient_norm: list[float | None] = Field(
        description="Euclidean norm of the raw gradient, with noise and `l2`, before weight decay and "
        "clipping; always stored in single precision"
    )
    gradient_norm_l1: list[float | None] = Field(
        description="sum of the magnitudes of the same gradient; always stored in single precision"
    )
    parameters: list[list[float | None]] | None = Field(
        default=None,
        description="the parameters, if there are at most 10. For schedule-free optimizers these are the "
        "averaged parameters, at which values are measured, not the point of the loss and the gradient",
    )


class Importance(Answer):
    """The importance of a searched parameter."""

    name: str = Field(description="name of the parameter, as in a trial's `params`")
    importance: float = Field(
        description="share of the importance, from 0 to 1; the shares of a job add up to 1"
    )


class NumberedTrajectory(Answer):
    """A trial's number and its trajectory."""

    number: int
    trajectory: Trajectory


class Page(Answer, Generic[Item]):
    """A page of a list; `next_page_token` requests the next page and is null on the last page."""

    items: list[Item]
    next_page_token: str | None


class Items(Answer, Generic[Item]):
    """A complete list, without pages."""

    items: list[Item]
