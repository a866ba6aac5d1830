"""The JSON schema of a profile's file, for editors, made from the tables of fields.py.

``make docs`` writes it to conformance/docs/profile.schema.json.
"""

from __future__ import annotations

import json
from typing import Any

from . import fields
from .fields import Fields
from .tables import WORDS


def schema() -> dict[str, Any]:
    """Return the schema of the whole file."""
    top = _table(fields.TOP)
    parts = top["properties"]
    parts["parameters"] |= {"additionalProperties": _parameter()}
    parts["deadlines"] |= {"additionalProperties": {"type": "string", "pattern": _TIME}}
    parts["patterns"] |= {"additionalProperties": fields.TEXT.schema}
    parts["steps"] |= {"additionalProperties": fields.STEPS.schema}
    parts["session"] |= _table(fields.SESSION, ["serve"])
    parts["requirement"] |= {"items": _requirement(), "minItems": 1}
    parts["mutants"] |= {"additionalProperties": _table(fields.MUTANT, ["command"])}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A profile for pync-conformance",
        **top,
        "required": ["session", "requirement"],
    }


_TIME = r"^\d+(\.\d+)?(ms|s|m)$"


def _requirement() -> dict[str, Any]:
    table = _table(fields.REQUIREMENT, ["id", "clause", "steps"])
    table["properties"]["id"]["pattern"] = f"^{WORDS.pattern}$"
    table["properties"]["skip"] |= {"items": _table(fields.SKIP, list(fields.SKIP))}
    return {**table, "oneOf": [{"required": ["must"]}, {"required": ["should"]}]}


def _parameter() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, _table(fields.PARAMETER, ["default"])]}


def _table(known: Fields, required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key: {"description": field.about, **field.form.schema} for key, field in known.items()
        },
        **({"required": required} if required else {}),
    }


def page() -> str:
    """Return the content of the schema's file."""
    return json.dumps(schema(), indent=2) + "\n"
