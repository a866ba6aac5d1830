"""``pync conformance`` runs the suite, unless it is the name of a host."""

from __future__ import annotations

from pathlib import Path

import pytest

import conformance.commands
from pync import suite
from pync.core import SUITE_COMMANDS


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("pync conformance run ref:python", True),
        ("/usr/bin/pync conformance doctor", True),
        ("/x/pync/__main__.py conformance list", True),
        ("C:PYNC.EXE conformance --help", True),
        ("pync conformance", True),
        # Here, it is the name of a host.
        ("pync conformance 80", False),
        ("pync conformance http", False),
        ("pync -v conformance 80", False),
        ("pync localhost run", False),
        ("nc conformance run", False),
        ("ncat.exe conformance list", False),
        ("telnet conformance", False),
    ],
)
def test_is_meant(words: str, meant: bool) -> None:
    assert suite.is_meant(words.split()) is meant


def test_other_dialects_have_no_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYNC_AS", "nc")
    assert not suite.is_meant(["pync", "conformance", "run"])
    monkeypatch.setenv("PYNC_AS", "pync")
    assert suite.is_meant(["pync", "conformance", "run"])


def test_known_commands_are_those_of_the_suite() -> None:
    assert set(SUITE_COMMANDS) == set(conformance.commands.COMMANDS)


def test_missing_suite_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "__file__", str(tmp_path / "pync" / "suite.py"))
    assert suite.run("conformance") == 2
    said = capfd.readouterr().err
    assert said.startswith("pync: the conformance suite is not in this copy of pync: ")
    assert said.count("\n") == 1
