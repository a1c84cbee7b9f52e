"""Content negotiation: the choice between JSON and CSV by the `Accept` header."""

from __future__ import annotations

JSON = "application/json"
CSV = "text/csv"


def prefers_csv(accept: str) -> bool:
    """Return whether the `Accept` header (RFC 9110, 12.5.1) prefers CSV; JSON is the default."""
    return _quality(accept, CSV) > _quality(accept, JSON)


def _quality(accept: str, media_type: str) -> float:
    """Return the weight of a media type, which is the weight of the most specific range that matches it."""
    patterns = (media_type, f"{media_type.split('/')[0]}/*", "*/*")
    weights: dict[str, float] = {}
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weights[name] = _weight(parameters)
    return next((weights[pattern] for pattern in patterns if pattern in weights), 0.0)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
