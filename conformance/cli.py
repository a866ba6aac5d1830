"""The command line, read by docopt.

Only words become options here; runner/ does the work.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docopt

from .batch.isolated import ALONE, judge_what_is_asked
from .core import style
from .core.invocation import hint, run_command
from .core.nearest import meant
from .core.output import complain, say, silence
from .core.verdict import Exit, NotWritten, SuiteFailed, Unreachable, WrongUsage, cause_of
from .doctor import report
from .loading import load
from .plan import Options, expectations, load_words
from .plan.listing import explain, listing, listing_of_mutants
from .profiles import REQUIREMENTS
from .reports.baseline import rebased
from .reports.diff import changes
from .reports.form import Malformed
from .reports.matrix import write_matrix
from .reports.results import Results, read_results
from .reports.writing import not_written, write_whole
from .runner import run
from .targets.launch import stop_servers
from .usage import USAGE, version_line

#: Seconds for one event of a mutant.
SELFTEST_DEADLINE = 3.0


def main(argv: list[str]) -> Exit:
    """Run one command line; returns the exit status."""
    try:
        return _main(argv)
    except WrongUsage as error:
        return _wrong(str(error))
    except (SuiteFailed, Unreachable, NotWritten) as error:
        complain(str(error), tuple(getattr(error, "output", ())))
        return error.exit
    except BrokenPipeError:
        # The reader of our output is gone (| head); nobody is left to tell.
        silence(sys.stdout)
        return Exit.INTERRUPTED


def _main(argv: list[str]) -> Exit:
    if argv == [ALONE]:
        return judge_what_is_asked()
    try:
        given = docopt.docopt(USAGE, argv, default_help=False)
    except docopt.DocoptExit as error:
        return _wrong(_complaint(argv, str(error)))
    for flag, value in given.items():
        # docopt gives an option whatever word comes next.
        if flag.startswith("--") and str(value).startswith("--"):
            return _wrong(f"{flag} needs a value, and is followed by {value}")
    if given["--version"]:
        say(version_line())
        return Exit.CONFORMANT
    style.choose(given["--color"])
    return next(run for name, run in _COMMANDS.items() if given[name])(given)


def _run(given: dict[str, Any]) -> Exit:
    options = Options(
        target=given["TARGET"] if given["TARGET"] is not None else "ref:python",
        profile=given["--profile"],
        at=given["--at"],
        settings=given["--set"] or "",
        cases=tuple(given["--case"]),
        transports=_words(given["--transport"]),
        deadline=_seconds(given["--deadline"]),
        seed=given["--seed"],
        client=given["--client"],
        level=given["--level"],
        expect=given["--expect"],
        started=run_command(),
        load=_words(given["--load"]),
    )
    report, jobs = Path(given["--report"]), _count(given["--jobs"])
    if given["--all"]:
        from .batch import run_class

        return run_class(options, report, jobs, tuple(given["--tx"]))
    if given["--tx"]:
        raise WrongUsage("--tx is for --all: run @FILE.toml --all --tx=SPEC")
    most = 1 if given["-x"] else _count(given["--max-failures"], "--max-failures") or 0
    return run(options, report, jobs, max_failures=most)


def _selftest(given: dict[str, Any]) -> Exit:
    options = Options(
        profile=given["--profile"],
        cases=tuple(given["--case"]),
        # A mutant that says nothing is waited for; three seconds are enough for that.
        deadline=min(_seconds(given["--deadline"]), SELFTEST_DEADLINE),
        selftest=True,
        started=run_command(),
        load=_words(given["--load"]),
        kill_matrix=given["--matrix"],
    )
    # Most of the time is waiting: more workers than cores.
    jobs = _count(given["--jobs"]) or 4 * (os.cpu_count() or 1)
    report = Path(given["--report"])
    status = run(options, report, jobs)
    if not given["--matrix"] or status not in (Exit.CONFORMANT, Exit.NOT_CONFORMANT):
        return status
    from .reports.kills import as_text, faults, write_kills

    try:
        kills = write_kills(report, read_results(report / "results.jsonl"))
    except OSError as error:
        raise not_written(f"report {report}", error) from None
    say(f"{as_text(kills)}\nkill matrix: {report / 'kills.html'}")
    return Exit.SUITE_FAILED if faults(kills) else status


def _list(given: dict[str, Any]) -> Exit:
    if given["--mutants"]:
        say(listing_of_mutants(given["--profile"]))
        return Exit.CONFORMANT
    asked = Options(profile=given["--profile"], load=_words(given["--load"]))
    options, catalogue = load(asked, every=not given["--profile"])
    say(listing(catalogue, options.profile if given["--profile"] or asked.load else None))
    return Exit.CONFORMANT


def _explain(given: dict[str, Any]) -> Exit:
    asked = Options(cases=(given["ID"],), load=_words(given["--load"]))
    say(explain(given["ID"], load(asked)[1], load_words(asked)))
    return Exit.CONFORMANT


def _doctor(given: dict[str, Any]) -> Exit:
    try:
        return report(
            Options(
                target=given["TARGET"] if given["TARGET"] is not None else "ref:python",
                at=given["--at"],
                settings=given["--set"] or "",
                load=_words(given["--load"]),
            )
        )
    finally:
        stop_servers()


def _matrix(given: dict[str, Any]) -> Exit:
    runs = [_results_of(folder) for folder in given["DIR"]]
    output = Path(given["--output"])
    try:
        write_matrix(output, runs)
    except OSError as error:
        raise not_written(f"--output {output}", error) from None
    say(f"{output}: {len(runs)} {'run' if len(runs) == 1 else 'runs'}")
    return Exit.CONFORMANT


def _diff(given: dict[str, Any]) -> Exit:
    found = changes(_results_of(given["BEFORE"]), _results_of(given["AFTER"]))
    for change in found:
        say(str(change))
    say(f"{len(found)} changed, {sum(change.worse for change in found)} of them for the worse")
    return Exit.NOT_CONFORMANT if any(change.worse for change in found) else Exit.CONFORMANT


def _baseline(given: dict[str, Any]) -> Exit:
    path = Path(given["--expect"])
    run = _results_of(given["--report"])
    if run.footer["exit"] in (Exit.INTERRUPTED, Exit.INTERNAL_ERROR):
        raise WrongUsage(
            f"{given['--report']}: that run was interrupted; a baseline needs a complete run"
        )
    exists = os.path.lexists(path)
    known = expectations.read(str(path)) if exists else expectations.Expectations([])
    text = path.read_text(encoding="utf-8") if exists else ""
    own = run.header.get("requirements", {})
    new = rebased(text, known.entries, run.results, [*REQUIREMENTS, *own])
    try:
        write_whole(path, new)
    except OSError as error:
        raise not_written(f"--expect {path}", error) from None
    say(f"{path}: {new.count('[[expected]]')} known failures (there were {len(known.entries)})")
    return Exit.CONFORMANT


def _results_of(folder: str) -> Results:
    """The results of a run, from its folder or its results.jsonl."""
    path = Path(folder)
    source = path / "results.jsonl" if path.is_dir() else path
    try:
        return read_results(source)
    except OSError as error:
        cause = cause_of(error)
        raise WrongUsage(f"{source}: {cause}") from None
    except Malformed as error:
        raise WrongUsage(f"{source}: not the results of a whole run ({error})") from None
    except ValueError:
        raise WrongUsage(f"{source}: not the results of a whole run") from None


_COMMANDS: dict[str, Callable[[dict[str, Any]], Exit]] = {
    "run": _run,
    "list": _list,
    "explain": _explain,
    "selftest": _selftest,
    "doctor": _doctor,
    "matrix": _matrix,
    "diff": _diff,
    "baseline": _baseline,
}


#: The words that some commands cannot do without.
_TAKES = {
    "explain": "the ID of a requirement, as in: explain echo/half-close",
    "matrix": "the reports of one or several runs: matrix DIR...",
    "diff": "the reports of two runs: diff BEFORE AFTER",
    "baseline": "the file to write: baseline --expect=FILE [--report=DIR]",
}


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word for word in (text or "").split(",") if word)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0 < float(text) <= 3600:
        raise WrongUsage(f"--deadline: {text!r} is not a number of seconds, above 0 and up to 3600")
    return float(text)


def _count(text: str | None, flag: str = "--jobs") -> int | None:
    if text is None:
        return None
    if not text.isdigit() or not 0 < int(text) <= 256:
        raise WrongUsage(f"{flag}: {text!r} is not a number between 1 and 256")
    return int(text)


def _complaint(argv: list[str], said: str) -> str:
    """What docopt says is for programmers; one line of ours says what is wrong."""
    if not argv:
        return f"a command is missing: {_known()}"
    if argv[0] not in _COMMANDS:
        return f"unknown command {argv[0]!r}{meant(argv[0], _COMMANDS) or f': {_known()}'}"
    known = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", USAGE))
    for word in argv[1:]:
        flag = word.partition("=")[0]
        if flag.startswith("--") and not any(name.startswith(flag) for name in known):
            return f"unknown option {flag}{meant(flag, known)}"
    first = said.splitlines()[0] if said else ""
    if "requires argument" in first:
        return f"{first.split()[0]} needs a value"
    for word in argv[1:]:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag not in _taken(argv[0]):
            return f"{argv[0]} takes no option {flag} (see --help)"
    host, port = [*argv[1:3], "", ""][:2]
    if argv[0] in ("run", "doctor") and port.isascii() and port.isdecimal():
        return f"{argv[0]} takes one TARGET; for a running server write tcp://{host}:{port}"
    if argv[0] in ("run", "doctor") and sum(not word.startswith("-") for word in argv) > 2:
        return f"{argv[0]} takes one TARGET: quote a command with arguments, as 'node server.js'"
    if argv[0] in _TAKES:
        return f"{argv[0]} takes {_TAKES[argv[0]]}"
    return f"these arguments cannot be combined: {' '.join(argv)} (see {hint('--help')})"


def _taken(command: str) -> str:
    """What the USAGE says of a command: its forms, with their options."""
    forms = re.findall(rf"^  conformance {command} .*(?:\n {{10,}}.*)*", USAGE, re.MULTILINE)
    return " ".join(forms)


def _known() -> str:
    *names, last = _COMMANDS
    return f"{', '.join(names)} or {last}"


def _wrong(line: str) -> Exit:
    complain(line)
    return Exit.USAGE
