"""Turns pydantic's reports on a request into one error with a pointer and a sentence for each fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.api.errors.json_pointer import Place, Schema, escaped, joined, locate
from app.api.errors.validation_messages import Report, message
from app.errors import AppError, InvalidRequest, NotFound, TrialNotFound

MAX_REPORTED = 100  # a list of a hundred thousand wrong numbers needs no sentence for each
# By path parameter: the error, and what the parameter must be.
NOT_FOUND: dict[str, tuple[type[NotFound], str]] = {"number": (TrialNotFound, "a whole number from 0 on")}


@dataclass(frozen=True)
class _Fault:
    place: Place
    text: str


def invalid_request(reports: Sequence[Report], schema: Schema | None) -> AppError:
    """The error for these reports.

    schema: the core schema of the route's body, where it takes one. Pointers into the body start at its
    root; those to parameters start with /query or /header. A path that fits no resource is a NotFound.
    """
    for report in reports:
        if report["loc"][0] == "path":
            name = str(report["loc"][1])
            error, wanted = NOT_FOUND.get(name, (NotFound, ""))
            rest = f"; it must be {wanted}" if wanted else ""
            return error(f"{report['input']!r} is not a {name} that anything here has{rest}.")
    faults = _merged(_fault(report, schema) for report in _meant(reports[:MAX_REPORTED]))
    errors = [(fault.place.pointer, fault.text) for fault in faults]
    first = f"{errors[0][0]}: {errors[0][1]}" if errors[0][0] else errors[0][1]
    if len(errors) == 1:
        return InvalidRequest(first, errors)
    count = f"More than {MAX_REPORTED}" if len(reports) > MAX_REPORTED else len(errors)
    return InvalidRequest(f"{count} fields are not valid; the first is {first}", errors)


def _meant(reports: Sequence[Report]) -> Iterator[Report]:
    """Leaves out that a list is too short where entries are at fault: pydantic did not count those."""
    for report in reports:
        depth = len(report["loc"])
        entries = (other for other in reports if len(other["loc"]) > depth)
        if report["type"] != "too_short" or all(other["loc"][:depth] != report["loc"] for other in entries):
            yield report


def _fault(report: Report, schema: Schema | None) -> _Fault:
    where, *location = report["loc"]
    if where != "body":
        place = Place(joined((where, *location)))
        return _Fault(place, message(report, place))
    place = locate(schema, location)
    text = message(report, place)
    if report["type"].startswith("union_tag"):
        place = replace(place, pointer=f"{place.pointer}/kind")
    at = report.get("ctx", {}).get("at") if report["type"] == "invalid" else None
    if at:
        below = "".join(f"/{escaped(part)}" for part in at.split("/"))
        place = replace(place, pointer=place.pointer + below)
    return _Fault(place, text)


def _merged(faults: Iterable[_Fault]) -> list[_Fault]:
    """One fault for each place.

    Every member of a plain union reports why it does not fit. Where one got deeper into the value than
    the union itself, it is what the client meant; else the reports are alternatives.
    """
    unions: dict[str, list[_Fault]] = {}
    merged: list[_Fault | str] = []
    for fault in faults:
        union = fault.place.union
        if union is None:
            merged.append(fault)
        else:
            if union not in unions:
                merged.append(union)
            unions.setdefault(union, []).append(fault)
    found: list[_Fault] = []
    for entry in merged:
        found += _of_union(unions[entry]) if isinstance(entry, str) else [entry]
    return found


def _of_union(faults: list[_Fault]) -> list[_Fault]:
    deeper = [fault for fault in faults if fault.place.pointer != fault.place.union]
    if deeper:
        by_pointer: dict[str, list[_Fault]] = {}
        for fault in deeper:
            by_pointer.setdefault(fault.place.pointer, []).append(fault)
        return [_alternatives(group) for group in by_pointer.values()]
    return [_alternatives(faults)]


def _alternatives(faults: list[_Fault]) -> _Fault:
    """One sentence: "must be an integer, 'full' or an object, got 3.5"."""
    texts = list(dict.fromkeys(fault.text for fault in faults))
    if len(texts) == 1:
        return faults[0]
    # Each text ends with the same ", got ..." where the value as a whole is at fault.
    values = {text.rpartition(", got ")[2] for text in texts}
    if len(values) == 1 and all(", got " in text for text in texts):
        wanted = [text.rpartition(", got ")[0].removeprefix("must be ") for text in texts]
        return _Fault(faults[0].place, f"must be {' or '.join(wanted)}, got {values.pop()}")
    return _Fault(faults[0].place, "; or ".join(texts))
