"""The JSON pointer of a validation error, found by following the schema.

A location of pydantic holds field names, list indices, the tags of tagged unions and the labels of the
members of plain unions. A pointer holds names and indices alone. A tag may equal a field's name, so only
the schema can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Location: TypeAlias = Sequence[str | int]
# Any: a core schema is a tree of dictionaries, typed by pydantic for each of its hundred kinds of node.
Schema: TypeAlias = Mapping[str, Any]

WRAPPED_NODE_KEYS = ("schema", "lax_schema", "python_schema")  # keys under which a node keeps its inner node


@dataclass(frozen=True)
class Place:
    """The place of a fault in a request.

    pointer: JSON pointer to the fault.
    union: pointer of the outermost plain union above the fault; None without one. Each member of such a
        union reports a fault of its own.
    names: field names of the object in which the last part of the pointer was looked up.
    kinds: tags of the tagged union at which the fault lies; empty if it lies elsewhere.
    """

    pointer: str
    union: str | None = None
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def escaped(part: str | int) -> str:
    """Return a name or an index, escaped as a part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def joined(location: Location) -> str:
    """Return the JSON pointer of a location, every part included."""
    return "".join(f"/{escaped(part)}" for part in location)


def locate(schema: Schema | None, location: Location) -> Place:
    """Return the place that `location` names in a value of this schema.

    Without a schema, or if the location does not fit the schema, the pointer has every part of the location.
    """
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
        """Return the place that `rest` names below this node; None if `rest` does not fit the node."""
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
        members = (choice[0] if isinstance(choice, tuple) else choice for choice in node["choices"])
        return self._first_step(members, rest[1:], inside)

    def _into_items(self, node: Schema, rest: Location, place: Place) -> Place | None:
        below = Place(f"{place.pointer}/{escaped(rest[0])}", place.union)
        items = node.get("items_schema") or node.get("values_schema") or ()
        nodes = (items,) if isinstance(items, Mapping) else items
        return self._first_step(nodes, rest[1:], below) or (below if len(rest) == 1 else None)

    def _first_step(self, nodes: Iterable[Schema], rest: Location, place: Place) -> Place | None:
        return next(filter(None, (self.step(node, rest, place) for node in nodes)), None)

    def _unwrapped(self, node: Schema) -> Schema:
        while True:
            if node["type"] == "definition-ref":
                node = self.definitions[node["schema_ref"]]
                continue
            inner = next((node[name] for name in WRAPPED_NODE_KEYS if name in node), None)
            if inner is None:
                return node
            node = inner
