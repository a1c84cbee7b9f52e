"""The error for an invalid request: a JSON pointer and a sentence for each fault that pydantic reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.api.errors.json_pointer import Place, Schema, escaped, joined, locate
from app.api.errors.validation_messages import Report, message
from app.errors import AppError, InvalidRequest, NotFound, TrialNotFound

MAX_REPORTED = 100  # faults of one request that the answer names; bounds the size of the answer
# Path parameter -> the error if its value is not valid, and what the value must be.
NOT_FOUND: dict[str, tuple[type[NotFound], str]] = {"number": (TrialNotFound, "a whole number from 0 on")}


@dataclass(frozen=True)
class _Fault:
    place: Place
    text: str


def invalid_request(reports: Sequence[Report], schema: Schema | None) -> AppError:
    """Return the error for these reports.

    A pointer into the body starts at the root of the body; a pointer to a parameter starts with /query or
    /header. An invalid path parameter gives a NotFound.

    Args:
        reports: the errors that pydantic reports, at least one.
        schema: the core schema of the route's body; None for a route without a body.
    """
    for report in reports:
        if report["loc"][0] == "path":
            name = str(report["loc"][1])
            error, wanted = NOT_FOUND.get(name, (NotFound, ""))
            way_out = f"; it must be {wanted}" if wanted else ""
            return error(f"No resource has the {name} {report['input']!r}{way_out}.")
    faults = _merged(_fault(report, schema) for report in _without_consequences(reports[:MAX_REPORTED]))
    errors = [(fault.place.pointer, fault.text) for fault in faults]
    first = f"{errors[0][0]}: {errors[0][1]}" if errors[0][0] else errors[0][1]
    if len(errors) == 1:
        return InvalidRequest(first, errors)
    count = f"More than {MAX_REPORTED}" if len(reports) > MAX_REPORTED else len(errors)
    return InvalidRequest(f"{count} fields are not valid; the first is {first}", errors)


def _without_consequences(reports: Sequence[Report]) -> Iterator[Report]:
    """Yield the reports, except that a list is too short if some of its entries are invalid.

    Pydantic counts the valid entries only.
    """
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
    """Return one fault for each place, with the reports of a plain union's members merged.

    Each member of a plain union reports why it does not fit. A report from inside the value shows the
    member that the client meant. Without such a report, the members are alternatives.
    """
    groups: dict[str | int, list[_Fault]] = {}  # by union; a fault outside every union by its position
    for position, fault in enumerate(faults):
        union = fault.place.union
        groups.setdefault(position if union is None else union, []).append(fault)
    return [fault for group in groups.values() for fault in _of_group(group)]


def _of_group(faults: list[_Fault]) -> Iterator[_Fault]:
    by_pointer: dict[str, list[_Fault]] = {}
    for fault in [fault for fault in faults if fault.place.pointer != fault.place.union] or faults:
        by_pointer.setdefault(fault.place.pointer, []).append(fault)
    return map(_alternatives, by_pointer.values())


def _alternatives(faults: list[_Fault]) -> _Fault:
    """Return the faults as one sentence: "must be an integer, 'full' or an object, got 3.5"."""
    texts = list(dict.fromkeys(fault.text for fault in faults))
    if len(texts) == 1:
        return faults[0]
    # If the whole value is at fault, each text ends with the same ", got ...".
    values = {text.rpartition(", got ")[2] for text in texts}
    if len(values) == 1 and all(", got " in text for text in texts):
        wanted = [text.rpartition(", got ")[0].removeprefix("must be ") for text in texts]
        return _Fault(faults[0].place, f"must be {' or '.join(wanted)}, got {values.pop()}")
    return _Fault(faults[0].place, "; or ".join(texts))
