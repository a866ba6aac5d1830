"""Check a document against one of the JSON schemas in forms/.

The schemas repeat what the specification of each format says about the fields that the suite
writes. The suite must not write a field that is not in the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMS = Path(__file__).with_name("forms")

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}

#: The keywords that this module knows; a schema with another one would be checked incompletely.
_KEYWORDS = frozenset(
    {
        "$comment",
        "additionalProperties",
        "const",
        "enum",
        "items",
        "minimum",
        "minLength",
        "pattern",
        "properties",
        "required",
        "type",
    }
)


def errors(document: Any, name: str) -> list[str]:
    """Return the errors in a document, according to the schema of this name."""
    schema = json.loads((FORMS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return list(_errors(document, schema, "$"))


def _errors(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    assert schema.keys() <= _KEYWORDS, schema.keys() - _KEYWORDS
    kind = schema.get("type")
    if kind is not None and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        yield f"{where}: {value!r} is not of type {kind}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{where}: {value!r} is less than {schema['minimum']}"
    if "minLength" in schema and len(value) < schema["minLength"]:
        yield f"{where}: too short"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: no {name}"
        for name, one in value.items():
            if name in known:
                yield from _errors(one, known[name], f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{where}: unknown field {name}"
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            yield from _errors(one, schema["items"], f"{where}[{number}]")
