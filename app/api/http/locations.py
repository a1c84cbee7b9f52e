"""The `Location` header of a 202, as OpenAPI declares it."""

from __future__ import annotations

from typing import Any


def started(noun: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response of a 202 whose `Location` is the path of that noun."""
    header = {"description": f"path of the {noun} that was created", "schema": {"type": "string"}}
    return {202: {"headers": {"Location": header}}}
