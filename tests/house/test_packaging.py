"""Packaging: commands, data files, one version, and no other files at the top level."""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import conformance
import pync.cli

from ..tree import ROOT, tracked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]

#: All files that may be at the top level, except for dot-folders.
TOP = {
    *("pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md"),
    *("MANIFEST.in", "Dockerfile"),
    *("pync", "conformance", "tests", "docs"),
}


def test_no_other_file_is_at_the_top_level() -> None:
    assert {name.split("/")[0] for name in tracked() if name[0] != "."} - {"examples"} == TOP


def test_package_description_has_no_relative_links() -> None:
    text = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]*)\)|(?:src|href)=\"([^\"]*)", text)
    assert [link for pair in links for link in pair if link and "://" not in link] == []


def folder_of(package: str) -> str:
    """The folder of a package's code, according to package-dir."""
    top, dot, rest = package.partition(".")
    folders: dict[str, str] = PYPROJECT["tool"]["setuptools"]["package-dir"]
    return (folders.get(top, top) + dot + rest).replace(".", "/")


def test_every_folder_of_code_is_shipped() -> None:
    packages = PYPROJECT["tool"]["setuptools"]["packages"]
    code = [Path(name) for name in tracked() if name.endswith(".py")]
    ours = {path.parent.as_posix() for path in code if path.parts[0] in ("pync", "conformance")}
    assert sorted(map(folder_of, packages)) == sorted(ours)


def test_suite_is_installed_under_its_own_name() -> None:
    packages = PYPROJECT["tool"]["setuptools"]["packages"]
    assert {name.partition(".")[0] for name in packages} == {"pync", "pync_conformance"}
    # A pytest plugin with an entry point is loaded by pytest in every project.
    assert "entry-points" not in PROJECT


def unshipped(names: list[str], package_data: dict[str, list[str]]) -> list[str]:
    """The files of the packages that are neither code nor package data."""
    return [
        name
        for name in names
        if name.split("/")[0] in ("pync", "conformance")
        and not name.endswith(".py")
        and not any(
            fnmatch(name, f"{folder_of(package)}/{pattern}")
            for package, patterns in package_data.items()
            for pattern in patterns
        )
    ]


def test_every_data_file_is_shipped() -> None:
    assert unshipped(tracked(), PYPROJECT["tool"]["setuptools"]["package-data"]) == []


def test_missing_data_file_is_detected() -> None:
    assert unshipped(["pync/words.txt", "pync/cli.py"], {"pync": ["*.md"]}) == ["pync/words.txt"]


def test_every_folder_of_code_is_a_package() -> None:
    folders = {Path(name).parent for name in tracked() if name.endswith(".py")}
    code = [folder for folder in folders if folder.parts[0] in ("pync", "conformance")]
    assert [str(folder) for folder in code if not (ROOT / folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("command", PROJECT["scripts"])
def test_commands_are_installed(command: str) -> None:
    module, _, function = PROJECT["scripts"][command].partition(":")
    assert callable(getattr(import_module(module), function))


def test_there_is_one_version() -> None:
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "pync.core.VERSION"}
    assert pync.core.VERSION == pync.__version__ == conformance.__version__


def test_pync_has_no_other_dependency() -> None:
    assert PROJECT["dependencies"] == []


def unpinned(needs: list[str], constraints: str) -> set[str]:
    """The requirements whose version the constraints do not pin."""
    pinned = set(re.findall(r"^([\w-]+)==", constraints.replace("_", "-"), re.MULTILINE))
    return {re.split(r"[^\w-]", need)[0] for need in needs} - pinned - {"pync-nc"}


def test_every_requirement_is_pinned() -> None:
    constraints = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    extras = [need for needs in PROJECT["optional-dependencies"].values() for need in needs]
    needs = [*PYPROJECT["build-system"]["requires"], *PROJECT["dependencies"], *extras]
    assert unpinned(needs, constraints) == set()


def test_unpinned_requirement_is_detected() -> None:
    assert unpinned(["mypy>=1", "ruff>=0.6"], "ruff==0.6.1\n") == {"mypy"}
