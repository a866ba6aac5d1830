"""Design rules: allowed imports, the size of modules, and which modules may print.

A rule checks one file and returns its violations. Each rule has a sample that it must
reject and one that it must accept, which proves that the rule can fail.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PYNC = sorted((ROOT / "pync").rglob("*.py"))
SUITE = sorted((ROOT / "conformance").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

#: The layers of pync, from the top: a module may import only from layers below.
LAYERS = (
    "__main__",
    "suite",
    "links",
    "cli",
    "meter",
    "testing",
    "aio",
    "fixtures",
    "faulty_link",
    "library",
    "telnet",
    "dialects",
    "programs",
    "engine",
    "transports",
    "waiting",
    "layers",
    "core",
)

#: The layers of the suite, from the top. The modules at its top level are the uppermost layer.
SUITE_LAYERS = (
    "commands",
    "authoring",
    "batch",
    "doctor",
    "runner",
    "marks",
    "reports",
    "loading",
    "plan",
    "language",
    "profiles",
    "scenario",
    "mutants",
    "reference",
    "faults",
    "clients",
    "targets",
    "core",
)
SUITE_TOP = {
    "__init__",
    "__main__",
    "api",
    "cli",
    "usage",
    "plugin",
    "conftest",
    "test_conformance",
}

#: Lines that a module may have.
MAX_LINES = 320

#: Names that sans-I/O code may neither import nor call. (layers/tls may use ssl.MemoryBIO.)
IO_MODULES = {
    "asyncio",
    "fcntl",
    "io",
    "multiprocessing",
    "select",
    "selectors",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
IO_CALLS = {"open", "print", "input", "os.read", "os.write", "os.open", "os.pipe", "os.system"}

#: Module -> the modules of pync that may import it. readiness.py does all waiting, for the
#: event loop and for the library; stdio.py polls once.
RESERVED = {
    # The locks of _thread need no import of threading; TLS needs some.
    "_thread": {"layered.py"},
    # prompt_toolkit has its own loop in its own thread, which receives the text to show.
    # And the asyncio interface of the library.
    "asyncio": {"editing.py", "testing.py"},
    "concurrent": set[str](),
    "multiprocessing": set[str](),
    "select": {"readiness.py", "stdio.py", "selecting.py"},
    "selectors": {"readiness.py"},
    "threading": {
        "editing.py",
        "interaction.py",
        "interrupt.py",
        "pipe_listener.py",
        "pump.py",
        "resolver.py",
        "pipe_calls.py",
        "selecting.py",
        "service.py",
        "testing.py",
        # A relay that runs in a thread of a Python program.
        "threaded.py",
    },
}

_OWN_NAME = re.compile(r"(pync_)?conformance(\.|$)")
#: Names that differ from the name under which the suite runs: the entry point group in which
#: packages declare profiles, and the name that those profiles import.
_PUBLIC_NAMES = {"conformance.profiles", "pync_conformance"}
_OWN_PATH = re.compile(
    r"\b(pync_)?conformance\.[a-z_]+\b|-m (pync_)?conformance|^pync_conformance$"
)

PRINT_CALLS = {"print", "warnings.warn", "traceback.print_exc", "logging.getLogger"}
#: Its process has no __main__ of its own: that module belongs to the parent.
FORKED = (
    ("conformance", "runner", "workers.py"),
    ("pync", "programs", "shared", "workers.py"),
)
EXIT_CALLS = {"sys.exit", "os._exit", "os.abort", "exit", "quit", "SystemExit"}


class Source(NamedTuple):
    """One file, or a sample in its place."""

    name: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("/"))

    @property
    def tree(self) -> ast.Module:
        return parsed(self.text)


@lru_cache(maxsize=1)
def parsed(text: str) -> ast.Module:
    """The tree of a file; cached, because one rule uses it several times and parsing is slow."""
    return ast.parse(text)


def source_of(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements. (ast.walk() visits the expressions too, which takes ten times longer.)"""
    for blocks in ("body", "handlers", "orelse", "finalbody", "cases"):
        for node in getattr(tree, blocks, ()):
            yield node
            yield from statements(node)


def imports(source: Source) -> Iterator[str]:
    """Absolute names of all imports of a file, including those in functions."""
    package = source.parts[:-1]
    for node in statements(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def names_used(source: Source) -> Iterator[str]:
    """Plain and dotted names that the code of a file uses."""
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield name_of(node)


def name_of(node: ast.AST | None) -> str:
    """The name that an expression consists of: x or x.y; otherwise an empty text."""
    if isinstance(node, ast.Name):
        return node.id if isinstance(node.ctx, ast.Load) else ""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def imports_only_lower_layers(source: Source) -> list[str]:
    here = source.parts[1].removesuffix(".py")
    if here == "__init__":
        return []  # the public interface: it imports from the layers below on first use
    return [
        name
        for name in imports(source)
        if name.startswith("pync.")
        and name.split(".")[1] in LAYERS
        and LAYERS.index(name.split(".")[1]) < LAYERS.index(here)
    ]


def suite_imports_only_lower_layers(source: Source) -> list[str]:
    here = source.parts[1].removesuffix(".py")
    if here in SUITE_TOP:
        return []
    layers = (*SUITE_TOP, *SUITE_LAYERS)
    return [
        name
        for name in imports(source)
        if name.startswith("conformance.")
        and name.split(".")[1] in layers
        and (
            name.split(".")[1] in SUITE_TOP
            or SUITE_LAYERS.index(name.split(".")[1]) < SUITE_LAYERS.index(here)
        )
    ]


def does_no_io(source: Source) -> list[str]:
    if source.parts[1] not in ("core", "layers"):
        return []
    imported = {name.split(".")[0] for name in imports(source)}
    # core/deadline may read the clock.
    allowed = {"time"} if source.parts[-1] == "deadline.py" else set[str]()
    return sorted((imported & IO_MODULES) - allowed | set(names_used(source)) & IO_CALLS)


def has_one_loop(source: Source) -> list[str]:
    imported = {name.split(".")[0] for name in imports(source)}
    return sorted(
        name
        for name, allowed in RESERVED.items()
        if name in imported
        and source.parts[-1] not in allowed
        and not (name == "asyncio" and source.parts[1] == "aio")
    )


def only_cli_writes_messages(source: Source) -> list[str]:
    if source.parts[-1] == "cli.py":
        return []
    stderr = {"sys.stderr", "sys.__stderr__"}
    written = [
        "os.write(2)"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and name_of(node.func) == "os.write"
        and isinstance(node.args[0], ast.Constant)
    ]
    return sorted(set(names_used(source)) & (PRINT_CALLS | stderr)) + written


def does_not_import_typing(source: Source) -> list[str]:
    """Importing typing takes 2 ms; core/typed.py provides what is needed at run time."""
    return [
        ast.unparse(node)
        for node in at_run_time(source.tree)
        if (isinstance(node, ast.Import) and any(name.name == "typing" for name in node.names))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "typing"
            # Type checkers know only typing's own. The library may use it, but no start of pync.
            and {name.name for name in node.names} != {"overload"}
        )
    ]


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes except those for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and name_of(node.test) == "TYPE_CHECKING"):
            yield node
            yield from at_run_time(node)


def only_main_exits(source: Source) -> list[str]:
    if source.parts[-1] == "__main__.py":
        return []
    said = {
        name_of(node.func if isinstance(node, ast.Call) else node.exc)
        for node in ast.walk(source.tree)
        if isinstance(node, (ast.Call, ast.Raise))
    }
    return sorted(said & EXIT_CALLS - ({"os._exit"} if source.parts in FORKED else set()))


def does_not_import_pync(source: Source) -> list[str]:
    return [name for name in imports(source) if name.split(".")[0] == "pync"]


def only_setup_reads_the_config(source: Source) -> list[str]:
    """Programs get small values that one place derives: see pync/programs/setup/."""
    if source.parts[1] != "programs" or source.parts[2] == "setup":
        return []
    return [name for name in imports(source) if name == "pync.core.config.Config"]


def is_not_too_large(source: Source) -> list[str]:
    lines = len(source.text.splitlines())
    return [f"{lines} lines, more than {MAX_LINES}"] if lines > MAX_LINES else []


def only_output_prints(source: Source) -> list[str]:
    """A server under test must not control the CI system: see conformance/core/output.py."""
    if source.name == "conformance/core/output.py":
        return []
    return sorted(
        f"line {node.lineno}: print"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and name_of(node.func) == "print"
    )


def does_not_name_its_own_package(source: Source) -> list[str]:
    """The package is called conformance in a checkout, and pync_conformance when installed.

    Its own imports are relative, and names that it passes on (a plugin, a module to run) are
    derived from __name__. Docstrings do not count.
    """
    texts = [
        node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    docstrings = [
        ast.get_docstring(node, clean=False)
        for node in ast.walk(source.tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
    ]
    absolute = [
        name
        for node in ast.walk(source.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
            if node.level
            else [node.module or ""]
        )
    ]
    return [name for name in absolute if _OWN_NAME.match(name)] + [
        text
        for text in texts
        if _OWN_PATH.search(text) and text not in {*docstrings, *_PUBLIC_NAMES}
    ]


#: Methods of a text that is about to become a number.
TEXT_TESTS = ("isdigit", "isdecimal", "isnumeric")


def only_number_converts_text(source: Source) -> list[str]:
    """int() accepts text that is invalid on a command line: see pync/core/number.py."""
    if source.parts[-1] == "number.py":
        return []
    return sorted(
        f"line {node.lineno}: .{node.attr}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in TEXT_TESTS
    )


def has_a_docstring(source: Source) -> list[str]:
    # Only the first statement is parsed: this rule is for all files.
    first = re.match(r'(?:#.*\n|\s)*(r?"""(?:[^\\]|\\.)*?""")$', source.text, re.MULTILINE)
    return [] if first and ast.literal_eval(first[1]).strip() else ["no docstring"]


class Rule(NamedTuple):
    """A rule for some files, with a sample that breaks it and one that does not."""

    broken: Callable[[Source], list[str]]
    files: list[Path]
    wrong: list[Source]
    right: list[Source]
    #: A file without any of these words cannot break the rule, and is not parsed.
    words: tuple[str, ...] = ()

    def violations(self, source: Source) -> list[str]:
        if self.words and not any(word in source.text for word in self.words):
            return []
        return self.broken(source)


#: Separate programs, not parts of the suite: correct servers and broken ones.
SERVERS = {ROOT / "conformance" / "reference", ROOT / "conformance" / "mutants"}
SUITE_ITSELF = [path for path in SUITE if not SERVERS & set(path.parents)]

RULES = {
    "imports come only from lower layers": Rule(
        imports_only_lower_layers,
        PYNC,
        [
            Source("pync/engine/flow.py", "from ..programs import client"),
            Source("pync/core/errors.py", "from .. import cli"),
            Source("pync/core/errors.py", "def late():\n    import pync.dialects.pync"),
        ],
        [Source("pync/engine/flow.py", "from ..core import errors\nfrom . import loop")],
    ),
    "imports of the suite come only from lower layers": Rule(
        suite_imports_only_lower_layers,
        SUITE,
        [
            Source("conformance/core/message.py", "from ..targets import address"),
            Source("conformance/runner/console.py", "def late():\n    from ..plugin import X"),
        ],
        [
            Source(
                "conformance/runner/console.py", "from ..core import verdict\nfrom . import judge"
            ),
            Source("conformance/reports/form.py", "from .. import __version__"),
        ],
    ),
    "core and layers do no I/O": Rule(
        does_no_io,
        PYNC,
        [
            Source("pync/core/address.py", "import socket"),
            Source("pync/layers/newline.py", "import os\nos.read(0, 1)"),
            Source("pync/layers/newline.py", "def late():\n    open('x')"),
        ],
        [
            Source("pync/layers/tls.py", "import ssl\nssl.MemoryBIO()"),
            Source("pync/transports/tcp.py", "import socket"),
            Source("pync/core/deadline.py", "import time"),
        ],
    ),
    "one event loop, threads only as pumps": Rule(
        has_one_loop,
        PYNC,
        [
            Source("pync/engine/loop.py", "import asyncio"),
            Source("pync/engine/relay.py", "from threading import Thread"),
            Source("pync/programs/server.py", "import selectors"),
        ],
        [
            Source("pync/waiting/readiness.py", "import selectors"),
            Source("pync/transports/pump.py", "import threading"),
        ],
        (*RESERVED,),
    ),
    "only cli.py writes diagnostics": Rule(
        only_cli_writes_messages,
        PYNC,
        [
            Source("pync/engine/relay.py", "print('lost')"),
            Source("pync/engine/relay.py", "import sys\nsys.stderr.write('lost')"),
            Source("pync/engine/relay.py", "import os\nos.write(2, b'lost')"),
        ],
        [
            Source("pync/cli.py", "import sys\nsys.stderr.write('lost')"),
            Source("pync/engine/relay.py", "'print(sys.stderr)'\nos.write(fd, b'')"),
        ],
        ("print", "warn", "getLogger", "stderr", "write"),
    ),
    "only __main__ exits": Rule(
        only_main_exits,
        [*PYNC, *SUITE_ITSELF],
        [
            Source("pync/cli.py", "import sys\nsys.exit(1)"),
            Source("pync/cli.py", "raise SystemExit"),
            Source("conformance/runner/__init__.py", "import os\nos._exit(1)"),
        ],
        [
            Source("pync/__main__.py", "import sys\nsys.exit(1)"),
            Source("pync/cli.py", "exit = exits.OK"),
        ],
        ("exit", "abort", "quit", "SystemExit"),
    ),
    "typing is for type checkers": Rule(
        does_not_import_typing,
        PYNC,
        [
            Source("pync/engine/flow.py", "from typing import NamedTuple"),
            Source("pync/engine/flow.py", "def late():\n    import typing"),
        ],
        [
            Source("pync/engine/flow.py", "if TYPE_CHECKING:\n    from typing import Any"),
            Source("pync/library.py", "from typing import overload"),
        ],
        ("typing",),
    ),
    "the suite runs pync and never imports it": Rule(
        does_not_import_pync,
        SUITE,
        [Source("conformance/clients/terminal.py", "def late():\n    from pync.cli import main")],
        [Source("conformance/clients/terminal.py", "command = [python, '-m', 'pync']")],
        ("pync",),
    ),
    "the suite knows its own name from __name__": Rule(
        does_not_name_its_own_package,
        SUITE,
        [
            Source(
                "conformance/conftest.py", "def late():\n    from conformance.plugin import run"
            ),
            Source("conformance/batch/places.py", "import conformance"),
            Source("conformance/runner/__init__.py", "arguments = ['-p', 'conformance.plugin']"),
            Source("conformance/plan/__init__.py", "words = f'python -m conformance run {target}'"),
            Source("conformance/batch/isolated.py", "_ASK = 'import conformance.batch.plugin'"),
        ],
        [
            Source("conformance/plan/listing.py", '"""Shows conformance.core, in words."""'),
            Source("conformance/runner/__init__.py", "plugin = f'{SUITE}.plugin'"),
            Source("conformance/cli.py", "say('conformance: 3 cases')\nfrom .plan import Plan"),
        ],
        ("conformance",),
    ),
    "only setup reads the Config": Rule(
        only_setup_reads_the_config,
        PYNC,
        [
            Source("pync/programs/scan/sweep.py", "from ...core.config import Config"),
            Source("pync/programs/client.py", "def late():\n from ..core.config import Config"),
        ],
        [
            Source("pync/programs/client.py", "from ..core.config import Endings"),
            Source("pync/programs/setup/network.py", "from ...core.config import Config"),
        ],
        ("Config",),
    ),
    "no module is too large": Rule(
        is_not_too_large,
        [*PYNC, *SUITE],
        [Source("pync/cli.py", "pass\n" * (MAX_LINES + 1))],
        [Source("pync/cli.py", "pass\n" * MAX_LINES)],
    ),
    "text becomes numbers in core/number.py only": Rule(
        only_number_converts_text,
        [path for path in PYNC if path.name != "terminal.py"],
        [Source("pync/dialects/nc/__init__.py", "if word.isdigit():\n    port = int(word)")],
        [
            Source("pync/core/number.py", "text.isdigit()"),
            Source("pync/dialects/nc/__init__.py", "number = whole(word, 65535)"),
        ],
        TEXT_TESTS,
    ),
    "the suite prints in output.py only": Rule(
        only_output_prints,
        # The suite, not a user, reads the output of these two.
        [path for path in SUITE_ITSELF if path.parent.name != "helpers"],
        [Source("conformance/runner/__init__.py", "def late():\n    print(error)")],
        [
            Source("conformance/runner/__init__.py", "say(error)"),
            Source("conformance/core/output.py", "print()"),
        ],
        ("print",),
    ),
    "every file has a docstring": Rule(
        has_a_docstring,
        [*PYNC, *SUITE, *TESTS],
        [
            Source("pync/cli.py", "import os"),
            Source("pync/core/__init__.py", ""),
            Source("pync/cli.py", '# A comment.\nx = """No docstring."""'),
            Source("pync/cli.py", '""" """'),
            Source("pync/cli.py", '"""Not only """.title()'),
        ],
        [
            Source("pync/cli.py", '"""The command."""'),
            Source("pync/cli.py", '#!/usr/bin/env python\nr"""A \\d.\n\nMore."""\nimport os'),
        ],
    ),
}


@pytest.mark.parametrize("rule_name", RULES)
def test_code_follows_the_rule(rule_name: str) -> None:
    rule = RULES[rule_name]
    assert rule.files, "the rule applies to no file"
    found = {source.name: rule.violations(source) for source in map(source_of, rule.files)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("rule_name", RULES)
def test_rule_can_fail(rule_name: str) -> None:
    rule = RULES[rule_name]
    assert [sample for sample in rule.wrong if not rule.violations(sample)] == []
    assert [sample for sample in rule.right if rule.violations(sample)] == []


def test_layers_of_the_suite() -> None:
    top = {path.stem for path in SUITE if path.parent.name == "conformance"}
    folders = {path.relative_to(ROOT).parts[1] for path in SUITE} - {f"{name}.py" for name in top}
    assert (top, folders) == (SUITE_TOP, set(SUITE_LAYERS))


# No import cycles.


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that are part of an import cycle."""
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


def module_of(name: str) -> str:
    return name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


#: Imports for typing only that would close a cycle: (module, imported module) -> the reason.
TYPING_ONLY = {
    ("pync.transports", "pync.transports.listener"): "listen() returns a listener",
    ("pync.telnet.interaction", "pync.telnet"): "interact() is a method in a file of its own",
    ("conformance.plan.proofs", "conformance.plan"): "the cases of a self-test are a plan's",
    (
        "conformance.scenario.requirement",
        "conformance.scenario.session",
    ): "a requirement's scenario takes a session",
    (
        "conformance.scenario.flooding",
        "conformance.scenario.session",
    ): "a session tells whether its server runs",
    (
        "conformance.scenario.profile",
        "conformance.scenario.session",
    ): "a session knows its profile, and a profile says how a client of a session is served",
    (
        "conformance.reference.python.connection",
        "conformance.reference.python.serving",
    ): "a connection knows its server",
    (
        "conformance.reference.python.service",
        "conformance.reference.python.serving",
    ): "a service knows its server",
}

#: Known import cycles, to be removed.
STANDING = {("conformance.clients.piped_terminal", "conformance.clients.terminal")}


def imported_modules(source: Source, names: set[str]) -> set[str]:
    """Modules that a file imports, including those in functions."""
    package = source.parts[:-1]
    found = set()
    for node in statements(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            inner = {f"{module}.{alias.name}" for alias in node.names}
            found |= {name if name in names else module for name in inner}
    return found & names - {module_of(source.name)}


@pytest.mark.parametrize("paths", [PYNC, SUITE], ids=["pync", "conformance"])
def test_no_import_cycles(paths: list[Path]) -> None:
    sources = [source_of(path) for path in paths]
    names = {module_of(source.name) for source in sources}
    edges = {module_of(one.name): imported_modules(one, names) for one in sources}
    assert any(edges.values())
    excepted = {pair for pair in TYPING_ONLY if pair[0] in names}
    for module, other in excepted:
        assert other in edges[module], f"{module} no longer imports {other}"
        edges[module] = edges[module] - {other}
    assert cycles(edges) == []
    for module, other in excepted:
        again = edges | {module: edges[module] | {other}}
        assert cycles(again), f"{module} -> {other} no longer closes a cycle"


def test_imports_for_typing_only_are_not_executed() -> None:
    for module, other in TYPING_ONLY:
        path = ROOT.joinpath(*module.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        source = source_of(file)
        tree = source.tree
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
        assert other not in imported_modules(Source(source.name, ast.unparse(tree)), {other})


def test_import_cycle_is_detected() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a -> b -> c -> a"]
    assert cycles({"a": {"b", "c"}, "b": {"c"}}) == []
    late = Source("pync/core/a.py", "def late():\n    from . import b\nfrom . import c")
    names = {"pync.core", "pync.core.b", "pync.core.c"}
    assert imported_modules(late, names) == {"pync.core.b", "pync.core.c"}


# The unit tests mirror the files of the code.


def mirror(name: str) -> str:
    """The file with the unit tests of a module of pync."""
    *folders, file = name.split("/")[1:]
    if file == "__init__.py":
        file = f"{(folders or ['init'])[-1]}.py"
    return "/".join(["tests", "unit", *folders, f"test_{file}"])


def test_mirror_of_a_module() -> None:
    assert mirror("pync/cli.py") == "tests/unit/test_cli.py"
    assert mirror("pync/core/errors.py") == "tests/unit/core/test_errors.py"
    assert mirror("pync/dialects/__init__.py") == "tests/unit/dialects/test_dialects.py"
    assert mirror("pync/__init__.py") == "tests/unit/test_init.py"


def test_tests_mirror_the_code() -> None:
    # tests/e2e starts __main__; an __init__ with only a docstring is empty.
    code = {
        source.name
        for source in map(source_of, PYNC)
        if source.parts[-1] != "__main__.py" and len(source.tree.body) > 1
    }
    tests = {
        source.name
        for source in map(source_of, TESTS)
        if source.parts[1] == "unit" and source.parts[-1].startswith("test_")
    }
    assert {mirror(name) for name in code} - tests == set(), "modules without tests"
    mirrors = {mirror(source_of(path).name) for path in PYNC}
    assert tests - mirrors == set(), "tests of no module"
