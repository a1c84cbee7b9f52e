"""Finds the optimizers, schedules, functions and models: every module of a package is imported once.

Nothing else lists them. A kind declared twice, or a class without a kind, is an error at import.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Base of everything that a job names by `kind`. Its docstring is its reference page.

    The first line is the summary; the paragraph that starts with "Rule:" states the formula, the one
    that starts with "Source:" the reference, and "Deviation:" each place where references disagree.
    """

    kind: ClassVar[str]
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a docstring says of a kind, each paragraph on one line; None where it has no such paragraph."""

    summary: str
    rule: str | None
    source: str | None
    deviations: list[str]


def description(cls: type) -> Description:
    """The docstring of a kind, by the labels of its paragraphs."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in (cls.__doc__ or "").split("\n\n")]
    labelled: dict[str, list[str]] = {"Rule": [], "Source": [], "Deviation": []}
    for paragraph in paragraphs[1:]:
        label, colon, text = paragraph.partition(": ")
        if colon and label in labelled:
            labelled[label].append(text)
    return Description(
        summary=paragraphs[0],
        rule=next(iter(labelled["Rule"]), None),
        source=next(iter(labelled["Source"]), None),
        deviations=labelled["Deviation"],
    )


K = TypeVar("K", bound=Kind)


class UnknownKind(KeyError):
    """No class is registered under that kind."""


class DuplicateKind(TypeError):
    """Two classes claim one kind."""


class Registry(Mapping[str, type[K]], Generic[K]):
    """The kinds of one noun, by name, in alphabetical order."""

    def __init__(self, noun: str, base: type[K], package: ModuleType) -> None:
        self.noun = noun
        self.base = base
        self._classes = _collect(noun, base, package)

    def __getitem__(self, kind: str) -> type[K]:
        try:
            return self._classes[kind]
        except KeyError:
            known = ", ".join(self._classes)
            raise UnknownKind(f"{kind!r} is no {self.noun}; choose one of: {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


def _collect(noun: str, base: type[K], package: ModuleType) -> dict[str, type[K]]:
    found: dict[str, type[K]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for cls in vars(module).values():
            if not inspect.isclass(cls) or cls.__module__ != module.__name__:
                continue
            if not issubclass(cls, base) or "kind" not in vars(cls):
                continue
            if cls.kind in found:
                raise DuplicateKind(f"{cls.kind!r} names {found[cls.kind]} and {cls}; rename one {noun}")
            found[cls.kind] = cls
    return dict(sorted(found.items()))
