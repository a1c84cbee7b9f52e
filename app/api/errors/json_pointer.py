"""Finds the JSON pointer of a validation error.

pydantic's locations hold more than the way through the body: the tag of a tagged union and the label of a
plain union's member stand between its names and indices, and a tag may equal a field's name. Only the
schema tells them apart, so the walk follows the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Location: TypeAlias = Sequence[str | int]
# Any: a core schema is a tree of dictionaries, typed by pydantic for each of its hundred kinds of node.
Schema: TypeAlias = Mapping[str, Any]

WRAPPED = ("schema", "lax_schema", "python_schema")  # where a node keeps the single node that it wraps


@dataclass(frozen=True)
class Place:
    """Where a fault lies.

    union: pointer of the outermost plain union on the way, whose members all report; None without one.
    names: the fields of the object that the last part was looked up in.
    kinds: the tags of the union that the fault lies at.
    """

    pointer: str
    union: str | None = None
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def escaped(part: str | int) -> str:
    """A part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def joined(location: Location) -> str:
    """A location as it stands, as a JSON pointer."""
    return "".join(f"/{escaped(part)}" for part in location)


def locate(schema: Schema | None, location: Location) -> Place:
    """The place that `location` names in a value of this schema; None takes the location as it stands."""
    if schema is None:
        return Place(joined(location))
    definitions = {}
    if schema["type"] == "definitions":
        definitions = {node["ref"]: node for node in schema["definitions"]}
    return _Walk(definitions).step(schema, location, Place("")) or Place(joined(location))


@dataclass(frozen=True)
class _Walk:
    definitions: Mapping[str, Schema]

    def step(self, node: Schema, rest: Location, place: Place) -> Place | None:
        """Follows `rest` down from this node; None where it does not fit."""
        node = self._unwrapped(node)
        if not rest:
            kinds = tuple(map(str, node["choices"])) if node["type"] == "tagged-union" else ()
            return Place(place.pointer, place.union, place.names, kinds)
        match node["type"]:
            case "model-fields" | "typed-dict":
                return self._into_fields(node, rest, place)
            case "tagged-union":
                choice = node["choices"].get(rest[0])
                return None if choice is None else self.step(choice, rest[1:], place)
            case "union":
                return self._into_union(node, rest, place)
            case "list" | "set" | "frozenset" | "tuple" | "dict":
                return self._into_items(node, rest, place)
            case _:
                return None

    def _into_fields(self, node: Schema, rest: Location, place: Place) -> Place | None:
        names = tuple(node["fields"])
        below = Place(f"{place.pointer}/{escaped(rest[0])}", place.union, names)
        if rest[0] in node["fields"]:
            return self.step(node["fields"][rest[0]], rest[1:], below)
        return below if len(rest) == 1 else None

    def _into_union(self, node: Schema, rest: Location, place: Place) -> Place | None:
        inside = Place(place.pointer, place.pointer if place.union is None else place.union, place.names)
        for choice in node["choices"]:
            member = choice[0] if isinstance(choice, tuple) else choice
            found = self.step(member, rest[1:], inside)
            if found is not None:
                return found
        return None

    def _into_items(self, node: Schema, rest: Location, place: Place) -> Place | None:
        below = Place(f"{place.pointer}/{escaped(rest[0])}", place.union)
        for item in _item_schemas(node):
            found = self.step(item, rest[1:], below)
            if found is not None:
                return found
        return below if len(rest) == 1 else None

    def _unwrapped(self, node: Schema) -> Schema:
        while True:
            if node["type"] == "definition-ref":
                node = self.definitions[node["schema_ref"]]
                continue
            inner = next((node[name] for name in WRAPPED if name in node), None)
            if inner is None:
                return node
            node = inner


def _item_schemas(node: Schema) -> Iterator[Schema]:
    items = node.get("items_schema") or node.get("values_schema") or ()
    yield from (items,) if isinstance(items, Mapping) else items
