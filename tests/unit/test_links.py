"""install-links: pync under the names of other programs; no other file is replaced."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pync import links
from pync.core.errors import PyncError, UsageError

SUFFIX = ".exe" if sys.platform == "win32" else ""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / f"pync{SUFFIX}"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    (tmp_path / "bin").mkdir()
    return path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("pync install-links bin", True),
        ("pync install-links 80 nc", True),
        ("pync install-links", True),
        # Here, it is the name of a host.
        ("pync install-links 80", False),
        ("pync -v install-links 80", False),
    ],
)
def test_is_meant(words: str, meant: bool) -> None:
    assert links.is_meant(words.split()) is meant


def install(program: Path, *names: str) -> list[str]:
    return links.install([str(program), "install-links", str(program.parent / "bin"), *names])


def test_all_or_some_names(program: Path) -> None:
    folder = program.parent / "bin"
    *lines, last = install(program, "nc")
    assert [path.name for path in folder.iterdir()] == [f"nc{SUFFIX}"]
    assert len(lines) == 1
    assert last == f"{folder} is not in PATH: add it, in your shell's start-up file too"
    install(program)
    names = sorted(path.name.removesuffix(SUFFIX) for path in folder.iterdir())
    assert names == ["nc", "ncat", "telnet"]
    assert all(path.read_text() == "#!/bin/sh\n" for path in folder.iterdir())


def test_existing_link_is_kept(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program.parent / "bin"))
    install(program, "nc")
    [line] = install(program, "nc")
    assert line.endswith("(was there)")


def test_other_files_are_not_replaced(program: Path) -> None:
    other = program.parent / "bin" / f"nc{SUFFIX}"
    other.write_text("theirs")
    with pytest.raises(UsageError, match="exists; remove it first"):
        install(program, "nc")
    assert other.read_text() == "theirs"


def test_errors(program: Path) -> None:
    for words, said in {
        (): "needs a folder",
        ("-x",): "needs a folder",
        (str(program),): "is not a folder",
        (
            str(program.parent),
            "socat",
        ): "'socat' is not one of nc, ncat, telnet, netcat, nc.traditional",
    }.items():
        with pytest.raises(UsageError, match=said):
            links.install([str(program), "install-links", *words])
    missing = program.parent / f"none{SUFFIX}"
    with pytest.raises(UsageError, match="cannot be run"):
        install(missing)


def test_started_as_a_module(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(program.parent / "python"))
    argv = [str(program.parent / "x" / "__main__.py"), "install-links", str(program.parent / "bin")]
    assert str(program) in links.install(argv)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")
def test_system_error(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.symlink", refused)
    with pytest.raises(PyncError, match=r"link .*/nc: permission denied"):
        install(program, "nc")
