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
    """The server failed on this request by an error of its own.

    The detail names the request's id, under which the server's log has the reason. Try again. If the error
    stays, give that id to the operator of the server.
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

    Each entry of `errors` has a JSON pointer to the field and the bound that its value exceeds. Correct these
    fields and send the request again; `/docs` shows the schema of every request.
    """

    status = 422
    slug = "invalid-request"
    title = "The request is not valid"


class InvalidPageToken(InvalidRequest):
    """This server did not issue the page token, or the token belongs to another list, filter or order.

    Start again without `page_token`, and keep the same filter and order for all pages of a list.
    """

    slug = "invalid-page-token"
    title = "The page token is not valid"


class MalformedJson(InvalidRequest):
    """The body is not valid JSON (RFC 8259), and nothing was stored.

    The detail says at which line and column reading stopped. Comments, trailing commas, `NaN` and
    `Infinity` are not part of JSON: for a missing number, omit the field or send `null`.
    """

    slug = "malformed-json"
    title = "The body is not valid JSON"


class QuotaExceeded(InvalidRequest):
    """The job asks for more work than this server allows for one job.

    Lower the value of the field at the pointer, or ask the operator of the server to raise its limit.
    """

    slug = "quota-exceeded"
    title = "The job is larger than this server allows"


class NotFound(AppError):
    """No resource has this path.

    Check the path; `/docs` lists every path.
    """

    status = 404
    slug = "not-found"
    title = "Not found"


class JobNotFound(NotFound):
    """No job has this id; the job may have been deleted.

    `GET /v1/jobs` lists the jobs.
    """

    slug = "job-not-found"
    title = "No such job"


class TrialNotFound(NotFound):
    """The job has no trial of this number, or none yet.

    `GET /v1/jobs/{id}/trials` lists the trials.
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
    """No range test has this id. The range test may have been deleted, or the id belongs to another job.

    `POST /v1/range-tests` creates a range test; the response has its id.
    """

    slug = "range-test-not-found"
    title = "No such range test"


class ReplayNotFound(NotFound):
    """This trial was never replayed.

    `POST` to the same path requests a replay.
    """

    slug = "replay-not-found"
    title = "No replay"


class Conflict(AppError):
    """The request does not fit the state of its resource.

    The detail names the state. Read the resource before the next request.
    """

    status = 409
    slug = "conflict"
    title = "Conflict"


class IdempotencyKeyReused(Conflict):
    """A job with another spec was submitted under this `Idempotency-Key`.

    A key names one submission. Use a new key for each job, and the same key only to repeat a request whose
    response was lost. The specs are compared with every default filled in. Deleting the job frees its key.
    """

    slug = "idempotency-key-reused"
    title = "The key belongs to another spec"


class IllegalTransition(Conflict):
    """The job's state does not allow this transition.

    queued -> running, paused, cancelled; running -> paused, succeeded, failed, cancelled;
    paused -> queued, cancelled. The states succeeded, failed and cancelled are final.
    """

    slug = "illegal-transition"
    title = "The job's state does not allow this"


class JobNotFinished(Conflict):
    """The job has not ended; only ended jobs can be deleted.

    Cancel it first: `POST /v1/jobs/{id}/cancel`.
    """

    slug = "job-not-finished"
    title = "The job has not ended"


class TrialNotFinished(Conflict):
    """The trial has no result to compare: the trial waits, runs, or failed.

    Wait until the trial's state is `completed`, `pruned` or `diverged`.
    """

    slug = "trial-not-finished"
    title = "The trial has not ended"


class NoRecommendation(Conflict):
    """The job has no recommendation: the job has not ended, or none of its trials completed.

    Poll `GET /v1/jobs/{id}` until the state is `succeeded`; resume the job if it is paused. If every trial
    diverged, lower the learning rates of the search space and submit again.
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
    """This path does not support the method of the request.

    Use one of the methods in the `Allow` header of the response; `/docs` describes each of them.
    """

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


class BodyTooLarge(AppError):
    """The body of the request is larger than this server accepts; nothing was stored.

    A job's spec takes a few kilobytes. Shorten lists such as `start`, and send every n-th gradient norm or
    loss of a long run. Or ask the operator of the server to raise `STEPSIZE_MAX_BODY_BYTES`.
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
    """The server is not ready: the detail names the database or the missing worker.

    Try again in a few seconds. If the error stays, read the server's log.
    """

    status = 503
    slug = "not-ready"
    title = "Not ready"
