"""Learning-rate range tests: run as a job, or read off the client's own run."""

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
        "summary": "24 updates; the last one diverged",
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
    response_description="The queued range test; `Location` is its path.",
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
    """Run an objective once with a learning rate that rises from `low` towards `high`.

    The trajectory shows which learning rates are worth trying (Smith 2017, arXiv:1506.01186). A range test
    is a job of one trial with the same id: `/v1/jobs/{job_id}` follows, cancels and deletes it. The result
    is at `Location` after the state is `succeeded`.
    """
    test = range_tests.submit(db, settings, spec, idempotency_key)
    response.headers["Location"] = f"/v1/range-tests/{test.id}"
    return test


@router.post(
    "/analyse",
    operation_id="analyse_range_test",
    summary="Analyse your own range test",
    response_description="The suggested learning rates, and the smoothed losses behind them.",
    responses=documented(InvalidRequest, MalformedJson, BodyTooLarge, UnsupportedMediaType),
)
def analyse_range_test(
    request: Annotated[RangeTestCurve, Body(openapi_examples=CURVES)],
) -> RangeTestAnalysis:
    """Return suggestions for the learning rates and losses of a run in any framework. Nothing is stored.

    The losses are smoothed; the first tenth and the last five updates are left out. The test ends at the
    first update whose smoothed loss is four times the lowest. `ended` names that update and the reason.
    `spread` says how far noise moves each suggestion.
    """
    return range_tests.read(request)


@router.get(
    "/{range_test_id}",
    operation_id="get_range_test",
    summary="Get a range test",
    response_description="The range test; `result` is null until it has succeeded.",
    responses=documented(RangeTestNotFound),
)
def get_range_test(
    db: Db,
    range_test_id: Annotated[str, Path(description="id of the range test, which is also the id of its job")],
) -> RangeTest:
    """Return the state of a range test and its result.

    A run that diverges at high learning rates is the expected end of a range test: the job has then
    succeeded, while its trial is `diverged`.
    """
    return range_tests.get(db, range_test_id)
