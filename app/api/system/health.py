"""Liveness of the process and readiness of the service."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Config, Db
from app.errors import NotReady
from app.services import health
from app.spec.base import Answer

router = APIRouter(tags=["health"], route_class=ApiRoute)


class Health(Answer):
    """The answer of a check that passed."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="check_health", summary="Check liveness", responses=documented())
async def check_health() -> Health:
    """Return 200 if the process serves requests; the database and the workers are not checked."""
    return Health()


@router.get(
    "/readyz", operation_id="check_readiness", summary="Check readiness", responses=documented(NotReady)
)
def check_readiness(db: Db, settings: Config) -> Health:
    """Return 200 if the database and a worker are reachable, else a 503 that names the missing part."""
    health.check(db, settings)
    return Health()
