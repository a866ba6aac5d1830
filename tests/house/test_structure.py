"""The laws of the house: what may import what, how large a room may be, who may speak."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYNC = sorted((ROOT / "pync").rglob("*.py"))
SUITE = sorted((ROOT / "conformance").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
OURS = [*PYNC, *SUITE, *TESTS]

#: pync's storeys, from the top: imports only point down.
STOREYS = (
    "__main__",
    "cli",
    "library",
    "dialects",
    "programs",
    "engine",
    "transports",
    "layers",
    "core",
)

#: Lines that a module may have.
LARGEST = 320


def storey(path: Path) -> str:
    return path.relative_to(ROOT / "pync").parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, also inside functions."""
    return imports_of(path.read_text(encoding="utf-8"), package_of(path))


def package_of(path: Path) -> list[str]:
    return list(path.relative_to(ROOT).parent.parts)


def imports_of(source: str, package: list[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module or ""]).rstrip(".")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def points_up(source: str, package: list[str], here: str) -> list[str]:
    """The imports of a file that do not point down."""
    wrong = []
    for name in imports_of(source, package):
        parts = name.split(".")
        if parts[0] != "pync" or len(parts) < 2 or parts[1] not in STOREYS:
            continue
        if STOREYS.index(parts[1]) < STOREYS.index(here):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("path", PYNC, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_point_down(path: Path) -> None:
    here = storey(path)
    if here == "__init__":
        return  # the face, lazy
    assert points_up(path.read_text(encoding="utf-8"), package_of(path), here) == []


def test_an_import_that_points_up_is_seen() -> None:
    assert points_up("from ..programs import client", ["pync", "engine"], "engine")
    assert points_up("from .. import cli\nimport pync.dialects", ["pync", "core"], "core")
    assert not points_up("from ..core import errors", ["pync", "engine"], "engine")


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that import themselves in a circle."""
    found, done = [], set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found.append(" -> ".join([*path[path.index(name) :], name]))
            return
        if name in done:
            return
        for other in sorted(edges.get(name, ())):
            visit(other, (*path, name))
        done.add(name)

    for name in sorted(edges):
        visit(name, ())
    return found


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def code_of(path: Path) -> str:
    """The file without comments and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.unparse(tree)


def top_level(path: Path) -> ast.Module:
    """The file without function bodies and without imports for type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [
        node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.If, ast.ClassDef))
    ]
    return tree


@pytest.mark.parametrize("paths", [PYNC, SUITE], ids=["pync", "conformance"])
def test_no_module_imports_itself_in_a_circle(paths: list[Path]) -> None:
    names = {module_of(path) for path in paths}
    edges = {
        module_of(path): {
            name
            for name in imports_of(ast.unparse(top_level(path)), package_of(path))
            if name in names and name != module_of(path)
        }
        for path in paths
    }
    # A package's own __init__ hands names on; what it imports is below it.
    packages = {module_of(path) for path in paths if path.name == "__init__.py"}
    edges = {name: {to for to in found if to not in packages} for name, found in edges.items()}
    assert cycles(edges) == []


def test_a_circle_is_seen() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a -> b -> c -> a"]
    assert cycles({"a": {"b", "c"}, "b": {"c"}}) == []


#: What sans-I/O code does not import.
IO_MODULES = {"socket", "select", "selectors", "subprocess", "threading", "asyncio", "signal"}


@pytest.mark.parametrize(
    "path",
    [path for path in PYNC if storey(path) in ("core", "layers")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_core_and_layers_do_no_io(path: Path) -> None:
    assert IO_MODULES.isdisjoint(imports(path))
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(open|os\.(read|write|open)|print)\(", source)


@pytest.mark.parametrize("path", PYNC, ids=lambda path: str(path.relative_to(ROOT)))
def test_one_event_loop_and_threads_only_as_pumps(path: Path) -> None:
    used = set(imports(path))
    assert "asyncio" not in used
    if path.name != "pump.py":
        assert "threading" not in used
    if "selectors" in used:
        assert path.name in ("loop.py", "conn.py", "datagram.py")


@pytest.mark.parametrize("path", SUITE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_suite_runs_pync_and_never_imports_it(path: Path) -> None:
    assert not any(name.split(".")[0] == "pync" for name in imports(path))


@pytest.mark.parametrize("path", PYNC, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_speaks_and_only_main_exits(path: Path) -> None:
    source = code_of(path)
    if path.name != "cli.py":
        assert not re.search(r"\bprint\(|sys\.stderr|os\.write\(2", source)
    if path.name != "__main__.py":
        assert not re.search(r"sys\.exit\(|os\._exit\(|raise SystemExit", source)


@pytest.mark.parametrize("path", [*PYNC, *SUITE], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_is_not_too_large(path: Path) -> None:
    if path.parent.name == "mutants":
        return  # lists of small faults
    if path.name == "wire.py":
        return
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LARGEST


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_what_it_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source)), "no docstring"


@pytest.mark.parametrize(
    "path",
    [path for path in PYNC if path.name not in ("__init__.py", "__main__.py")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_tests_mirror_the_code(path: Path) -> None:
    relative = path.relative_to(ROOT / "pync")
    mirror = ROOT / "tests" / "unit" / relative.parent / f"test_{relative.name}"
    assert mirror.exists(), f"{mirror.relative_to(ROOT)} is missing"
