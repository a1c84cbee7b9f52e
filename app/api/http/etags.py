"""Weak entity tags: a client that already has an answer receives 304 instead of a copy."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

DIGEST_BYTES = 12  # length of the hash in a tag


def tagged(request: Request, response: Response) -> Response:
    """Return the response with its `ETag`, or a 304 if `If-None-Match` names that tag.

    The tag is weak, because the body may be compressed later.
    """
    if request.method != "GET" or response.status_code != 200 or not isinstance(response.body, bytes):
        return response
    tag = f'W/"{hashlib.blake2b(response.body, digest_size=DIGEST_BYTES).hexdigest()}"'
    # no-cache: a client may keep the answer but must revalidate it, as a job changes while it runs.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if "vary" in response.headers:
        headers["Vary"] = response.headers["vary"]
    if _lists_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _lists_tag(header: str, tag: str) -> bool:
    """Return whether the header lists the tag, by weak comparison (RFC 9110, 8.8.3.2): W/ is ignored."""
    listed = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in listed or tag.removeprefix("W/") in listed
