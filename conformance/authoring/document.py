"""The file of a recorded session: a profile in TOML with one requirement. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..targets.address import DATAGRAMS
from .steps import Steps
from .watched import Happened, What


class Recording(NamedTuple):
    """The content for a file.

    Arguments:
        name: the profile's name.
        target: the target as it was typed.
        transport: the transport of the session.
        happened: the events of the session.
        is_cut: whether the session was longer than the kept part.
        is_unended: whether the server had not ended when the recording stopped.
        masks: texts that must not be written.
        hosts: the names of this machine.
    """

    name: str
    target: str
    transport: str
    happened: list[Happened]
    is_cut: bool = False
    is_unended: bool = False
    masks: tuple[bytes, ...] = ()
    hosts: tuple[bytes, ...] = ()


class Document(NamedTuple):
    """A file's text, a one-line summary, and the command line that judges a server with it."""

    text: str
    summary: str
    judge: str


_HEAD = """\
# A session with {target}, recorded. Judge a server by it:
#
#     {judge}
#
# What comes is compared byte by byte. Times, addresses, numbers and identifiers that the server
# chose became patterns; the line above such a step shows what came. Put that in its place where
# the text must be the same each time.
"""

_PROFILE = """
name = {name}
title = {title}
spec = "recording"
transports = [{transport}]
# true: judge too whether many clients are served, what a lost client does, how the server ends.
shared = false
"""

_SESSION = """
[session]
# What the suite sends to see that the server is ready.
first-input = {first}
{silent}serve = '''
{steps}
'''
"""

_REQUIREMENT = """
[[requirement]]
id = "as-recorded"
must = "The server answers as it did when this session was recorded."
clause = "1"
steps = "next-client"
"""


def document(recording: Recording, judging: Callable[[str], str]) -> Document:
    """Return the file's content.

    Arguments:
        judging: returns the command line that judges a server with the file, for settings.
    """
    datagrams = recording.transport in DATAGRAMS
    steps = Steps(recording.happened, recording.masks, recording.hosts, datagrams)
    lines = steps.lines()
    if recording.is_cut:
        lines.append("# The session went on; this is as much of it as is kept.")
    elif recording.is_unended:
        lines.append("# The server had not ended its side when the recording stopped.")
    first = steps.first_input()
    came = any(event.what == What.CAME for event in recording.happened)
    judge = judging(";".join(f"{name}=..." for name in steps.names.secrets))
    text = _HEAD.format(target=_plain(recording.target), judge=judge) + _PROFILE.format(
        name=_quoted(recording.name),
        title=_quoted(f"recorded from {_plain(recording.target)}"),
        transport=_quoted(recording.transport),
    )
    text += _parameters(steps.names.secrets)
    text += _SESSION.format(
        first=_literal(first or '""'),
        silent="" if came or datagrams else "silent = true\n",
        steps="\n".join(lines),
    )
    text += _REQUIREMENT
    return Document(text, _summary(lines, steps), judge)


def _parameters(secrets: dict[str, str]) -> str:
    if not secrets:
        return ""
    lines = [
        "",
        "# What was hidden. Its value is given where a server is judged (--set).",
        "[parameters]",
    ]
    for name, why in secrets.items():
        lines.append(f"{name} = {{ default = '', about = {_quoted(why)} }}")
    return "\n".join(lines) + "\n"


def _summary(lines: list[str], steps: Steps) -> str:
    count = sum(not line.startswith("#") for line in lines)
    parts = [f"{count} {'step' if count == 1 else 'steps'}"]
    if steps.patterns:
        parts.append(f"{steps.patterns} {'pattern' if steps.patterns == 1 else 'patterns'}")
    hidden = ", ".join(f"${name}" for name in steps.names.secrets)
    if hidden:
        parts.append(f"hidden: {hidden}")
    return "; ".join(parts)


def _plain(text: str) -> str:
    """Return a text without characters that would end a comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _quoted(text: str) -> str:
    """Return a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_plain(escaped)}"'


def _literal(text: str) -> str:
    """Return the text as a literal string of TOML: in quotes, without escapes."""
    return f"'{text}'" if "'" not in text else f"'''{text}'''"
