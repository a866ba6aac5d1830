"""The JSON schema of profile files accepts what the suite accepts."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from conformance.language.schema import schema

from .judging import ROOT
from .test_language_mistakes import FILES, REQUIREMENT, SESSION, SOURCES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
}

#: Mistakes that an editor can find: wrong keys, wrong types and missing values.
SEEN = re.compile(
    r"unknown key|must be|has no (id|clause|steps|command)|one of must and should|valid id"
)


def wrong(value: Any, form: dict[str, Any]) -> str:
    """Return the errors in a value; only the part of JSON schema that profile.schema.json uses."""
    names = form.get("type", [])
    kinds = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    if kinds and not any(isinstance(value, kind) for kind in kinds):
        return f"{value!r} is not of type {form['type']}"
    for key in ("anyOf", "oneOf"):
        fits = [not wrong(value, one) for one in form.get(key, [])]
        if fits and (not any(fits) or (key == "oneOf" and sum(fits) != 1)):
            return f"{key}: {value!r}"
    if isinstance(value, str):
        short = len(value) < form.get("minLength", 0)
        return value if short or not re.search(form.get("pattern", ""), value) else ""
    if isinstance(value, list):
        if len(value) < form.get("minItems", 0):
            return "too few"
        return next(filter(None, (wrong(one, form.get("items", {})) for one in value)), "")
    if isinstance(value, dict):
        missing = [key for key in form.get("required", ()) if key not in value]
        if missing:
            return f"{missing[0]} is missing"
        for key, one in value.items():
            known = form.get("properties", {}).get(key, form.get("additionalProperties", {}))
            if known is False:
                return f"unknown key {key}"
            if found := wrong(one, known):
                return found
    return ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_correct_files_are_accepted(path: Any) -> None:
    assert wrong(tomllib.loads(path.read_text(encoding="utf-8")), schema()) == ""


@pytest.mark.parametrize("name", [one for one in FILES if SEEN.search(FILES[one])])
def test_schema_rejects_what_the_suite_rejects(name: str) -> None:
    text = name.partition("\n")[2].replace("SESSION\n", SESSION)
    text = (text + "\n").replace("REQUIREMENT\n", REQUIREMENT)
    assert wrong(tomllib.loads(text), schema())


def test_schema_is_json_and_every_key_is_described() -> None:
    path = ROOT / "conformance" / "docs" / "profile.schema.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert all(one["description"].endswith(".") for one in found["properties"].values())
