"""The importances of the searched parameters."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Db, JobId
from app.errors import JobNotFound
from app.services import importances
from app.spec.resources.answers import Importance, Items

EXAMPLE = {
    "items": [
        {"name": "adam.learning_rate", "importance": 0.82},
        {"name": "schedule", "importance": 0.18},
    ]
}

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["trials"], route_class=ApiRoute)


@router.get(
    "/importances",
    operation_id="list_importances",
    summary="List the importances of the parameters",
    response_description="The parameters, the most important first.",
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}, **documented(JobNotFound)},
)
def list_importances(db: Db, job_id: JobId) -> Items[Importance]:
    """Return how much each searched parameter decides whether a trial is among the best.

    The method is PED-ANOVA over the completed trials. The list is empty until a trial has completed. A
    single trial, or trials of equal value, give equal importances. Beyond 2,000 completed trials an evenly
    spaced part is used: every second, every third and so on.
    """
    return Items(items=importances.get(db, job_id))
