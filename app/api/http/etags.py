"""Weak entity tags: an answer that the client has already is not sent again."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

DIGEST_BYTES = 12


def tagged(request: Request, response: Response) -> Response:
    """The response with its `ETag`, or 304 where `If-None-Match` names it. Weak: compression may follow."""
    if request.method != "GET" or response.status_code != 200 or not isinstance(response.body, bytes):
        return response
    tag = f'W/"{hashlib.blake2b(response.body, digest_size=DIGEST_BYTES).hexdigest()}"'
    # no-cache: keep it, but ask before using it; a job changes while it runs.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if "vary" in response.headers:
        headers["Vary"] = response.headers["vary"]
    if _names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _names(header: str, tag: str) -> bool:
    """Weak comparison (RFC 9110, 8.8.3.2): the prefix W/ does not count."""
    given = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in given or tag.removeprefix("W/") in given
