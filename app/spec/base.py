"""The base of every wire model, and the errors that validators raise."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Wire(BaseModel):
    """A request part: frozen, no unknown fields, finite numbers only, no silent conversions of defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class Answer(BaseModel):
    """A part of an answer; a number that is not finite is written as null."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


def invalid(message: str, at: str = "") -> PydanticCustomError:
    """An error to raise in a validator.

    at: where below the validated value the fault lies, as in "high" or "search_space/batch_size";
    it becomes the end of the JSON pointer.
    """
    # Braces would be taken for a template by PydanticCustomError.
    return PydanticCustomError("invalid", "{message}", {"message": message, "at": at})
