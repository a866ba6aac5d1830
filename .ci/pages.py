"""``make docs``: write the documents that are made from the tables of the commands and the suite.

    python .ci/pages.py [FOLDER]

This writes pync's USAGE to docs/usage.md, the suite's requirements to conformance/CATALOGUE.md,
the keys of a profile's file to conformance/docs/profile.schema.json, and the manual pages and the
completions for shells to FOLDER (docs): man/ and completions/.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import conformance.usage
import pync.dialects
from conformance.language import schema
from conformance.plan.listing import catalogue_page
from conformance.profiles import PROFILES
from conformance.targets.address import TRANSPORTS
from pync.core import VERSION
from pync.dialects.completion import Program, offers_in, script
from pync.dialects.pync import ARGV_STYLE
from pync.dialects.pync.completed import completed

ROOT = Path(__file__).parents[1]
SYNOPSIS = ROOT / "docs" / "usage.md"
CATALOGUE = ROOT / "conformance" / "CATALOGUE.md"
SCHEMA = ROOT / "conformance" / "docs" / "profile.schema.json"


class Command(NamedTuple):
    """A command that has a manual page."""

    name: str
    usage: str
    #: The program whose command line it accepts, if it is another program's.
    dialect: str = ""


COMMANDS = (
    Command("pync", pync.dialects.load("pync").usage),
    Command("pync-conformance", conformance.usage.help_for("pync-conformance")),
)

#: pync under the names of other programs; pages such as nc(1) are those programs' own.
DIALECTS = tuple(
    Command(f"pync-{name}", pync.dialects.load(name).usage, name)
    for name in ("nc", "nc.traditional", "busybox", "ncat", "telnet")
)

#: The words of the suite that a shell can complete: commands, and values of options.
_SUITE = Program(
    "pync-conformance",
    offers_in(
        conformance.usage.USAGE,
        {
            "profile": tuple(PROFILES),
            "transport": TRANSPORTS,
            "level": ("must", "should"),
        },
    ),
    {
        "run": "judge a target",
        "list": "show every requirement",
        "explain": "show one requirement",
        "selftest": "judge the broken servers",
        "doctor": "find the profile of a server",
        "new": "begin a profile of your own",
        "record": "write a profile from a session",
        "matrix": "many runs in one page",
        "diff": "what changed between two runs",
        "baseline": "write known failures",
    },
    ("case", "tx", "mask"),
    ("ref:python", "ref:node"),
)

#: Dialects without long options.
_SHORT = ("nc", "nc.traditional", "busybox")

#: How to select a dialect.
_DIALECT = """\
pync reads this command line when it is started under the name {name}, with --as={name} as the
first word, or with PYNC_AS={name} in the environment. `pync install-links DIR {name}` puts a link
of that name into a folder.
"""

#: Additional sections of pync's page.
_MORE = """\
.SH ENVIRONMENT
.TP
.B PYNC_AS
The dialect, as \\-\\-as=NAME: nc, nc.traditional, busybox, ncat, telnet or pync.
.TP
.B PYNC_PROXY_AUTH
User and password for the proxy (USER:PASSWORD).
.TP
.B PYNC_MD5SIG_KEY
The key of \\-S.
.TP
.B PYNC_HISTORY
The file in which \\-\\-edit keeps its history.
.TP
.B SSLKEYLOGFILE
A file to which the session secrets of TLS are appended.
.SH EXAMPLES
.nf
pync localhost 9000                   # connect to a server
pync \\-l 9000 > copy.tar               # receive a file
pync elsewhere 9000 < copy.tar        # send it
pync \\-zv localhost 20\\-25,80           # which ports are open
pync \\-\\-ssl \\-C example.org 443         # TLS, verified
pync \\-lk \\-\\-exec 'wc \\-c' 9000          # a command for each connection
pync \\-\\-as=nc \\-zv localhost 20\\-25      # the command line of nc
.fi
.SH SEE ALSO
.BR pync\\-conformance (1),
.BR pync\\-nc (1),
.BR pync\\-nc.traditional (1),
.BR pync\\-busybox (1),
.BR pync\\-ncat (1),
.BR pync\\-telnet (1)
"""


def main(folder: Path) -> None:
    """Write all documents."""
    shown = with_synopsis(SYNOPSIS.read_text(encoding="utf-8"), COMMANDS[0].usage)
    SYNOPSIS.write_text(shown, encoding="utf-8")
    CATALOGUE.write_text(catalogue_page(), encoding="utf-8")
    SCHEMA.write_text(schema.page(), encoding="utf-8")
    for name, text in shipped().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def shipped() -> dict[str, str]:
    """Return the manual pages and the completions, by their names in docs/."""
    texts = {f"man/{one.name}.1": manual(one) for one in (*COMMANDS, *DIALECTS)}
    for program in (completed(ARGV_STYLE.accumulates), _SUITE):
        texts |= {
            f"completions/{program.name}": script("bash", program),
            f"completions/_{program.name}": script("zsh", program),
            f"completions/{program.name}.fish": script("fish", program),
        }
    return texts


def with_synopsis(page: str, usage: str) -> str:
    """Return the page with this USAGE in its ``text`` block; ValueError if it has no block."""
    shown, count = re.subn(
        r"(?<=^```text\n).*?(?=^```$)", lambda _: usage, page, flags=re.DOTALL | re.MULTILINE
    )
    if count != 1:
        raise ValueError(f"the page has {count} blocks of text, not one")
    return shown


def manual(command: Command) -> str:
    """Return a manual page, in the man(7) macros.

    The first line of a USAGE is for the name, "Usage:" for the synopsis, other headings are
    lists of words and their meanings, and the rest at the end is the description.
    """
    usage = command.usage
    if command.dialect:
        summary = f"pync with the command line of {command.dialect}"
        rest = usage[usage.index("Usage:\n") :]
        if command.dialect in _SHORT:  # the long options are only pync's names for the short ones
            rest = re.sub(r"^(  -\w) --[a-z0-9-]+(?:=(\S+))?", r"\1 \2 ", rest, flags=re.MULTILINE)
    else:
        summary, _, rest = usage.partition("\n")
    rest, _, status = rest.partition("Exit status:")
    headed = re.split(r"^(\w+(?: options)?):\n", rest, flags=re.MULTILINE)
    *lists, (heading, last) = list(zip(headed[1::2], headed[2::2], strict=True))
    # Lines after the last list that are not indented do not belong to a list.
    last, _, description = last.partition("\n\n")
    name = command.name.upper()
    lines = [f'.TH {name} 1 "" "{command.name} {VERSION}" "User Commands"', ".SH NAME"]
    lines.append(
        f"{escaped(command.name)} \\- {escaped(summary[0].lower() + summary[1:].rstrip('.'))}"
    )
    for title, body in [*lists, (heading, last)]:
        if title == "Usage":
            synopsis = [line[2:] for line in body.strip("\n").splitlines()]
            lines += [".SH SYNOPSIS", ".nf", *map(escaped, synopsis), ".fi"]
        else:
            lines += [f".SH {title.upper()}", *entries(body)]
    if command.dialect:
        description = _DIALECT.format(name=command.dialect) + description
    for title, text in (("DESCRIPTION", description), ("EXIT STATUS", status)):
        if text.strip():
            lines += [f".SH {title}", *map(escaped, text.strip().splitlines())]
    more = _MORE if command.name == "pync" else ".SH SEE ALSO\n.BR pync (1)\n"
    return "\n".join(lines) + "\n" + more


def entries(body: str) -> list[str]:
    """Return entries such as ``-x --long=WORD   Its meaning`` as tagged paragraphs."""
    lines: list[str] = []
    for line in filter(str.strip, body.splitlines()):
        words, _, meaning = line.strip().partition("  ")
        if line.startswith(" " * 10):  # a further line of the meaning
            lines.append(escaped(line.strip()))
        else:
            # Several words may be before the meaning if they share it.
            parts = [part.strip() for part in re.split(r"  +", f"{words}  {meaning.strip()}")]
            lines += [".TP", f".B {escaped('  '.join(parts[:-1]))}", escaped(parts[-1])]
    return lines


def escaped(text: str) -> str:
    """Return a text that troff shows unchanged."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown[:1] in (".", "'") else shown


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
