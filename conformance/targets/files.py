r"""Target files (``@FILE.toml``, ``@FILE.toml#NAME``): targets and their options in a file.

    [targets.slides]
    command = "node server.js {port}"        # or address = "tcp://..."
    profiles = ["echo"]
    set = {greeting = 'Hello client!\n'}      # C escapes, as in SET

A file with one target may leave out ``[targets.NAME]``. Unknown keys are refused: a
misspelt key would silently change the verdict.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..core import toml
from ..core.line import parse_line
from ..core.nearest import meant
from ..core.paths import is_path
from ..core.verdict import WrongUsage
from .grammar import AddressTarget, parse_target

#: How long a started server lives: for one scenario, or for all scenarios of a worker.
SCOPES = ("scenario", "worker")


#: Tables that apply to all targets of a file.
CLASS_TABLES = ("limits", "grade")


class TargetFile(NamedTuple):
    """One target of a file. Its paths are relative to the file's folder."""

    name: str
    target: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    profiles: tuple[str, ...] = ()
    at: str | None = None
    settings: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    directory: str | None = None
    expect: str | None = None
    client: str | None = None
    level: str | None = None
    deadline: float | None = None
    scope: str = "scenario"
    load: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def read_target(text: str) -> TargetFile:
    """Read ``@FILE`` or ``@FILE#NAME``.

    Raises WrongUsage, which names the wrong key.
    """
    path, _, name = text.removeprefix("@").partition("#")
    targets = read_targets(path)
    if name:
        if name not in targets:
            near = meant(name, targets) or f" (there are {', '.join(targets)})"
            raise WrongUsage(f"TARGET {text!r}: no such target{near}")
        return targets[name]
    if len(targets) != 1:
        raise WrongUsage(f"TARGET {text!r}: name one of its targets: @{path}#{next(iter(targets))}")
    return next(iter(targets.values()))


def read_targets(path: str) -> dict[str, TargetFile]:
    """Return all targets of a file, by name.

    Raises WrongUsage.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return _read_targets(path)
    # Each target of a class calls this: hundreds of targets would each parse the same file.
    return dict(_kept_targets(path, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size))


@functools.lru_cache(maxsize=1)
def _kept_targets(path: str, *_changes: int) -> dict[str, TargetFile]:
    return _read_targets(path)


def _read_targets(path: str) -> dict[str, TargetFile]:
    document = _read(path)
    named = document.get("targets")
    for table in CLASS_TABLES:
        document.pop(table, None)
    if named is None:
        return {Path(path).stem: _target(path, Path(path).stem, document)}
    others = sorted(set(document) - {"targets"})
    if others or not isinstance(named, dict) or not named:
        what = repr(others[0]) if others else "'targets'"
        raise WrongUsage(f"TARGET @{path}: {what} does not belong beside [targets.NAME]")
    return {name: _target(path, name, table) for name, table in named.items()}


def read_grade(path: str) -> Any:
    """Return the table [grade] of a file, unchanged; None if there is none."""
    return _read(path).get("grade")


def read_limits(path: str) -> dict[str, Any]:
    """Return the limits that a file sets for each of its targets. Raises WrongUsage."""
    limits = _read(path).get("limits", {})
    where = f"TARGET @{path}: limits"
    if not isinstance(limits, dict):
        raise WrongUsage(f"{where}: write [limits]")
    for key, value in limits.items():
        if key not in _LIMITS:
            raise WrongUsage(f"{where}: unknown key {key!r} (known: {', '.join(_LIMITS)})")
        wanted, what = _LIMITS[key]
        if not wanted(value):
            raise WrongUsage(f"{where}: {key} must be {what}")
    return limits


def _read(path: str) -> dict[str, Any]:
    return toml.read(path, f"TARGET @{path}")


def _target(path: str, name: str, table: Any) -> TargetFile:
    where = f"TARGET @{path}#{name}"
    if not isinstance(table, dict):
        raise WrongUsage(f"{where}: write [targets.{name}]")
    for key, value in table.items():
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise WrongUsage(f"{where}: unknown key {key!r} (known: {known})")
        wanted, what = _KEYS[key]
        if not wanted(value):
            raise WrongUsage(f"{where}: {key} must be {what}")
    given = [key for key in ("command", "address", "addresses") if key in table]
    if len(given) != 1:
        raise WrongUsage(f"{where}: give one of command, address and addresses")
    if table.get("scope", "scenario") not in SCOPES:
        raise WrongUsage(f"{where}: scope must be {' or '.join(SCOPES)}")
    folder = Path(path).resolve().parent
    return TargetFile(
        name,
        target=_inner(where, table),
        addresses=tuple(table.get("addresses", {}).items()),
        profiles=tuple(
            _beside(folder, one) for one in table.get("profiles") or table.get("addresses", ())
        ),
        at=table.get("at"),
        settings=_settings(where, table.get("set", {})),
        environment=tuple(table.get("environment", {}).items()),
        directory=str(folder / table["directory"]) if "directory" in table else str(folder),
        expect=str(folder / table["expect"]) if "expect" in table else None,
        client=table.get("client"),
        level=table.get("level"),
        deadline=float(table["deadline"]) if "deadline" in table else None,
        scope=table.get("scope", "scenario"),
        load=tuple(_beside(folder, one) for one in table.get("load", ())),
        links=_links(where, table.get("link", ())),
    )


def _beside(folder: Path, word: str) -> str:
    """Return the path of a file that is named relative to the target file; a name unchanged."""
    return str(folder / word) if is_path(word) else word


def _inner(where: str, table: dict[str, Any]) -> str:
    """Return the TARGET of a table; the first address if there are several."""
    text = table.get("command") or table.get("address")
    if text is None:
        text = next(iter(table["addresses"].values()), "")
    assert isinstance(text, str)
    if text.startswith("@"):
        raise WrongUsage(f"{where}: a target file cannot name another one")
    is_address = isinstance(parse_target(text), AddressTarget)
    if is_address == ("command" in table):
        raise WrongUsage(
            f"{where}: {text!r} is {'an address' if is_address else 'not a valid address'}"
        )
    return text


def _links(where: str, value: str | list[str]) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else tuple(value)
    parse_line(texts, f"{where}: link")
    return texts


def _settings(where: str, texts: dict[str, str]) -> str:
    for key in texts:
        if "=" in key or ";" in key:
            raise WrongUsage(f"{where}: the name of a text in set cannot contain = or ;: {key!r}")
    # In SET a ";" separates two texts; in a file each text has its own key.
    escaped = {key: text.replace(";", "\\;") for key, text in texts.items()}
    return ";".join(f"{key}={text}" for key, text in escaped.items())


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_text_or_texts(value: object) -> bool:
    return _is_text(value) or _are_texts(value)


def _is_table_of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _is_duration(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 3600


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 86400


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


#: Key of [limits] -> (what its value must be, in words).
_LIMITS: dict[str, tuple[Callable[[object], bool], str]] = {
    "time": (_is_time, "seconds between 0 and 86400"),
    "memory": (_is_number, "a number of MiB"),
    "processes": (_is_number, "a number"),
    "cpu": (_is_number, "a number of seconds"),
    "files": (_is_number, "a number"),
    "disk": (_is_number, "a number of MiB"),
}

_TEXT = (_is_text, "a text")
_TABLE = (_is_table_of_texts, "a table of texts")

#: Key -> (what its value must be, in words).
_KEYS: dict[str, tuple[Callable[[object], bool], str]] = {
    "command": _TEXT,
    "address": _TEXT,
    "addresses": _TABLE,
    "profiles": (_are_texts, "a list of profiles"),
    "at": _TEXT,
    "set": _TABLE,
    "environment": _TABLE,
    "directory": _TEXT,
    "expect": _TEXT,
    "client": _TEXT,
    "level": _TEXT,
    "deadline": (_is_duration, "seconds between 0 and 3600"),
    "scope": _TEXT,
    "link": (_is_text_or_texts, "a text, or a list of texts"),
    "load": (_are_texts, "a list of files and modules"),
}
