"""The header of an answer that says where to look for what was started."""

from __future__ import annotations

from typing import Any


def started(noun: str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI declares a 202 whose `Location` is the path of that noun."""
    header = {"description": f"path of the {noun}", "schema": {"type": "string"}}
    return {202: {"headers": {"Location": header}}}
