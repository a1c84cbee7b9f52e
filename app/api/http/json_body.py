"""A reader of request bodies that enforces the size limit, the content type and JSON by RFC 8259."""

from __future__ import annotations

import math
import re
from email.message import Message
from typing import Any, TypeAlias

from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from app.api.errors.json_pointer import escaped
from app.errors import AppError, BodyTooLarge, InvalidRequest, MalformedJson, UnsupportedMediaType

LITERALS = ("NaN", "-NaN", "Infinity", "-Infinity", "inf", "-inf", "nan", "-nan")
MAX_LITERAL = len("-Infinity")
THREAD_PARSE_BYTES = 64 * 1024  # a body of this size takes about 1 ms to parse; a larger one gets a thread
MAX_REPORTED = 20  # faults of one body that the answer names
_POSITION = re.compile(r"^(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)$", re.DOTALL)


# The path from the root of the body to a part, as a linked list: the path to the parent, and the last step.
_Path: TypeAlias = "tuple[_Path, str | int] | None"


# Matches every body with a NUL or a number beyond double precision, and hardly any other body.
_SUSPICIOUS = re.compile(rb"\\u0000|[eE]\+?[0-9]{3}|[0-9]{309}")


class ReadRequest(Request):
    """A request whose body `read` has already read and parsed."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._value = value  # Any: any JSON value

    async def body(self) -> bytes:
        """Return the bytes of the body."""
        return self._raw

    async def json(self) -> Any:
        """Return the JSON value of the body; None for an empty body."""
        return self._value


async def read(request: Request, max_bytes: int) -> ReadRequest:
    """Read and parse the body of a request.

    Raises:
        BodyTooLarge: the body has more than `max_bytes` bytes.
        UnsupportedMediaType: the content type is not JSON.
        MalformedJson: the body is not JSON.
        InvalidRequest: the body has a NUL or a number beyond double precision.
    """
    raw = await _read_bounded(request, max_bytes)
    if not raw:
        return ReadRequest(request, raw, None)
    _check_content_type(request.headers.get("content-type"))
    if len(raw) < THREAD_PARSE_BYTES:
        return ReadRequest(request, raw, parse(raw))
    return ReadRequest(request, raw, await run_in_threadpool(parse, raw))  # does not block the event loop


def parse(raw: bytes) -> Any:
    """Return the JSON value of these bytes, in which every number is finite.

    Raises MalformedJson or InvalidRequest.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise _malformed(raw, str(error)) from None
    faults = _find_faults(value) if _SUSPICIOUS.search(raw) else []
    if faults:
        raise InvalidRequest(f"{faults[0][0]}: {faults[0][1]}", faults)
    return value


async def _read_bounded(request: Request, max_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise _too_large(f"{declared[:20]} bytes", max_bytes)
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(f"more than {max_bytes} bytes", max_bytes)
            chunks.append(chunk)
    except ClientDisconnect:
        raise InvalidRequest("The client disconnected before its body was complete.") from None
    return b"".join(chunks)


def _too_large(size: str, max_bytes: int) -> AppError:
    return BodyTooLarge(
        f"The body has {size}; this server reads at most {max_bytes} bytes. "
        "Shorten its lists, or raise STEPSIZE_MAX_BODY_BYTES on the server."
    )


def _check_content_type(declared: str | None) -> None:
    if declared:
        message = Message()
        message["content-type"] = declared
        subtype = message.get_content_subtype()
        json_like = subtype == "json" or subtype.endswith("+json")
        if message.get_content_maintype() == "application" and json_like:
            return
    got = f"got {declared[:100]!r}" if declared else "but the request declares none"
    raise UnsupportedMediaType(f"Content-Type must be application/json, {got}; send that header.")


def _malformed(raw: bytes, message: str) -> MalformedJson:
    match = _POSITION.match(message)
    if match is None:
        return MalformedJson(f"The body is not valid JSON: {message}.", [("", message)])
    line, column = int(match["line"]), int(match["column"])
    where = f"line {line}, column {column}"
    literal = _literal_at(raw, line, column)
    if literal is not None:
        what = f"{literal} at {where} is not a JSON number; give a finite number, or leave the field out"
        return MalformedJson(
            f"The body is not valid JSON: {what}.", [(pointer, what) for pointer in _not_finite(raw)]
        )
    if match["what"].startswith("recursion limit"):
        what = f"it is nested too deeply at {where}; no request needs more than ten levels"
    elif match["what"].startswith("invalid unicode"):
        what = f"the bytes at {where} are not UTF-8; encode the body as UTF-8"
    elif match["what"].startswith("EOF"):
        what = f"it ends too early, at {where}, {match['what'].removeprefix('EOF ')}"
    else:
        what = f"{match['what']} at {where}"
    return MalformedJson(f"The body is not valid JSON: {what}.", [("", what)])


def _not_finite(raw: bytes) -> list[str]:
    """Return pointers to the numbers that are not finite; if the body has other faults, to the whole body."""
    try:
        return [pointer for pointer, _ in _find_faults(from_json(raw, allow_inf_nan=True))] or [""]
    except ValueError:
        return [""]


def _literal_at(raw: bytes, line: int, column: int) -> str | None:
    """Return the literal, such as NaN, at which the parser stopped; None if it stopped elsewhere."""
    lines = raw.split(b"\n", line)
    if line > len(lines):
        return None
    for start in (column - 2, column - 1):  # the parser stops after the sign, or at the first letter
        rest = lines[line - 1][max(start, 0) :][:MAX_LITERAL].decode("utf-8", "replace")
        match = next((literal for literal in LITERALS if rest.startswith(literal)), None)
        if match is not None:
            return match
    return None


def _find_faults(value: Any) -> list[tuple[str, str]]:
    """Return (pointer, detail) of each NUL and each infinite number, at most MAX_REPORTED."""
    faults: list[tuple[str, str]] = []
    # Parts to check, each with its path. A pointer is written only for a fault, which is rare.
    todo: list[tuple[Any, _Path]] = [(value, None)]
    while todo and len(faults) < MAX_REPORTED:
        part, path = todo.pop()
        if isinstance(part, dict):
            if any("\0" in name for name in part):
                faults.append((_pointer(path), "a name must not contain the character U+0000"))
            todo += [(item, (path, name)) for name, item in reversed(part.items()) if _suspect(item)]
        elif isinstance(part, list):
            todo += [(item, (path, i)) for i, item in _last_first(part) if _suspect(item)]
        elif isinstance(part, str):
            faults.append((_pointer(path), "must not contain the character U+0000"))
        else:
            faults.append(
                (
                    _pointer(path),
                    "must be a finite number; this number is beyond the range of double precision",
                )
            )
    return faults


def _suspect(value: Any) -> bool:
    """Return whether a value has parts to check or is itself a fault."""
    kind = type(value)
    if kind is float:
        return not math.isfinite(value)
    return "\0" in value if kind is str else kind is dict or kind is list


def _last_first(items: list[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(items))[::-1]


def _pointer(path: _Path) -> str:
    parts: list[str] = []
    while path is not None:
        path, part = path
        parts.append(f"/{escaped(part)}")
    return "".join(reversed(parts))
