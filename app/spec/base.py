"""The base of every wire model, and the errors that validators raise."""

from __future__ import annotations

from functools import cache

from annotated_types import Len, MaxLen
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

MAX_NAMES = 100  # in one object of a request; none has half as many fields


class Wire(BaseModel):
    """A request part: frozen, no unknown fields, finite numbers only, no silent conversions of defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _count_first(cls, data: object) -> object:
        """Refuses long lists and large objects before their parts are looked at.

        Pydantic reports each part that is not valid, and counts the valid ones only: a megabyte of wrong
        numbers would hold the server up for seconds.
        """
        if not isinstance(data, dict):
            return data
        if len(data) > MAX_NAMES:
            raise invalid(f"has {len(data)} fields; no object here has more than {MAX_NAMES}")
        for name, limit in _longest(cls).items():
            value = data.get(name)
            if isinstance(value, list) and len(value) > limit:
                raise invalid(f"must have at most {limit} entries, got {len(value)}", name)
        return data


class Answer(BaseModel):
    """A part of an answer; a number that is not finite is written as null."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


@cache
def _longest(cls: type[Wire]) -> dict[str, int]:
    """How many entries each list of a model may have."""
    return {
        name: constraint.max_length
        for name, field in cls.model_fields.items()
        for constraint in field.metadata
        if isinstance(constraint, (Len, MaxLen)) and constraint.max_length is not None
    }


def invalid(message: str, at: str = "") -> PydanticCustomError:
    """An error to raise in a validator.

    at: where below the validated value the fault lies, as in "high" or "search_space/batch_size";
    it becomes the end of the JSON pointer.
    """
    # Braces would be taken for a template by PydanticCustomError.
    return PydanticCustomError("invalid", "{message}", {"message": message, "at": at})
