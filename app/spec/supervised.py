"""The objectives with a model and a dataset: classification, regression and factorization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from app.data import DATASETS
from app.engine.hyper import HyperField, hyper_fields
from app.engine.losses import LOSSES
from app.engine.models import MODELS
from app.engine.models.matrix_factorization import MatrixFactorization
from app.engine.supervised.penalty import PenaltyFields
from app.spec.base import Wire, invalid
from app.spec.hints import meant
from app.spec.kinds import KindWire, part_model, union_of
from app.spec.losses import DEFAULT_CLASS_LOSS, DEFAULT_NUMBER_LOSS, ClassLoss, NumberLoss
from app.spec.values import HyperValue, is_searched, searchable

PAIRS = "pairs"  # the form of inputs of a factorization
# Form of inputs -> its name in messages.
FORMS = {"features": "dense features", "tokens": "bags of tokens", PAIRS: "pairs of users and items"}

_LOSS = "the training loss: a name, or an object with `kind` and fields"
_METRIC = "the metric that is the value of a trial"
# Any: a kind, which validation converts to a model with its defaults.
_FACTORIZATION: Any = {"kind": MatrixFactorization.kind}
(_L2,) = hyper_fields(PenaltyFields)

if TYPE_CHECKING:
    ModelSpec: TypeAlias = KindWire
    PairModelSpec: TypeAlias = KindWire
    L2Value: TypeAlias = HyperValue
else:
    ModelSpec = Annotated[
        union_of(part_model(cls, "Model") for cls in MODELS.values() if cls.form != PAIRS),
        Field(discriminator="kind"),
    ]
    PairModelSpec = part_model(MatrixFactorization, "Model")
    L2Value = searchable(_L2)


class _OnData(Wire):
    """Fields that all objectives with a dataset share."""

    kind: str
    dataset: str = Field(max_length=200, description="name of a built-in dataset", examples=list(DATASETS))
    model: ModelSpec = Field(description="the model to train")
    l2: L2Value = Field(default=_L2.default, description=_L2.hyper.doc)

    @model_validator(mode="after")
    def _check(self) -> _OnData:
        _check_dataset(self.dataset, self.kind)
        return self


class ClassificationSpec(_OnData):
    """A classifier on a labelled dataset."""

    kind: Literal["classification"]
    loss: ClassLoss = Field(default=DEFAULT_CLASS_LOSS, description=_LOSS)
    metric: Literal["validation_loss", "validation_error"] = Field(
        default="validation_loss", description=_METRIC
    )

    @model_validator(mode="after")
    def _check_model(self) -> ClassificationSpec:
        _check_form(self.model.kind, self.dataset)
        return self


class RegressionSpec(_OnData):
    """A regression on a dataset with numbers as targets."""

    kind: Literal["regression"]
    loss: NumberLoss = Field(default=DEFAULT_NUMBER_LOSS, description=_LOSS)
    metric: Literal["validation_loss"] = Field(default="validation_loss", description=_METRIC)

    @model_validator(mode="after")
    def _check_model(self) -> RegressionSpec:
        _check_form(self.model.kind, self.dataset)
        return self


class FactorizationSpec(_OnData):
    """A factorisation of a partly known matrix, such as ratings of items by users."""

    kind: Literal["factorization"]
    model: PairModelSpec = Field(default=_FACTORIZATION, description="the model to train")
    loss: NumberLoss = Field(default=DEFAULT_NUMBER_LOSS, description=_LOSS)
    metric: Literal["validation_loss"] = Field(default="validation_loss", description=_METRIC)


def settings_of(spec: Wire) -> dict[str, tuple[HyperField, HyperValue]]:
    """Return the settings of an objective that may differ between trials, with the job's values.

    The keys are the names of the engine's settings, such as "l2" or "model.dropout". A function has none.
    """
    if not isinstance(spec, (ClassificationSpec, RegressionSpec, FactorizationSpec)):
        return {}
    parts: list[tuple[str, type, Wire]] = [
        ("model.", MODELS[spec.model.kind], spec.model),
        ("loss.", LOSSES[spec.loss.kind], spec.loss),
        ("", PenaltyFields, spec),
    ]
    return {
        f"{prefix}{field.name}": (field, getattr(wire, field.name))
        for prefix, cls, wire in parts
        for field in hyper_fields(cls)
        if field.hyper.per_run
    }


def searched_settings(spec: Wire) -> dict[str, tuple[HyperField, HyperValue]]:
    """Return the settings that the job searches: those with a range or choices."""
    return {name: (field, value) for name, (field, value) in settings_of(spec).items() if is_searched(value)}


def _check_dataset(name: str, kind: str) -> None:
    if name not in DATASETS:
        hint = meant(name, DATASETS)
        raise invalid(f"{name!r} is not a dataset{hint}; choose one of: {', '.join(DATASETS)}", "dataset")
    expected = DATASETS[name].objective
    if expected != kind:
        raise invalid(f"{name} is a {expected} dataset; use kind {expected} or another dataset", "dataset")


def _check_form(model: str, dataset: str) -> None:
    """Refuse a model that does not take the dataset's form of inputs."""
    expected, actual = MODELS[model].form, DATASETS[dataset].form
    if expected != actual:
        models = " or ".join(kind for kind, cls in MODELS.items() if cls.form == actual)
        datasets = ", ".join(name for name, entry in DATASETS.items() if entry.form == expected)
        raise invalid(
            f"{model} takes {FORMS[expected]}, but {dataset} has {FORMS[actual]}; use the model {models}, or "
            f"one of the datasets: {datasets}",
            "model/kind",
        )
