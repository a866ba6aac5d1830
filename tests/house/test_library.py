"""The documentation of the library is correct: the types in examples, and the names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pync
import pync.telnet

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def examples() -> dict[str, str]:
    """Every example of the library, by its place in the documents."""
    found = {
        f"guide_{number}": block
        for number, block in enumerate(
            re.findall(r"```python\n(.*?)```", README + GUIDE, re.DOTALL)
        )
    }
    for module in (pync, pync.telnet):
        blocks = re.findall(r"\n\n((?:    .*\n|\n)+)", module.__doc__ or "")
        found[module.__name__.replace(".", "_")] = textwrap.dedent("\n".join(blocks))
    return found


#: Code of a typed program; a line that must be rejected says so.
EXPECTED = """
from typing import assert_type

def types(listener: pync.Listener) -> None:
    assert_type(pync.dial("tcp://h:1", pync.TcpConn), pync.TcpConn)
    assert_type(pync.dial("udp://h:1", pync.DatagramConn).recv(1), bytes)
    pync.dial("h:1").send_eof()
    pync.dial("h:1", pync.Conn).send_eof()  # type: ignore[attr-defined]
    pync.dial("h:1", str)  # type: ignore[type-var]
    pync.dial("h:1", timeot=5)  # type: ignore[call-overload]
    listener.accept().send_eof()
    with pync.dial("h:1", pync.TcpConn) as conn:
        assert_type(conn, pync.TcpConn)
    assert_type(conn.peer.port, int)
    with pync.telnet.dial("h") as tn:
        assert_type(tn, pync.telnet.Telnet)
        assert_type(tn.read_until(pync.telnet.IAC), bytes)
"""


def test_examples_pass_the_type_check(tmp_path: Path) -> None:
    """Check them as a user of the installed package does, which is typed (py.typed)."""
    found = examples()
    assert len(found) >= 5
    for name, code in found.items():
        imported = "" if "import" in code else "import pync\n"
        (tmp_path / f"example_{name}.py").write_text(imported + code, encoding="utf-8")
    (tmp_path / "expected.py").write_text(
        "import pync\n" + EXPECTED.replace("typing import", "typing_extensions import"),
        encoding="utf-8",
    )
    config = tmp_path / "mypy.ini"
    # mypy reports no errors inside an installed package; it only uses its types.
    config.write_text(
        f"[mypy]\nstrict = true\nmypy_path = {ROOT}\n[mypy-pync.*]\nfollow_imports = silent\n",
        encoding="utf-8",
    )
    # A cache of its own: with these options mypy would check again what make check has cached.
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'library'}"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", config, cache, *tmp_path.glob("*.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def attributes(code: str) -> set[str]:
    """The names of pync that a piece of code uses."""
    return {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "pync"
    }


def test_documented_and_exported_names_are_the_same() -> None:
    table = GUIDE.partition("| name | what it is |")[2].partition("\n\n")[0]
    # (The second column of a row may name errors, too.)
    rows = [row for row in table.splitlines()[2:] if row]
    named = set(re.findall(r"`([A-Za-z]+)`", "".join(row.split("|")[1] for row in rows)))
    named |= set(re.findall(r"`([A-Z]\w*Error)`", table))
    assert named == set(pync.__all__)
    used = set().union(*map(attributes, examples().values()))
    used |= set(re.findall(r"\bpync\.([A-Za-z]\w*)", re.sub(r"```.*?```", "", GUIDE)))
    # (It needs pytest, so only its users import it.)
    assert used - set(pync.__all__) == {"fixtures"}
