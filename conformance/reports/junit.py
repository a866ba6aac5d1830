"""JUnit XML from results.jsonl, for CI systems that read no other format.

Hostile text is kept: characters that XML 1.0 does not allow are written as escapes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .results import Results

#: The characters that XML 1.0 (2.2 Char) does not allow, including lone surrogates.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FAILURES = {"FAIL": "failure", "FLAKY": "failure", "XPASS": "failure", "ERROR": "error"}
_SKIPS = frozenset({"SKIP", "XFAIL"})


def write_junit(path: Path, results: Results) -> None:
    """Write one suite with a case for each judged requirement and transport."""
    rows = results.results
    faults = results.footer["faults"]
    suite = ElementTree.Element(
        "testsuite",
        name=f"conformance of {_clean(str(results.header['target']))}",
        tests=str(len(rows) + len(faults)),
        failures=str(sum(_FAILURES.get(row["verdict"]) == "failure" for row in rows)),
        errors=str(sum(row["verdict"] == "ERROR" for row in rows) + len(faults)),
        skipped=str(sum(row["verdict"] in _SKIPS for row in rows)),
        time=f"{sum(row['seconds'] for row in rows):.3f}",
        timestamp=str(results.header["written"]).rstrip("Z"),
    )
    for row in rows:
        _add_case(suite, row, results.header.get("file", ""))
    for fault in faults:
        case = ElementTree.SubElement(suite, "testcase", classname="suite", name="fault")
        ElementTree.SubElement(case, "error", message=_clean(fault.splitlines()[0])).text = _clean(
            fault
        )
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add_case(suite: ElementTree.Element, row: dict[str, Any], file: str) -> None:
    name = f"{row['id']} {row['mutant']}" if "mutant" in row else str(row["id"])
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{row['profile']}.{row['transport']}",
        name=_clean(name),
        time=f"{row['seconds']:.3f}",
    )
    if file:
        # The file in the repository that the target runs; GitLab makes a link to it.
        case.set("file", _clean(file))
    properties = ElementTree.SubElement(case, "properties")
    for key in ("level", "clause", "verdict", "signature"):
        ElementTree.SubElement(properties, "property", name=key, value=_clean(str(row[key])))
    first = _clean((str(row["message"]).splitlines() or [""])[0])
    verdict = row["verdict"]
    if verdict in _FAILURES:
        element = ElementTree.SubElement(
            case, _FAILURES[verdict], message=first, type=_clean(row["signature"] or verdict)
        )
        element.text = _clean(row["message"])
    elif verdict in _SKIPS:
        ElementTree.SubElement(case, "skipped", message=first)
    elif verdict == "WARN":
        ElementTree.SubElement(case, "system-out").text = _clean(f"WARN {row['message']}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: ascii(found.group(0))[1:-1], text)
