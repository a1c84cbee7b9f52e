"""The catalogue of the kinds that a job can name."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.services import catalogue
from app.spec.resources.answers import Items
from app.spec.resources.catalogue import CatalogueItem, DatasetItem, ObjectiveItem, OptimizerItem

router = APIRouter(prefix="/v1", tags=["catalogue"], route_class=ApiRoute, responses=documented())


@router.get("/optimizers", operation_id="list_optimizers", summary="List the optimizers")
def list_optimizers() -> Items[OptimizerItem]:
    """List every optimizer with its update rule, its source, its hyperparameters and its exports.

    Each hyperparameter has its default, its bounds, and the range that a job searches if it gives no other.
    `exports` lists the formats in which a recommendation builds the optimizer.
    """
    return Items(items=catalogue.optimizers())


@router.get("/schedules", operation_id="list_schedules", summary="List the learning-rate schedules")
def list_schedules() -> Items[CatalogueItem]:
    """List every learning-rate schedule.

    The learning rate of update k is the optimizer's `learning_rate` times `factor(k)`. The optimizer's
    `learning_rate` is the peak; for `bold_driver` it is the first rate.
    """
    return Items(items=catalogue.schedules())


@router.get("/objectives", operation_id="list_objectives", summary="List the objectives")
def list_objectives() -> Items[ObjectiveItem]:
    """List every kind of objective with its functions, models, losses and datasets."""
    return Items(items=catalogue.objectives())


@router.get("/samplers", operation_id="list_samplers", summary="List the samplers")
def list_samplers() -> Items[CatalogueItem]:
    """List every sampler. The sampler proposes the configurations of the trials."""
    return Items(items=catalogue.samplers())


@router.get("/pruners", operation_id="list_pruners", summary="List the pruners")
def list_pruners() -> Items[CatalogueItem]:
    """List every pruner. The pruner decides which trials stop early."""
    return Items(items=catalogue.pruners())


@router.get("/datasets", operation_id="list_datasets", summary="List the built-in datasets")
def list_datasets() -> Items[DatasetItem]:
    """List every built-in dataset; `kind` is the name that an objective gives as `dataset`."""
    return Items(items=catalogue.datasets())
