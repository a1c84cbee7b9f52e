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

The docstring of each class is its page under `/problems/`: the meaning, then the remedy.
"""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """The server failed on this request because of an error in the server.

    The detail has the id of the request, and the server's log has the reason under that id. Try again; if
    the error persists, give the id to the operator of the server.
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

    Each entry of `errors` names a field by a JSON pointer, and says which limit its value breaks. Correct
    these fields and send the request again; `/docs` shows the schema of every request.
    """

    status = 422
    slug = "invalid-request"
    title = "The request is not valid"


class InvalidPageToken(InvalidRequest):
    """The page token is unknown, or belongs to a list with another filter or order.

    Start again without `page_token`, and keep the same filter and order for all pages of a list.
    """

    slug = "invalid-page-token"
    title = "The page token is not valid"


class MalformedJson(InvalidRequest):
    """The body is not valid JSON by RFC 8259, and nothing was stored.

    The detail has the line and column of the fault. Comments, trailing commas, `NaN` and `Infinity` are not
    part of JSON. If a field has no number, leave the field out or set it to `null`.
    """

    slug = "malformed-json"
    title = "The body is not valid JSON"


class QuotaExceeded(InvalidRequest):
    """The job asks for more work than this server allows for one job.

    Lower the field that the pointer names, or ask the operator of the server to raise the limit.
    """

    slug = "quota-exceeded"
    title = "The job is larger than this server allows"


class NotFound(AppError):
    """Nothing exists at this path.

    Check the path; `/docs` lists every path.
    """

    status = 404
    slug = "not-found"
    title = "Not found"


class JobNotFound(NotFound):
    """No job has this id; the job may have been deleted.

    `GET /v1/jobs` lists the existing jobs.
    """

    slug = "job-not-found"
    title = "No such job"


class TrialNotFound(NotFound):
    """The job has no trial with this number yet.

    `GET /v1/jobs/{id}/trials` lists the existing trials.
    """

    slug = "trial-not-found"
    title = "No such trial"


class TrajectoryNotFound(NotFound):
    """The trial has no trajectory, because the trial has not run to its end.

    Wait until the trial's state is `completed`, `pruned` or `diverged`.
    """

    slug = "trajectory-not-found"
    title = "No trajectory"


class RangeTestNotFound(NotFound):
    """No range test has this id; it may have been deleted, or the id belongs to another job.

    `POST /v1/range-tests` submits a range test, and its answer has the id.
    """

    slug = "range-test-not-found"
    title = "No such range test"


class ReplayNotFound(NotFound):
    """No replay of this trial was requested.

    `POST` to the same path to request a replay; a worker then runs the trial again.
    """

    slug = "replay-not-found"
    title = "No replay"


class Conflict(AppError):
    """The state of the resource does not allow the request.

    The detail has the reason. Get the resource to see its current state.
    """

    status = 409
    slug = "conflict"
    title = "Conflict"


class IdempotencyKeyReused(Conflict):
    """A job with another spec was submitted under this `Idempotency-Key`.

    A key names one submission. Use a new key for each job, and repeat a key only to send a request again
    whose answer was lost. Specs are compared with every default filled in. Deleting the job frees its key.
    """

    slug = "idempotency-key-reused"
    title = "The key belongs to another spec"


class IllegalTransition(Conflict):
    """The state of the job does not allow this action.

    queued -> running, paused, cancelled; running -> paused, succeeded, failed, cancelled;
    paused -> queued, cancelled. The states succeeded, failed and cancelled are final.
    """

    slug = "illegal-transition"
    title = "The job's state does not allow this"


class JobNotFinished(Conflict):
    """The job has not ended, so it cannot be deleted.

    Cancel it first: `POST /v1/jobs/{id}/cancel`.
    """

    slug = "job-not-finished"
    title = "The job has not ended"


class TrialNotFinished(Conflict):
    """The trial has no result to compare with: it is waiting, running or failed.

    Wait until the trial's state is `completed`, `pruned` or `diverged`.
    """

    slug = "trial-not-finished"
    title = "The trial has not ended"


class NoRecommendation(Conflict):
    """The job has no recommendation: it has not succeeded yet, or none of its trials completed.

    Follow `GET /v1/jobs/{id}` until its state is `succeeded`; if the job is paused, resume it. If every
    trial diverged, lower the learning rates of the search space and submit again.
    """

    slug = "no-recommendation"
    title = "No recommendation"


class NotExportable(Conflict):
    """This recommendation cannot be expressed in the requested format.

    Request `format=json` or `format=python`, which can express every schedule.
    """

    slug = "not-exportable"
    title = "Not expressible in this format"


class MethodNotAllowed(AppError):
    """This path exists, but does not support the method of the request.

    Use one of the methods in the `Allow` header of the answer; `/docs` describes each method.
    """

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


class BodyTooLarge(AppError):
    """The body of the request is larger than this server accepts; nothing was stored.

    A spec usually has a few kilobytes. Shorten lists such as `start`; for a long run, send every n-th
    gradient norm or loss. Or ask the operator of the server to raise `STEPSIZE_MAX_BODY_BYTES`.
    """

    status = 413
    slug = "body-too-large"
    title = "The body is too large"


class UnsupportedMediaType(AppError):
    """The `Content-Type` of the request is not JSON.

    Send the header `Content-Type: application/json`.
    """

    status = 415
    slug = "unsupported-media-type"
    title = "Unsupported media type"


class NotReady(AppError):
    """The server is not ready: the detail names the part that it cannot reach.

    Try again in a few seconds; if the error persists, read the server's log.
    """

    status = 503
    slug = "not-ready"
    title = "Not ready"
