"""Whether the process lives, and whether the service can work."""

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
    """The process answers."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="check_health", summary="Alive?", responses=documented())
async def check_health() -> Health:
    """Answers as soon as the process serves; looks at nothing else."""
    return Health()


@router.get("/readyz", operation_id="check_readiness", summary="Ready?", responses=documented(NotReady))
def check_readiness(db: Db, settings: Config) -> Health:
    """Answers 200 when the database and a worker can be reached, else 503 with a problem that says which."""
    health.check(db, settings)
    return Health()
