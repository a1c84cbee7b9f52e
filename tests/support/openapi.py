"""The OpenAPI document of the application with its default settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.main import create_app
from app.settings import Settings

Json = dict[str, Any]
DOCUMENT: Json = create_app(Settings()).openapi()


def operations() -> Iterator[tuple[str, str, Json]]:
    """Yield the verb, the path and the description of each operation."""
    for path, verbs in DOCUMENT["paths"].items():
        for verb, operation in verbs.items():
            yield verb, path, operation
