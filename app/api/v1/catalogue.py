"""The catalogue: every kind that a job can name."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.services import catalogue
from app.spec.resources.answers import Items
from app.spec.resources.catalogue import CatalogueItem, DatasetItem, ObjectiveItem, OptimizerItem

router = APIRouter(prefix="/v1", tags=["catalogue"], route_class=ApiRoute, responses=documented())


@router.get("/optimizers", operation_id="list_optimizers", summary="The optimizers")
def list_optimizers() -> Items[OptimizerItem]:
    """Every optimizer: its update rule, its source, and its hyperparameters with default, bounds and the
    range that a job searches by default, and the frameworks in whose form a recommendation exports it.
    """
    return Items(items=catalogue.optimizers())


@router.get("/schedules", operation_id="list_schedules", summary="The learning-rate schedules")
def list_schedules() -> Items[CatalogueItem]:
    """Every learning-rate schedule. The learning rate of update k is that of the optimizer times `factor(k)`:
    the peak, or of `bold_driver` the start.
    """
    return Items(items=catalogue.schedules())


@router.get("/objectives", operation_id="list_objectives", summary="The objectives")
def list_objectives() -> Items[ObjectiveItem]:
    """Every kind of objective, with the functions, models and datasets that it takes."""
    return Items(items=catalogue.objectives())


@router.get("/samplers", operation_id="list_samplers", summary="The samplers")
def list_samplers() -> Items[CatalogueItem]:
    """Every sampler: who proposes the trials."""
    return Items(items=catalogue.samplers())


@router.get("/pruners", operation_id="list_pruners", summary="The pruners")
def list_pruners() -> Items[CatalogueItem]:
    """Every pruner: which trials stop early."""
    return Items(items=catalogue.pruners())


@router.get("/datasets", operation_id="list_datasets", summary="The built-in datasets")
def list_datasets() -> Items[DatasetItem]:
    """Every built-in dataset; `kind` is the name to give as `dataset`."""
    return Items(items=catalogue.datasets())
