"""Changes to the schemas of the OpenAPI document for readers and for generators of clients."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

# Any: a JSON schema is a tree of dictionaries.
Schema: TypeAlias = dict[str, Any]

REF = "#/components/schemas/{model}"
# (schema, property) whose type is the union of all kinds with every field fixed.
OPTIMIZERS_OF = ("RangeTestSpec", "optimizer")
SCHEDULES_OF = ("SchedulePreview", "schedule")
TABLE = "TableSchedule"
REALISED_TABLE = "TakenTable"

# (schema, property) -> the schema of its value. The models declare plain objects, as stored values need no
# second validation.
PLAIN_OBJECT_SCHEMAS = {
    ("Job", "spec"): "JobSpec",
    ("RangeTest", "spec"): "RangeTestSpec",
    ("RefinedSchedule", "schedule"): TABLE,
}


def finish(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """Return the schemas of the components, sorted, with every part typed."""
    rewritten = {name: _rewritten(schema) for name, schema in schemas.items()}
    for (model, name), target in PLAIN_OBJECT_SCHEMAS.items():
        _replace(rewritten[model], name, {"$ref": REF.format(model=target)})
    _type_kinds(rewritten)
    return dict(sorted(rewritten.items()))


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
    schemas[REALISED_TABLE] = _realised_table(schemas[TABLE])
    realised = {"anyOf": [{"$ref": REF.format(model=REALISED_TABLE)}, {"type": "null"}]}
    _replace(schemas["Recommendation"], "taken_schedule", realised)


def _drop_rate(optimizer: Schema) -> None:
    """Drop the default of the learning rate: generated clients send it, and a range test refuses it (422)."""
    fields = optimizer["properties"]
    fields["learning_rate"] = {
        name: value for name, value in fields["learning_rate"].items() if name != "default"
    }


def _realised_table(table: Schema) -> Schema:
    """Return the schema of the factors that a loss-driven schedule took: a table with factors above 1."""
    properties = dict(table["properties"])
    items = {name: value for name, value in properties["factors"]["items"].items() if name != "maximum"}
    properties["factors"] = properties["factors"] | {
        "items": items,
        "description": "factors of the learning rate; factors of `bold_driver` exceed 1. A job takes factors "
        "up to 1: divide all factors by the largest, and multiply the learning rate by the largest",
    }
    description = (
        "The factors that a loss-driven schedule took in the trial of the recommended configuration."
    )
    return table | {"title": REALISED_TABLE, "description": description, "properties": properties}


def _replace(schema: Schema, name: str, by: Schema) -> None:
    """Replace the schema of a property and keep its description."""
    old = schema["properties"][name]
    kept = {word: old[word] for word in ("description",) if word in old}
    schema["properties"][name] = by | kept


def _rewritten(node: Any) -> Any:
    """Return a part of a schema in a form that generators of clients accept."""
    if isinstance(node, list):
        return [_rewritten(item) for item in node]
    if not isinstance(node, dict):
        return node
    part = {name: _rewritten(value) for name, value in node.items() if name not in ("default", "examples")}
    part |= {name: node[name] for name in ("default", "examples") if name in node}
    if "anyOf" in part:
        part["anyOf"] = [_as_choice(option) for option in part["anyOf"]]
    if "properties" in part:
        part["properties"] = {
            name: _default_in_description(value) for name, value in part["properties"].items()
        }
    same = {json.dumps(item, sort_keys=True) for item in part.get("prefixItems", ())}
    if len(same) == 1:
        # Linters demand `items`; beside `maxItems` it allows no further entries.
        part["items"] = part["prefixItems"][0]
    return part


def _as_choice(option: Any) -> Any:
    """Return a constant in a union as an enum of one value: a generated client refuses other members else."""
    if not isinstance(option, dict) or "const" not in option:
        return option
    return {name: value for name, value in option.items() if name != "const"} | {"enum": [option["const"]]}


def _default_in_description(schema: Any) -> Any:
    """Return a property with a default object moved to its description: generators refuse such a default."""
    if not isinstance(schema, dict) or not isinstance(schema.get("default"), dict):
        return schema
    default = json.dumps(schema["default"])
    described = " ".join(part for part in (schema.get("description"), f"(default: `{default}`)") if part)
    return {name: value for name, value in schema.items() if name != "default"} | {"description": described}
