"""The registry: finds the classes of every kind by importing each module of a package once.

No other list of kinds exists. A kind declared twice, or a class without a kind, is an error at import.
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
    """Base class of everything that a job names by `kind`. Its docstring is its reference page.

    The first line is the summary. The paragraph that starts with "Rule:" states the formula, and the one that
    starts with "Source:" the reference. Each "Deviation:" names a place where references disagree.
    """

    kind: ClassVar[str]
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class Description:
    """The docstring of a kind, by parts, each on one line; `rule` and `source` are None if absent."""

    summary: str
    rule: str | None
    source: str | None
    deviations: list[str]


def description(cls: type) -> Description:
    """Return the docstring of a kind, split by the labels of its paragraphs."""
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
    """Return the subclasses of `base` in the modules of a package, by kind; raise DuplicateKind."""
    classes: dict[str, type[K]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for cls in vars(module).values():
            if not inspect.isclass(cls) or cls.__module__ != module.__name__:
                continue
            if not issubclass(cls, base) or "kind" not in vars(cls):
                continue
            if cls.kind in classes:
                raise DuplicateKind(f"{cls.kind!r} names {classes[cls.kind]} and {cls}; rename one {noun}")
            classes[cls.kind] = cls
    return dict(sorted(classes.items()))
