"""The errors of the application, each with its HTTP status and its problem page.

AppError
├── InvalidRequest           422  errors: [(pointer, detail)]
│   ├── InvalidPageToken     422
│   ├── MalformedJson        422
│   └── QuotaExceeded        422
├── NotFound                 404
│   ├── JobNotFound          404
│   ├── TrialNotFound        404
│   ├── RangeTestNotFound    404
│   ├── ReplayNotFound       404
│   └── TrajectoryNotFound   404
├── Conflict                 409
│   ├── IdempotencyKeyReused 409
│   ├── IllegalTransition    409
│   ├── JobNotFinished       409
│   ├── TrialNotFinished     409
│   ├── NoRecommendation     409
│   └── NotExportable        409
├── MethodNotAllowed         405
├── BodyTooLarge             413
├── UnsupportedMediaType     415
└── NotReady                 503

The docstring of each class is its page under `/problems/`: what it means, then the way out.
"""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """The server failed on this request, and the fault is its own.

    The detail names the request's id, under which the server's log has the reason. Try again; if it lasts,
    give that id to whoever runs the server.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, errors: list[tuple[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidRequest(AppError):
    """A part of the request is not valid, and nothing was stored.

    Each entry of `errors` names the field by a JSON pointer and says which bound it broke. Correct these
    fields and send the request again; `/docs` shows the schema of every request.
    """

    status = 422
    slug = "invalid-request"
    title = "The request is not valid"


class InvalidPageToken(InvalidRequest):
    """The page token is not one of ours, or belongs to a list with another filter or order.

    Start again without `page_token`, and keep the filter and the order of a list while paging through it.
    """

    slug = "invalid-page-token"
    title = "The page token is not valid"


class MalformedJson(InvalidRequest):
    """The body is not JSON as RFC 8259 has it, and nothing was stored.

    The detail says at which line and column reading stopped. Comments, trailing commas, `NaN` and
    `Infinity` are not part of JSON: leave a field out, or give `null`, where there is no number.
    """

    slug = "malformed-json"
    title = "The body is not valid JSON"


class QuotaExceeded(InvalidRequest):
    """The job asks for more work than this server allows for one job.

    Lower the field that the pointer names, or ask who runs the server to raise its limit.
    """

    slug = "quota-exceeded"
    title = "The job is larger than this server allows"


class NotFound(AppError):
    """There is nothing under this address.

    Check the path; `/docs` lists every one.
    """

    status = 404
    slug = "not-found"
    title = "Not found"


class JobNotFound(NotFound):
    """No job has this id; it may have been deleted.

    `GET /v1/jobs` lists the jobs there are.
    """

    slug = "job-not-found"
    title = "No such job"


class TrialNotFound(NotFound):
    """The job has no trial of this number (yet).

    `GET /v1/jobs/{id}/trials` lists the trials there are.
    """

    slug = "trial-not-found"
    title = "No such trial"


class TrajectoryNotFound(NotFound):
    """The trial has no trajectory, because it has not run to its end.

    Wait until the trial's state is `completed`, `pruned` or `diverged`.
    """

    slug = "trajectory-not-found"
    title = "No trajectory"


class RangeTestNotFound(NotFound):
    """No range test has this id; it may have been deleted, or the id is that of another job.

    `POST /v1/range-tests` makes one, and its answer has the id.
    """

    slug = "range-test-not-found"
    title = "No such range test"


class ReplayNotFound(NotFound):
    """This trial was never run again.

    `POST` to the same address, and a worker does.
    """

    slug = "replay-not-found"
    title = "No replay"


class Conflict(AppError):
    """The request does not fit the state of what it names.

    Read the detail, and look at the state first.
    """

    status = 409
    slug = "conflict"
    title = "Conflict"


class IdempotencyKeyReused(Conflict):
    """A job was submitted under this `Idempotency-Key` with another spec.

    A key names one submission: use a new one for each job, and the same one only to repeat a request whose
    answer was lost. The specs are compared with every default filled in. Deleting the job frees its key.
    """

    slug = "idempotency-key-reused"
    title = "The key belongs to another spec"


class IllegalTransition(Conflict):
    """The job's state does not allow this.

    queued -> running, paused, cancelled; running -> paused, succeeded, failed, cancelled;
    paused -> queued, cancelled. A job that succeeded, failed or was cancelled stays so.
    """

    slug = "illegal-transition"
    title = "The job's state does not allow this"


class JobNotFinished(Conflict):
    """The job has not ended, so that it cannot be deleted.

    Cancel it first: `POST /v1/jobs/{id}/cancel`.
    """

    slug = "job-not-finished"
    title = "The job has not ended"


class TrialNotFinished(Conflict):
    """The trial has not run to an end that could be compared: it waits, runs, or failed.

    Wait until the trial's state is `completed`, `pruned` or `diverged`.
    """

    slug = "trial-not-finished"
    title = "The trial has not ended"


class NoRecommendation(Conflict):
    """The job has no recommendation: it has not come that far, or none of its trials completed.

    Follow `GET /v1/jobs/{id}` until its state is `succeeded`; resume it where it is paused. Where every
    trial diverged, lower the learning rates of the search space and submit again.
    """

    slug = "no-recommendation"
    title = "No recommendation"


class NotExportable(Conflict):
    """This recommendation has no meaning in the format that was asked for.

    Ask for `format=json` or `format=python`, which can express every schedule.
    """

    slug = "not-exportable"
    title = "Not expressible in this format"


class MethodNotAllowed(AppError):
    """This address exists, but does not know the verb of the request.

    Use one of the verbs that the `Allow` header of the answer lists; `/docs` says what each one does.
    """

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


class BodyTooLarge(AppError):
    """The body of the request is larger than this server reads; nothing was stored.

    A job's spec takes a few kilobytes. Shorten lists such as `start`; of a long run send every n-th gradient
    norm or loss. Or ask who runs the server to raise `STEPSIZE_MAX_BODY_BYTES`.
    """

    status = 413
    slug = "body-too-large"
    title = "The body is too large"


class UnsupportedMediaType(AppError):
    """The body is not declared as JSON.

    Send the header `Content-Type: application/json`.
    """

    status = 415
    slug = "unsupported-media-type"
    title = "Unsupported media type"


class NotReady(AppError):
    """The server cannot work yet: the detail names what it cannot reach.

    Try again in a few seconds; if it lasts, look at the server's log.
    """

    status = 503
    slug = "not-ready"
    title = "Not ready"
