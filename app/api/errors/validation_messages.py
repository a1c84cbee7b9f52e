"""The sentence for each validation error: the limit, the value and the way out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from app.api.errors.json_pointer import Place
from app.spec.hints import closest, did_you_mean, meant

# Any: what pydantic reports, with the client's value in it.
Report: TypeAlias = Mapping[str, Any]

MAX_SHOWN = 60  # characters of the client's value that a message repeats
MIN_NAMES_FOR_HINT = 4  # a shorter list of known names is itself the hint
OBJECT = "must be an object"
LIST = "must be a list"

QUOTED = re.compile("'([^']*)'")  # the names in what pydantic expected

# Regular expression -> what it demands of the value, in words.
PATTERNS = {"^[!-~]+$": "must consist of visible ASCII characters, without spaces"}

# pydantic's type of error -> what the value must be, with names from the context of the report; the message
# adds ", got" and the value.
SENTENCES: dict[str, str] = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": OBJECT,
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "int_from_float": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be a smaller integer",
    "int_type": "must be an integer",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "list_type": LIST,
    "none_required": "must be null",
    "string_too_short": "must have at least {min_length} character",
    "string_type": "must be a string",
    "tuple_type": LIST,
    "value_error": "{error}",
}


def message(report: Report, place: Place) -> str:
    """Return the sentence for one report of pydantic."""
    kind = report["type"]
    if kind in SPECIAL:
        return SPECIAL[kind](report, place)
    context = {name: _number(value) for name, value in report.get("ctx", {}).items()}
    requirement = SENTENCES[kind].format(**context) if kind in SENTENCES else report["msg"]
    return f"{requirement}, got {shown(report['input'])}"


def shown(value: Any) -> str:
    """Return the client's value as JSON, cut to MAX_SHOWN characters."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):  # ValueError: an integer of thousands of digits
        return f"a {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _number(value: Any) -> str:
    """Return a value as text; a whole number has no exponent and no fraction."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e16
    return str(int(value) if whole else value)


def _missing(report: Report, place: Place) -> str:
    if place.pointer:
        return "is required"
    return "a JSON body is required; send it with Content-Type: application/json"


def _unknown_field(report: Report, place: Place) -> str:
    hint = did_you_mean(report["loc"][-1], place.names, f"the known fields are: {', '.join(place.names)}")
    return f"is not a field of this object; {hint}"


def _unknown_kind(report: Report, place: Place) -> str:
    given = report["input"].get("kind") if isinstance(report["input"], dict) else report["ctx"].get("tag")
    return f"must be one of {', '.join(place.kinds)}{meant(given, place.kinds)}, got {shown(given)}"


def _no_kind(report: Report, place: Place) -> str:
    return f"is required; choose one of: {', '.join(place.kinds)}"


def _one_of(report: Report, place: Place) -> str:
    expected = report["ctx"]["expected"]
    known = QUOTED.findall(expected)
    hint = meant(report["input"], known) if len(known) >= MIN_NAMES_FOR_HINT else ""
    return f"must be {expected}{hint}, got {shown(report['input'])}"


def _no_object(report: Report, place: Place) -> str:
    """Return the sentence for a value that is no object; the name of a kind becomes the example."""
    given = report["input"]
    kind = closest(given, place.kinds)
    if kind is not None:
        return f"{OBJECT}, such as {json.dumps({'kind': kind})}, got {shown(given)}"
    if place.kinds and isinstance(given, str):
        return f"{OBJECT} whose kind is one of {', '.join(place.kinds)}, got {shown(given)}"
    return f"{OBJECT}, got {shown(given)}"


def _too_short(report: Report, place: Place) -> str:
    ctx = report["ctx"]
    entries = "entry" if ctx["min_length"] == 1 else "entries"
    return f"must have at least {ctx['min_length']} {entries}, got {ctx['actual_length']}"


def _too_long(report: Report, place: Place) -> str:
    ctx = report["ctx"]
    noun = "characters" if report["type"] == "string_too_long" else "entries"
    actual = len(report["input"]) if ctx.get("actual_length") is None else ctx["actual_length"]
    return f"must have at most {ctx['max_length']} {noun}, got {actual}"


def _pattern(report: Report, place: Place) -> str:
    pattern = report["ctx"]["pattern"]
    wanted = PATTERNS.get(pattern, f"must match {pattern}")
    return f"{wanted}, got {shown(report['input'])}"


def _text_of_validator(report: Report, place: Place) -> str:
    return str(report["ctx"]["message"])


# pydantic's type of error -> the function that returns its sentence.
SPECIAL: dict[str, Callable[[Report, Place], str]] = {
    "enum": _one_of,
    "extra_forbidden": _unknown_field,
    "invalid": _text_of_validator,
    "literal_error": _one_of,
    "missing": _missing,
    "model_attributes_type": _no_object,
    "model_type": _no_object,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _too_long,
    "too_long": _too_long,
    "too_short": _too_short,
    "union_tag_invalid": _unknown_kind,
    "union_tag_not_found": _no_kind,
}
