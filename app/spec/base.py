"""The base classes of requests and answers, and the error that validators raise."""

from __future__ import annotations

from functools import cache

from annotated_types import Len, MaxLen
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

MAX_NAMES = 100  # names in one object of a request; no valid object has half as many


class Wire(BaseModel):
    """A part of a request: frozen, no unknown fields, finite numbers only, validated defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _count_first(cls, data: object) -> object:
        """Refuse long lists and large objects before their parts are validated.

        Pydantic reports each invalid part and counts the valid parts only, so a megabyte of wrong numbers
        would take seconds to refuse.
        """
        if not isinstance(data, dict):
            return data
        if len(data) > MAX_NAMES:
            raise invalid(f"has {len(data)} fields; no object of a request may have more than {MAX_NAMES}")
        for name, limit in _length_limits(cls).items():
            value = data.get(name)
            if isinstance(value, list) and len(value) > limit:
                raise invalid(f"must have at most {limit} entries, got {len(value)}", name)
        return data


class Answer(BaseModel):
    """A part of an answer; a number that is not finite is serialised as null."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


@cache
def _length_limits(cls: type[Wire]) -> dict[str, int]:
    """Return the largest number of entries of each list field of a model."""
    return {
        name: constraint.max_length
        for name, field in cls.model_fields.items()
        for constraint in field.metadata
        if isinstance(constraint, (Len, MaxLen)) and constraint.max_length is not None
    }


def invalid(message: str, at: str = "") -> PydanticCustomError:
    """Return an error for a validator to raise.

    at: the path from the validated value to the fault, such as "high" or "search_space/batch_size". The
    path becomes the end of the JSON pointer.
    """
    # PydanticCustomError would read braces in the message as a template.
    return PydanticCustomError("invalid", "{message}", {"message": message, "at": at})
