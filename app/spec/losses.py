"""The training loss of an objective: a name, or an object with fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from app.engine.losses import LOSSES
from app.spec.base import invalid
from app.spec.hints import meant
from app.spec.kinds import KindWire, part_model, union_of

# Any: names, which validation converts to objects.
DEFAULT_CLASS_LOSS: Any = "cross_entropy"
DEFAULT_NUMBER_LOSS: Any = "squared"


def kinds(*, for_classes: bool) -> list[str]:
    """Return the names of the losses whose targets are classes, or else numbers."""
    return [kind for kind, loss in LOSSES.items() if loss.for_classes is for_classes]


def _loss_type(*, for_classes: bool) -> Any:
    # Any: a type built at run time for pydantic.
    fitting = kinds(for_classes=for_classes)
    noun = "classes" if for_classes else "numbers"

    def named(value: object) -> object:
        """Return an object for a name; refuse a loss whose targets are of another type."""
        kind = value.get("kind") if isinstance(value, dict) else value
        if isinstance(kind, str) and kind not in fitting:
            known = f"choose one of: {', '.join(fitting)}"
            unknown = f"{kind!r} is not a loss{meant(kind, fitting)}"
            fault = f"{kind} is not a loss for {noun}" if kind in LOSSES else unknown
            raise invalid(f"{fault}; {known}", "kind" if isinstance(value, dict) else "")
        return {"kind": value} if isinstance(value, str) else value

    models: Any = union_of(part_model(LOSSES[kind], "Loss") for kind in fitting)
    objects: Any = Annotated[models, Field(discriminator="kind")]
    names: Any = Literal[tuple(fitting)]
    return Annotated[objects, BeforeValidator(named, json_schema_input_type=names | objects)]


if TYPE_CHECKING:
    ClassLoss: TypeAlias = KindWire
    NumberLoss: TypeAlias = KindWire
else:
    ClassLoss = _loss_type(for_classes=True)
    NumberLoss = _loss_type(for_classes=False)
