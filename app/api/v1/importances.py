"""Which parameters mattered."""

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
    summary="Which parameters mattered",
    response_description="The parameters, the most important one first.",
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}, **documented(JobNotFound)},
)
def list_importances(db: Db, job_id: JobId) -> Items[Importance]:
    """How much each searched parameter decided whether a trial is among the best, by PED-ANOVA over the
    completed trials.

    Empty while no trial has completed, equal shares where the trials tell nothing: a single one, or equal
    values. Of more than 2,000 completed trials every second, third ... is looked at.
    """
    return Items(items=importances.get(db, job_id))
