"""The control protocol of a running link: queries and commands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pync.core.errors import UsageError
from pync.layers.control import REQUESTS, answer, request


class RecordingLink:
    """A link that records commands."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def listing(self) -> dict[str, Any]:
        return {"listening": True, "faults": [], "connections": []}

    def add(self, fault: str) -> int:
        if fault == "dely=1s":
            raise UsageError("--fault: unknown fault 'dely'; did you mean delay?")
        self.told.append(("add", fault))
        return 3

    def remove(self, number: int | None) -> None:
        self.told.append(("remove", number))

    def kill(self, number: int | None, by: str) -> None:
        self.told.append(("kill", number, by))

    def listens(self, wanted: bool) -> None:
        self.told.append(("listens", wanted))


@pytest.mark.parametrize(
    ("words", "told", "said"),
    [
        ("list", [], {"ok": True, "listening": True, "faults": [], "connections": []}),
        ("", [], {"ok": True, "listening": True, "faults": [], "connections": []}),
        ("add down delay=1s", [("add", "down delay=1s")], {"ok": True, "number": 3}),
        ("remove 3", [("remove", 3)], {"ok": True}),
        ("remove all", [("remove", None)], {"ok": True}),
        ("kill 7", [("kill", 7, "rst")], {"ok": True}),
        ("kill all fin", [("kill", None, "fin")], {"ok": True}),
        ("close", [("listens", False)], {"ok": True}),
        ("open", [("listens", True)], {"ok": True}),
    ],
)
def test_requests(words: str, told: list[object], said: object) -> None:
    link = RecordingLink()
    assert json.loads(answer(request(words.split()), link)) == said
    assert link.told == told


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "the line is not valid JSON"),
        (b"add delay=1s", "the line is not valid JSON"),
        (b"\xff", "the line is not valid JSON"),
        (b"[" * 100_000, "the line is not valid JSON"),
        (b"[1]", "the line is not a JSON object"),
        (b"{}", 'the object has no "do"'),
        (b'{"do": 1}', 'the object has no "do"'),
        (b'{"do": "lst"}', "unknown request 'lst'; known: list, add,"),
        (b'{"do": "add"}', "add: needs a fault"),
        (b'{"do": "add", "fault": 1}', "add: fault: is not text"),
        (b'{"do": "add", "fault": "dely=1s"}', "did you mean delay?"),
        (b'{"do": "list", "number": 1}', "list: unknown field 'number'"),
        (b'{"do": "remove", "number": "x"}', "remove: number: 'x' is not a number; use one, or"),
        (b'{"do": "remove", "number": true}', "is not a number"),
        (b'{"do": "remove", "number": -1}', "is not a number"),
        (b'{"do": "kill", "number": 1, "by": "fire"}', "'fire' is not an end; use rst or fin"),
    ],
)
def test_invalid_request_gets_an_error_in_one_line(line: bytes, error: str) -> None:
    link = RecordingLink()
    said = answer(line, link)
    assert said.count(b"\n") == 1
    assert json.loads(said)["ok"] is False
    assert error in json.loads(said)["error"]
    assert link.told == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["lst"], "unknown request 'lst'"),
        (["add"], "add: needs a fault"),
        (["kill", "1", "fin", "now"], "kill: 'now' is too much"),
        (["kill", "x"], "kill: number: 'x' is not a number"),
    ],
)
def test_invalid_words_are_rejected_before_sending(words: list[str], error: str) -> None:
    with pytest.raises(UsageError) as raised:
        request(words)
    assert error in str(raised.value)


def test_every_request_can_be_made_from_words() -> None:
    values = {"fault": "drop-fin", "number": "1", "by": "fin"}
    for name, (_, fields) in REQUESTS.items():
        assert json.loads(request([name, *(values[field.name] for field in fields)]))["do"] == name
