"""Makes the schemas of the OpenAPI document what readers and generators of clients can use."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

# Any: a JSON schema is a tree of dictionaries.
Schema: TypeAlias = dict[str, Any]

REF = "#/components/schemas/{model}"
OPTIMIZERS_OF = ("RangeTestSpec", "optimizer")  # schema and property: each kind of them, every field fixed
SCHEDULES_OF = ("SchedulePreview", "schedule")
TABLE = "TableSchedule"
TAKEN = "TakenTable"

# Plain objects where they are read, since they were validated when they were stored, but of these schemas.
OF_A_MODEL = {
    ("Job", "spec"): "JobSpec",
    ("RangeTest", "spec"): "RangeTestSpec",
    ("RefinedSchedule", "schedule"): TABLE,
}


def finish(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """Return the schemas of the components, sorted, with every part typed."""
    found = {name: _rewritten(schema) for name, schema in schemas.items()}
    for (model, name), target in OF_A_MODEL.items():
        _replace(found[model], name, {"$ref": REF.format(model=target)})
    _type_kinds(found)
    return dict(sorted(found.items()))


def _type_kinds(schemas: dict[str, Schema]) -> None:
    """Give the optimizers and schedules of answers the schema of their kind."""
    model, name = OPTIMIZERS_OF
    optimizer = schemas[model]["properties"][name]
    model, name = SCHEDULES_OF
    schedule = schemas[model]["properties"][name]
    for option in optimizer["oneOf"]:
        _drop_rate(schemas[option["$ref"].rpartition("/")[2]])
    for schema in list(schemas.values()):
        for name, kinds in (("optimizer", optimizer), ("schedule", schedule)):
            if schema.get("properties", {}).get(name, {}).get("additionalProperties") is True:
                _replace(schema, name, {"oneOf": kinds["oneOf"], "discriminator": kinds["discriminator"]})
    schemas[TAKEN] = _taken_table(schemas[TABLE])
    taken = {"anyOf": [{"$ref": REF.format(model=TAKEN)}, {"type": "null"}]}
    _replace(schemas["Recommendation"], "taken_schedule", taken)


def _drop_rate(optimizer: Schema) -> None:
    """Drop the default of the learning rate: a generated client would send it to a range test, a 422."""
    fields = optimizer["properties"]
    fields["learning_rate"] = {
        name: value for name, value in fields["learning_rate"].items() if name != "default"
    }


def _taken_table(table: Schema) -> Schema:
    """Return the schema of what a loss-driven schedule took: a table whose factors may exceed 1."""
    properties = dict(table["properties"])
    items = {name: value for name, value in properties["factors"]["items"].items() if name != "maximum"}
    properties["factors"] = properties["factors"] | {
        "items": items,
        "description": "factors of the learning rate; those of `bold_driver` go above 1. A job takes factors "
        "up to 1: divide them by the largest, and multiply the learning rate by it",
    }
    description = "The table that a schedule which follows the losses took in the winner's trial."
    return table | {"title": TAKEN, "description": description, "properties": properties}


def _replace(schema: Schema, name: str, by: Schema) -> None:
    """Give a property another schema under the description that it has."""
    old = schema["properties"][name]
    kept = {word: old[word] for word in ("description",) if word in old}
    schema["properties"][name] = by | kept


def _rewritten(node: Any) -> Any:
    """Return a part of a schema without what generators of clients stumble over."""
    if isinstance(node, list):
        return [_rewritten(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: _rewritten(value) for name, value in node.items() if name not in ("default", "examples")}
    found |= {name: node[name] for name in ("default", "examples") if name in node}
    if "anyOf" in found:
        found["anyOf"] = [_as_choice(option) for option in found["anyOf"]]
    if "properties" in found:
        found["properties"] = {name: _in_words(value) for name, value in found["properties"].items()}
    same = {json.dumps(item, sort_keys=True) for item in found.get("prefixItems", ())}
    if len(same) == 1:
        found["items"] = found["prefixItems"][
            0
        ]  # beside maxItems it allows nothing more, and linters want it
    return found


def _as_choice(option: Any) -> Any:
    """Return a constant of a union as a choice of one: a generated client refuses all else for a constant."""
    if not isinstance(option, dict) or "const" not in option:
        return option
    return {name: value for name, value in option.items() if name != "const"} | {"enum": [option["const"]]}


def _in_words(schema: Any) -> Any:
    """Return a property whose default, an object, stands in its description: generators take none there."""
    if not isinstance(schema, dict) or not isinstance(schema.get("default"), dict):
        return schema
    default = json.dumps(schema["default"])
    described = " ".join(part for part in (schema.get("description"), f"(default: `{default}`)") if part)
    return {name: value for name, value in schema.items() if name != "default"} | {"description": described}
