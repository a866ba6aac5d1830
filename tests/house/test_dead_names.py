"""No name in pync/ is defined and never used.

A name counts as used if pync/ reads a name or an attribute with the same spelling, or imports it.
The check knows no types: it misses some unused names, but never reports a used one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYNC = sorted((ROOT / "pync").rglob("*.py"))

#: Names that are used outside pync/: name -> the user.
FOR_OTHERS = {
    "WORKED_OUT": "the tests that compare the options with the fields of Config",
    **dict.fromkeys(
        ("makefile", "recv_exactly", "recv_until", "send_line"),
        "the library's users: connections",
    ),
    **dict.fromkeys(("read1", "readinto", "readinto1"), "io, whose methods they are"),
    "dial_options": "unpacked with the rest of its tuple",
    "ERROR_INVALID_PARAMETER": "callers of connect(), which raises it; the tests of pipes",
    "cooked_mode": "prompt_toolkit, whose method it replaces",
    **dict.fromkeys(
        ("debug", "disable_auth", "encrypt", "no_rc"), "options of telnet that change nothing here"
    ),
}

#: pync.telnet has telnetlib's complete interface; the others are for users' tests.
INTERFACES = ("pync/telnet/", "pync/testing.py", "pync/faulty_link.py", "pync/fixtures.py")

#: Names that Python itself or ctypes reads.
PROTOCOL = {"__slots__", "_fields_"}


def defined(tree: ast.AST) -> Iterator[str]:
    """Names of all definitions at module or class level, and of attributes."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            yield from in_body(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            of = node.value
            if isinstance(of, ast.Name) and of.id == "self":
                yield node.attr


def in_body(scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Names that a module or a class defines."""
    for node in scope.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for name in ast.walk(node):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    yield name.id


def used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from names_in(node.value)


def names_in(text: str) -> Iterator[str]:
    """Names in a string (for getattr, in __all__), or in a quoted annotation."""
    if text.isidentifier():
        yield text
        return
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return
    yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def dead(sources: dict[str, str]) -> list[str]:
    trees = {name: ast.parse(text) for name, text in sources.items()}
    alive = {name for tree in trees.values() for name in used(tree)}
    return sorted(
        {
            f"{file}: {name}"
            for file, tree in trees.items()
            for name in defined(tree)
            if name not in alive and not (name.startswith("__") and name.endswith("__"))
        }
    )


def test_every_name_is_used() -> None:
    sources = {path.relative_to(ROOT).as_posix(): path.read_text() for path in PYNC}
    found = dead(sources)
    assert [
        one
        for one in found
        if not one.startswith(INTERFACES) and one.split(": ")[1] not in {*FOR_OTHERS, *PROTOCOL}
    ] == []
    assert set(FOR_OTHERS) <= {one.split(": ")[1] for one in found}, "exceptions not needed"


def test_unused_name_is_detected() -> None:
    text = "LIMIT = 1\nclass A:\n    def used(self): self.gone = LIMIT\n    def spare(self): ...\n"
    assert dead({"a.py": text, "b.py": "from a import A\nA().used()"}) == [
        "a.py: gone",
        "a.py: spare",
    ]
