"""Opaque page tokens, each bound to a list with its filter and order."""

from __future__ import annotations

import base64
import binascii
import json
from types import UnionType
from typing import Any

from app.errors import InvalidPageToken

MAX_KEY = 2**31 - 1  # largest value of the columns that lists are sorted by

Position = list[Any]  # where the next page starts: JSON values of the sort key


def token(belongs_to: dict[str, Any], position: Position) -> str:
    """Return a token for the page behind `position` of the list with that filter and order."""
    text = json.dumps([belongs_to, position], sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(
    belongs_to: dict[str, Any], page_token: str | None, types: tuple[UnionType | type, ...]
) -> Position | None:
    """Return the position where the page of a token starts; None for the first page.

    types: the types of the values of the sort key. Raises InvalidPageToken if this server did not make the
    token, or if the token belongs to another list.
    """
    if page_token is None:
        return None
    try:
        padded = page_token.encode() + b"=" * (-len(page_token) % 4)
        owner, start = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise _invalid("is not one that this server gave out") from None
    if owner != belongs_to:
        raise _invalid("belongs to a list with another filter or order")
    fits = isinstance(start, list) and len(start) == len(types) and all(map(isinstance, start, types))
    if not fits or any(isinstance(value, int) and abs(value) > MAX_KEY for value in start):
        raise _invalid("is not one that this server gave out")
    return list(start)


def _invalid(why: str) -> InvalidPageToken:
    detail = f"The page_token {why}; start again without it."
    return InvalidPageToken(detail, errors=[("/query/page_token", detail)])
