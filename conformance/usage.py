"""The suite's USAGE, from which its options, help and manual page are made.

It must work without the packages that the suite needs: only the standard library is imported.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap

#: ``conformance`` is a placeholder for the words that start the suite.
USAGE = """Test a socket server, written in any language, against its contract.

Usage:
  conformance run [TARGET] [--profile=LIST] [--at=ADDRESS] [--set=KEY=VALUE]
                  [--case=ID]... [--skip=ID]... [--last-failed] [--shard=N/M]
                  [--transport=LIST] [--report=DIR] [--jobs=N] [--repeat=N]
                  [--level=LEVEL] [--expect=FILE] [--deadline=SECONDS] [--seed=N]
                  [--client=COMMAND] [-x] [--max-failures=N] [--all] [--resume]
                  [--tx=SPEC]... [--isolate=HOW] [--load=LIST] [--link=LINE]...
                  [--color=WHEN] [--watch]
  conformance list [--profile=LIST] [--load=LIST] [--mutants]
  conformance explain ID [--profile=LIST] [--load=LIST]
  conformance selftest [--profile=LIST] [--load=LIST] [--case=ID]... [--report=DIR]
                  [--jobs=N] [--deadline=SECONDS] [--matrix] [--link=LINE]... [--color=WHEN]
                  [--target=TARGET] [--fault=NAME]... [--transport=LIST] [--at=ADDRESS]
                  [--set=KEY=VALUE] [--client=COMMAND]
  conformance doctor [TARGET] [--at=ADDRESS] [--set=KEY=VALUE] [--load=LIST]
  conformance new NAME [--python] [DIR]
  conformance record TARGET [--at=ADDRESS] [--output=FILE] [--client=COMMAND]
                  [--mask=TEXT]...
  conformance matrix DIR... [--output=FILE]
  conformance merge DIR... [--report=DIR]
  conformance diff BEFORE AFTER
  conformance baseline [--report=DIR] --expect=FILE
  conformance -h | --help
  conformance --version

TARGET:
  tcp://HOST:PORT  tls://HOST:PORT  udp://HOST:PORT  unix:PATH  pipe:NAME (Windows)
                                  a server that already runs ([::1] for IPv6)
  ref:python  ref:node            the embedded reference servers (default ref:python)
  mutant:PROFILE/NAME             an embedded server with one named fault
  inetd:COMMAND                   one process per connection, on its stdin and stdout
  fd:COMMAND                      the suite listens, the server inherits descriptor 3
  @FILE.toml  @FILE.toml#NAME     a target file
  anything else                   a command that is started and stopped, without a shell;
                                  {port} {host} {path} {profile} {data} are filled in,
                                  and {cert} {key} for a server over TLS

Options:
  --profile=LIST      Profiles, comma separated (default: all for ref:, else echo); a file with
                      profiles of your own too (./shout.toml, ./shout.py).
  --load=LIST         Load profiles of your own: files and Python modules, comma separated.
  --at=ADDRESS        The fixed address on which the command listens.
  --set=KEY=VALUE     Parameters of the service, with C escapes; several separated by ';'.
  --case=ID           Judge this requirement only; '*' is any text (echo/sigterm-*), the profile
                      may be left out (half-close), one transport added (half-close@tcp6), and
                      @FILE has one a line; repeatable.
  --skip=ID           Do not judge this requirement; written as for --case; repeatable.
  --last-failed       Judge what failed in the run before, whose results are in --report (all,
                      if nothing failed); with --all the targets that were not conformant.
  --shard=N/M         Judge the N-th of M parts (2/5): of the requirements, with --all of the
                      targets. 'merge' makes one report of all parts.
  --repeat=N          Judge each case N times; one that passes sometimes is FLAKY.
  --watch             Judge again whenever a file in the folder of the command changes.
  --transport=LIST    Judge over these only: tcp, tcp6, unix, tls, pipe, udp, udp6.
  --report=DIR        Where results.jsonl, matrix.html, junit.xml, summary.md, results.tap,
                      badge.json and ctrf.json go [default: build/conformance].
  --jobs=N            Cases judged at a time (default: 4 for each core up to 8, or the cores).
  --level=LEVEL       must, or should: a broken SHOULD fails the run too [default: must].
  --expect=FILE       The file of known failures (TOML).
  --deadline=SECONDS  The longest wait for each awaited event [default: 10].
  --link=LINE         Judge over a bad line: delay=300ms, delay=300ms+-50ms, rate=20K, slice=1
                      (bytes of a segment), slice=1/5ms; 'up ...' or 'down ...' is one
                      direction; repeatable, or separated by ';'.
  --seed=N            The seed of the random data (default: 1; of a class, any: it is printed
                      at the end).
  --client=COMMAND    The client program on the terminal, in place of pync.
  --python            Write the profile in Python, not in TOML.
  --mask=TEXT         Hide this text in what is recorded: it becomes a parameter; repeatable.
  -x                  Stop at the first failure.
  --max-failures=N    Stop after N failures.
  --all               Judge every target of @FILE.toml, many at a time, each within limits.
  --resume            With --all: go on with a run that did not come to its end; what has a
                      result in --report is not judged again.
  --tx=SPEC           With --all: judge on another machine too, in execnet's syntax
                      (socket=HOST:PORT, ssh=HOST//python=python3); repeatable.
  --isolate=HOW       With --all: keep the targets apart by bubblewrap, podman, a user of its
                      own for each (user, as root), or none; auto is the first of bubblewrap
                      and podman that works (default: auto).
  --color=WHEN        auto (on a terminal, unless NO_COLOR is set), always or never
                      [default: auto].
  --mutants           List the embedded broken servers.
  --matrix            Judge every mutant by every requirement of its profile: which detects
                      which (kills.html, kills.json). This takes many minutes.
  --target=TARGET     With selftest: a right server, which a proxy breaks in many ways; which
                      requirement notices what (conformance/docs/check-your-checks.md).
  --fault=NAME        Break it in this way only; '*' is any text (cut-at-*); repeatable.
  --output=FILE       The file to write: the page of several runs (default: matrix.html), or
                      the recorded profile (default: recorded.toml).
  -h --help           Show this.
  --version           Show the version.

Exit status: 0 conformant, 1 not conformant, 2 interrupted, 3 internal error, 4 wrong
usage, 5 nothing ran, 6 the target could not be started or reached, 7 only the file of
known failures is outdated, 8 the suite itself failed.
"""

#: The columns of a terminal.
_WIDTH = 80


def help_for(command: str) -> str:
    """Return the USAGE with the words that started the suite."""
    form = re.compile(r"^  conformance (.*(?:\n {10,}.*)*)", re.MULTILINE)
    return form.sub(lambda found: _filled(command, found[1]), USAGE)


def version_line() -> str:
    """Return the version, and where it runs from."""
    from . import __version__

    where = os.path.dirname(os.path.abspath(__file__))
    return f"conformance {__version__} (Python {sys.version.split()[0]}, {where})"


def _filled(command: str, words: str) -> str:
    # "[--at=ADDRESS]" and "[--case=ID]..." contain no blank, so they are not broken; "-h | --help"
    # may be broken anywhere.
    return textwrap.fill(
        " ".join(words.split()),
        _WIDTH,
        initial_indent=f"  {command} ",
        subsequent_indent=" " * 18,
        break_long_words=False,
        break_on_hyphens=False,
    )
