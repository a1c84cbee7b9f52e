"""Learning-rate range tests: as a job, and of the client's own run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from fastapi.openapi.models import Example

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Config, Db, IdempotencyKey
from app.api.http.locations import started
from app.errors import (
    BodyTooLarge,
    IdempotencyKeyReused,
    InvalidRequest,
    MalformedJson,
    QuotaExceeded,
    RangeTestNotFound,
    UnsupportedMediaType,
)
from app.services import range_tests
from app.spec.resources.range_tests import RangeTest, RangeTestAnalysis, RangeTestCurve, RangeTestSpec

EXAMPLES: dict[str, Example] = {
    "digits": {
        "summary": "Adam on a small network",
        "value": {
            "objective": {
                "kind": "classification",
                "dataset": "digits",
                "model": {"kind": "mlp", "hidden": [32], "activation": "relu"},
            },
            "optimizer": {"kind": "adam"},
            "low": 1e-5,
            "high": 1.0,
            "batch_size": 64,
        },
    },
    "rosenbrock": {
        "summary": "Momentum on a test function",
        "value": {
            "objective": {"kind": "function", "name": "rosenbrock"},
            "optimizer": {"kind": "momentum", "momentum": 0.9},
            "high": 0.1,
        },
    },
}
CURVES: dict[str, Example] = {
    "short": {
        "summary": "24 updates, the last of which diverged",
        "value": {
            "learning_rates": [float(f"{1e-4 * 1.5**k:.3g}") for k in range(24)],
            "losses": [
                *(2.31, 2.3, 2.31, 2.29, 2.27, 2.24, 2.19, 2.11, 2.0, 1.86, 1.69, 1.51),
                *(1.33, 1.17, 1.04, 0.96, 0.93, 0.95, 1.06, 1.37, 2.2, 4.9, 13.0, None),
            ],
            "smoothing": 0.5,
        },
    }
}

router = APIRouter(prefix="/v1/range-tests", tags=["range tests"], route_class=ApiRoute)


@router.post(
    "",
    operation_id="submit_range_test",
    summary="Submit a range test",
    status_code=202,
    response_description="The range test, queued; `Location` is its address.",
    responses={
        **started("range test"),
        **documented(
            InvalidRequest,
            MalformedJson,
            QuotaExceeded,
            IdempotencyKeyReused,
            BodyTooLarge,
            UnsupportedMediaType,
        ),
    },
)
def submit_range_test(
    db: Db,
    settings: Config,
    response: Response,
    spec: Annotated[RangeTestSpec, Body(openapi_examples=EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> RangeTest:
    """Runs an objective once while the learning rate rises from `low` towards `high`, and reads off the curve
    which rates are worth a try (Smith 2017, arXiv:1506.01186).

    A range test is a job of one trial under the same id: `/v1/jobs/{job_id}` follows, cancels and deletes it,
    and its trial has the trajectory. The result is at `Location` once the state is `succeeded`.
    """
    test = range_tests.submit(db, settings, spec, idempotency_key)
    response.headers["Location"] = f"/v1/range-tests/{test.id}"
    return test


@router.post(
    "/analyse",
    operation_id="analyse_range_test",
    summary="Read your own range test",
    response_description="The suggestions, and the smoothed curve that they were read from.",
    responses=documented(InvalidRequest, MalformedJson, BodyTooLarge, UnsupportedMediaType),
)
def analyse_range_test(
    request: Annotated[RangeTestCurve, Body(openapi_examples=CURVES)],
) -> RangeTestAnalysis:
    """The suggestions for learning rates and losses of a run in any framework. Nothing is stored.

    Losses are smoothed, the first tenth and the last five updates left out, and the test ends where the
    smoothed loss is four times its lowest value. `ended` says where and why, `spread` how far noise moves
    each suggestion.
    """
    return range_tests.read(request)


@router.get(
    "/{range_test_id}",
    operation_id="get_range_test",
    summary="Look at a range test",
    response_description="The range test, with its curve and suggestions once it has succeeded.",
    responses=documented(RangeTestNotFound),
)
def get_range_test(
    db: Db,
    range_test_id: Annotated[str, Path(description="id of the range test, which is that of its job")],
) -> RangeTest:
    """Its state, and what came out. That the run diverged at high rates is what a range test is for: the job
    has then succeeded, while its trial is `diverged`.
    """
    return range_tests.get(db, range_test_id)
