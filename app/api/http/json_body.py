"""Reads a request's body: bounded in size, declared as JSON, and JSON as RFC 8259 has it."""

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
LARGE_BYTES = 64 * 1024  # takes about a millisecond to parse
MAX_REPORTED = 20  # faults of one body; a hundred thousand would be no clearer
_POSITION = re.compile(r"^(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)$", re.DOTALL)


_Way: TypeAlias = "tuple[_Way, str | int] | None"  # from the root of the body: the way before, and a step


# What a body has that holds a NUL or a number beyond double precision; hardly any other body has it.
_SUSPICIOUS = re.compile(rb"\\u0000|[eE]\+?[0-9]{3}|[0-9]{309}")


class ReadRequest(Request):
    """A request whose body was read and parsed already, by `read`."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._value = value  # Any: whatever the client sent

    async def body(self) -> bytes:
        """The bytes of the body."""
        return self._raw

    async def json(self) -> Any:
        """The value that the body holds."""
        return self._value


async def read(request: Request, max_bytes: int) -> ReadRequest:
    """Reads the body once and for all.

    Raises BodyTooLarge above max_bytes, UnsupportedMediaType where it is not declared as JSON, MalformedJson
    or InvalidRequest where it is none.
    """
    raw = await _read_bounded(request, max_bytes)
    if not raw:
        return ReadRequest(request, raw, None)
    _check_content_type(request.headers.get("content-type"))
    if len(raw) < LARGE_BYTES:
        return ReadRequest(request, raw, parse(raw))
    return ReadRequest(request, raw, await run_in_threadpool(parse, raw))  # others are served meanwhile


def parse(raw: bytes) -> Any:
    """The JSON value of these bytes; every number in it is finite."""
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
        raise InvalidRequest("The client went away before its body was complete.") from None
    return b"".join(chunks)


def _too_large(size: str, max_bytes: int) -> AppError:
    return BodyTooLarge(
        f"The body has {size}, but this server reads at most {max_bytes}; "
        "shorten its lists, or raise STEPSIZE_MAX_BODY_BYTES."
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
    raise UnsupportedMediaType(f"Content-Type must be application/json, {got}; add that header.")


def _malformed(raw: bytes, message: str) -> MalformedJson:
    match = _POSITION.match(message)
    if match is None:
        return MalformedJson(f"The body is not valid JSON: {message}.", [("", message)])
    line, column = int(match["line"]), int(match["column"])
    where = f"line {line}, column {column}"
    literal = _literal_at(raw, line, column)
    if literal is not None:
        what = f"{literal} at {where} is no number of JSON; give a finite number, or leave the field out"
        return MalformedJson(
            f"The body is not valid JSON: {what}.", [(pointer, what) for pointer in _not_finite(raw)]
        )
    if match["what"].startswith("recursion limit"):
        what = f"it is nested too deeply at {where}; no job needs more than ten levels"
    elif match["what"].startswith("invalid unicode"):
        what = f"the bytes at {where} are not UTF-8; encode the body as UTF-8"
    elif match["what"].startswith("EOF"):
        what = f"it ends too early, at {where}, {match['what'].removeprefix('EOF ')}"
    else:
        what = f"{match['what']} at {where}"
    return MalformedJson(f"The body is not valid JSON: {what}.", [("", what)])


def _not_finite(raw: bytes) -> list[str]:
    """Pointers to the numbers that are not finite, where that is all that is wrong; else to the whole."""
    try:
        return [pointer for pointer, _ in _find_faults(from_json(raw, allow_inf_nan=True))] or [""]
    except ValueError:
        return [""]


def _literal_at(raw: bytes, line: int, column: int) -> str | None:
    """The literal such as NaN that the parser stumbled over, if it was one."""
    lines = raw.split(b"\n", line)
    if line > len(lines):
        return None
    for start in (column - 2, column - 1):  # behind its sign, or at its first letter
        rest = lines[line - 1][max(start, 0) :][:MAX_LITERAL].decode("utf-8", "replace")
        found = next((literal for literal in LITERALS if rest.startswith(literal)), None)
        if found is not None:
            return found
    return None


def _find_faults(value: Any) -> list[tuple[str, str]]:
    """What is JSON, but what no field may hold, with pointers; at most MAX_REPORTED."""
    faults: list[tuple[str, str]] = []
    # Parts to look at, each with the way to it: pointers are written for faults alone, which are rare.
    todo: list[tuple[Any, _Way]] = [(value, None)]
    while todo and len(faults) < MAX_REPORTED:
        part, way = todo.pop()
        if isinstance(part, dict):
            if any("\0" in name for name in part):
                faults.append((_pointer(way), "a name must not contain the character U+0000"))
            todo += [(item, (way, name)) for name, item in reversed(part.items()) if _suspect(item)]
        elif isinstance(part, list):
            todo += [(item, (way, i)) for i, item in _last_first(part) if _suspect(item)]
        elif isinstance(part, str):
            faults.append((_pointer(way), "must not contain the character U+0000"))
        else:
            faults.append(
                (_pointer(way), "must be a finite number; this one is beyond the range of double precision")
            )
    return faults


def _suspect(value: Any) -> bool:
    """Whether a value has parts, or is a fault itself."""
    kind = type(value)
    if kind is float:
        return not math.isfinite(value)
    return "\0" in value if kind is str else kind is dict or kind is list


def _last_first(items: list[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(items))[::-1]


def _pointer(way: _Way) -> str:
    parts: list[str] = []
    while way is not None:
        way, part = way
        parts.append(f"/{escaped(part)}")
    return "".join(reversed(parts))
