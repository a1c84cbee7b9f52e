"""The catalogue of every kind that a job can name, derived from the registries and their docstrings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from app.data import DATASETS
from app.engine.activations import ACTIVATIONS
from app.engine.hyper import HyperField, hyper_fields
from app.engine.initialisations import INITIALISATIONS
from app.engine.losses import LOSSES
from app.engine.models import MODELS, Model
from app.engine.objectives.functions import FUNCTIONS, Function
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.registry import Kind, description
from app.engine.schedules import SCHEDULES
from app.engine.supervised.penalty import PenaltyFields
from app.spec.base import Wire
from app.spec.objective import MAX_DIMENSION, ObjectiveSpec
from app.spec.resources.catalogue import (
    Bounds,
    CatalogueItem,
    DatasetItem,
    FunctionItem,
    Hyperparameter,
    ModelItem,
    ObjectiveItem,
    OptimizerExport,
    OptimizerItem,
    Optimum,
)
from app.spec.search import PRUNERS, SAMPLERS
from app.tuning.exports import FORMATS

TYPES: dict[type, str] = {
    bool: "boolean",
    float: "number",
    int: "integer",
    list: "list",
    str: "string",
    tuple: "list",
}


@cache
def optimizers() -> list[OptimizerItem]:
    """Return every optimizer."""
    return [
        OptimizerItem(**vars(item), exports=_exports(OPTIMIZERS[item.kind]))
        for item in _registered(OPTIMIZERS.values())
    ]


def _exports(cls: Callable[[], Optimizer]) -> list[OptimizerExport]:
    """Return the formats that an optimizer can be exported in, with its name there.

    cls: an optimizer; each has a default for every hyperparameter.
    """
    optimizer = cls()
    named = {
        name: exporter.implementation(optimizer)
        for name, exporter in FORMATS.items()
        if exporter.implementation
    }
    return [
        OptimizerExport(format=name, implementation=implementation or None)
        for name, implementation in named.items()
        if implementation is not None
    ]


@cache
def schedules() -> list[CatalogueItem]:
    """Return every learning-rate schedule."""
    return _registered(SCHEDULES.values())


@cache
def samplers() -> list[CatalogueItem]:
    """Return every sampler."""
    return [_wire_item(kind, model) for kind, model in SAMPLERS.items()]


@cache
def pruners() -> list[CatalogueItem]:
    """Return every pruner."""
    return [_wire_item(kind, model) for kind, model in PRUNERS.items()]


@cache
def objectives() -> list[ObjectiveItem]:
    """Return every kind of objective, with the functions, models and datasets that it takes."""
    return [_objective(model) for model in get_args(get_args(ObjectiveSpec)[0])]


@cache
def datasets() -> list[DatasetItem]:
    """Return every built-in dataset."""
    return [
        DatasetItem(
            kind=name,
            summary=dataset.summary,
            update_rule=dataset.rule,
            source=dataset.source,
            deviations=[],
            hyperparameters=[],
            objective=dataset.objective,
            rows=dataset.rows,
            features=dataset.features,
            classes=dataset.classes,
            form=dataset.form,
            sizes=list(dataset.input_sizes),
        )
        for name, dataset in DATASETS.items()
    ]


def hyperparameters(cls: type, *, of_objective: bool = False) -> list[Hyperparameter]:
    """Return the fields of a registered kind, or of the base class of several.

    of_objective: whether the kind is a part of an objective; not every field of an objective can be searched.
    """
    return [
        _hyperparameter(field, field.hyper.per_run if of_objective else field.type is not tuple)
        for field in hyper_fields(cls)
    ]


def _registered(classes: Iterable[type[Kind]], *, of_objective: bool = False) -> list[CatalogueItem]:
    return [
        CatalogueItem(
            kind=cls.kind,
            hyperparameters=hyperparameters(cls, of_objective=of_objective),
            **_described(cls),
        )
        for cls in classes
    ]


def _wire_item(kind: str, model: type[Wire]) -> CatalogueItem:
    return CatalogueItem(kind=kind, hyperparameters=_fields(model), **_described(model))


def _objective(model: type[Wire]) -> ObjectiveItem:
    kind = get_args(model.model_fields["kind"].annotation)[0]
    on_data = "model" in model.model_fields
    fields = _fields(model)
    models = _models(kind)
    named = {field.name for cls in models for field in hyper_fields(cls)}
    losses = next((field.choices or [] for field in fields if field.name == "loss"), [])
    return ObjectiveItem(
        kind=kind,
        hyperparameters=fields,
        functions=[] if on_data else [_function(cls) for cls in FUNCTIONS.values()],
        models=[
            ModelItem(**vars(item), form=cls.form)
            for cls, item in zip(models, _registered(models, of_objective=True), strict=True)
        ],
        losses=_registered((LOSSES[loss] for loss in losses), of_objective=True),
        activations=_registered(ACTIVATIONS.values()) if "activation" in named else [],
        initialisations=_registered(INITIALISATIONS.values()) if "initialisation" in named else [],
        datasets=[item.kind for item in datasets() if item.objective == kind],
        **_described(model),
    )


def _models(objective: str) -> list[type[Model]]:
    """Return the models for which an objective has data; a regression takes those of a classification."""
    forms = {entry.form for entry in DATASETS.values() if entry.objective == objective}
    return [cls for cls in MODELS.values() if cls.form in forms]


def _function(cls: type[Function]) -> FunctionItem:
    dimension, most = cls.default_dimension, cls.maximum_dimension or MAX_DIMENSION
    optimum = cls().optimum(dimension)
    return FunctionItem(
        kind=cls.kind,
        hyperparameters=hyperparameters(cls),
        minimum_dimension=cls.minimum_dimension,
        maximum_dimension=most,
        default_dimension=dimension,
        hessian_dimension=min(cls.hessian_dimension, most),
        bounded_below=cls.bounded_below,
        domain=cls.domain,
        start=cls().default_start(dimension).tolist(),
        optimum=None if optimum is None else Optimum(value=optimum[0], parameters=optimum[1].tolist()),
        **_described(cls),
    )


def _described(cls: type) -> dict[str, Any]:
    """Return summary, update rule, source and deviations, from the docstring."""
    text = description(cls)
    return {
        "summary": text.summary,
        "update_rule": text.rule,
        "source": text.source,
        "deviations": text.deviations,
    }


def _hyperparameter(field: HyperField, searchable: bool) -> Hyperparameter:
    hyper = field.hyper
    return Hyperparameter(
        name=field.name,
        type=TYPES.get(field.type, "object"),
        doc=hyper.doc,
        required=field.required,
        default=None if field.required else field.default,
        bounds=Bounds(ge=hyper.ge, gt=hyper.gt, le=hyper.le, lt=hyper.lt),
        choices=list(hyper.choices) or None,
        search=hyper.search,
        log=hyper.log,
        searched=hyper.searched,
        regularises=hyper.regularises,
        searchable=searchable,
    )


def _fields(model: type[Wire]) -> list[Hyperparameter]:
    """Return the fields of a hand-written wire model; its schema defines the values that clients may send."""
    properties = model.model_json_schema()["properties"]
    derived = {field.name: field for field in hyperparameters(PenaltyFields, of_objective=True)}
    return [
        derived.get(name) or _from_schema(name, info, properties[name])
        for name, info in model.model_fields.items()
        if name != "kind"
    ]


def _from_schema(name: str, info: FieldInfo, schema: dict[str, Any]) -> Hyperparameter:
    # An optional field has the schema "X or null"; the catalogue describes X.
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    shape = options[0] if options else schema
    types = {"array": "list"}
    choices = shape.get("enum") or schema.get("enum") or ([shape["const"]] if "const" in shape else None)
    return Hyperparameter(
        name=name,
        type=types.get(shape.get("type", "object"), shape.get("type", "object")),
        doc=info.description or "",
        required=info.is_required(),
        default=None if info.is_required() else info.get_default(),
        bounds=Bounds(
            ge=shape.get("minimum"),
            gt=shape.get("exclusiveMinimum"),
            le=shape.get("maximum"),
            lt=shape.get("exclusiveMaximum"),
        ),
        choices=choices,
        search=None,
        log=False,
        searched=False,
        regularises=False,
        searchable=False,
    )
