"""The answers of the API: a job, its trials, their trajectories, and the page of a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import Field

from app.domain.states import JobState, TrialState
from app.spec.base import Answer

Item = TypeVar("Item")

# A stored spec was validated when it was posted; to validate it again would cost most of a GET.
# `app.api.http.openapi` writes the reference to JobSpec: pydantic refuses a reference to a schema of
# somebody else's making.
StoredSpec: TypeAlias = dict[str, Any]


class Progress(Answer):
    """How far a job is."""

    trials_total: int
    trials_completed: int
    trials_pruned: int
    trials_diverged: int
    trials_failed: int
    trials_running: int
    stage: str | None = Field(
        default=None,  # an event that was stored before there were stages has none
        description="what the job is at, as `search` or `final`; null before the start and after the end",
    )
    fraction: float = Field(
        description="0 to 1 of the whole job: the search and what follows it; never falls"
    )
    eta_s: float | None = Field(description="estimated seconds to the end, or null while unknown")


class Best(Answer):
    """The trial with the lowest value so far; ties go to the lowest number."""

    number: int
    value: float


class Problem(Answer):
    """A problem of RFC 9457."""

    type: str = Field(description="a stable URI reference; it serves a page about this problem")
    title: str
    status: int
    detail: str
    errors: list[ProblemError] | None = Field(default=None, description="one entry for each invalid field")


class ProblemError(Answer):
    """One invalid field."""

    pointer: str = Field(description="JSON pointer to the field, in the request")
    detail: str


class Job(Answer):
    """A tuning job and how far it is."""

    id: str
    name: str
    state: JobState
    reason: str | None = Field(description="why it stopped, or null")
    spec: StoredSpec = Field(description="the job as posted, with every default filled in")
    progress: Progress
    best: Best | None
    error: Problem | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Trial(Answer):
    """One training run of a configuration."""

    number: int
    state: TrialState
    value: float | None
    optimizer: dict[str, Any] = Field(description="kind and every hyperparameter, resolved")
    schedule: dict[str, Any] = Field(description="kind and every field, resolved")
    params: dict[str, Any] = Field(description="what was sampled, flat, as Optuna names it")
    batch_size: int | str | None
    settings: dict[str, float] = Field(
        description="the values of what the job searches of its objective, such as `l2` or `model.dropout`"
    )
    seed: int
    round: int
    steps_done: int
    metrics: dict[str, float | None] | None = Field(description="losses and errors after the last update")
    reason: str | None = Field(description="why it was pruned, diverged or failed")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Trajectory(Answer):
    """The curve of a trial: equally long arrays; row k is the state before update k, the last after it."""

    step: list[int]
    loss: list[float | None] = Field(
        description="what the update saw, at the point of its gradient: the minibatch's, exact for functions"
    )
    validation_loss: list[float | None] = Field(description="at the rungs and in the last row, else null")
    learning_rate: list[float | None] = Field(description="of the update; null in the last row")
    gradient_norm: list[float | None] = Field(
        description="Euclidean norm of the raw gradient: with noise and `l2`, before weight decay and "
        "clipping; stored in single precision, whatever the job's precision"
    )
    gradient_norm_l1: list[float | None] = Field(
        description="sum of the magnitudes of the same gradient, likewise"
    )
    parameters: list[list[float | None]] | None = Field(
        default=None,
        description="only where there are at most 10; of the schedule-free optimizers the average, at which "
        "values are measured, and not the point of the loss and the gradient",
    )


class Importance(Answer):
    """How much a searched parameter mattered."""

    name: str = Field(description="the parameter, as in a trial's `params`")
    importance: float = Field(description="its share, from 0 to 1; those of a job add up to 1")


class NumberedTrajectory(Answer):
    """A trial's curve beside its number."""

    number: int
    trajectory: Trajectory


class Page(Answer, Generic[Item]):
    """A page of a list; `next_page_token` asks for the next one, null at the end."""

    items: list[Item]
    next_page_token: str | None


class Items(Answer, Generic[Item]):
    """A list that is always whole."""

    items: list[Item]
