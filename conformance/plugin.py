"""The suite's plugin for pytest and pytest-xdist.

It makes one plan from the options, unless a prepared run has its own plan. Each case of the plan
is one test item, and each item's result is sent to the controlling process as a property of its
report; that process writes the suite's reports. A worker makes the same plan, once, from what the
controlling process sends.

A project's own pytest loads this plugin too (-p, or as an entry point): until a target is
given, it only declares options, and the suite itself is not imported.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .runner.controller import CONTROLLER, Controller, PreparedRun
from .runner.items import case_of, end, report

if TYPE_CHECKING:
    from .plan import Case, Options, Plan
    from .plan.expectations import Expectations
    from .runner.needs import Board


_PLAN = pytest.StashKey["Plan"]()
_KNOWN = pytest.StashKey["Expectations"]()
_BOARD = pytest.StashKey["Board"]()

#: The only test; every case is an item of it.
_TEST = Path(__file__).with_name("test_conformance.py")
_OURS = (_TEST, _TEST.parent)

#: The names of the suite on pytest's command line; the second one also works if a project has a
#: folder with the first one.
_SUITE = __name__.rpartition(".")[0]
_NAMES = ("conformance", _SUITE)

#: The plugin that only the suite's own run loads.
_PACE = f"{_SUITE}.runner.pace"

#: pytest option -> (field of Options, converter, help).
_OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("--target", "target", {"metavar": "TARGET", "help": "the server to judge"}),
    ("--profile", "profile", {"metavar": "LIST", "help": "profiles, comma separated"}),
    ("--load", "load", {"metavar": "LIST", "help": "files and modules with further profiles"}),
    ("--at", "at", {"metavar": "ADDRESS", "help": "where a command listens"}),
    ("--set", "settings", {"metavar": "KEY=VALUE", "help": "texts of the service; ';' separates"}),
    ("--case", "cases", {"action": "append", "metavar": "ID", "help": "judge these only"}),
    ("--skip", "skips", {"action": "append", "metavar": "ID", "help": "do not judge these"}),
    ("--shard", "shard", {"metavar": "N/M", "help": "the N-th of M parts of the cases"}),
    ("--repeat", "repeat", {"metavar": "N", "help": "judge each case N times"}),
    ("--transport", "transports", {"metavar": "LIST", "help": "tcp, tcp6, unix, tls, udp, udp6"}),
    ("--link", "links", {"action": "append", "metavar": "LINE", "help": "judge over a bad line"}),
    ("--deadline", "deadline", {"type": float, "metavar": "SECONDS", "help": "for one event"}),
    ("--seed", "seed", {"metavar": "N", "help": "of the random data"}),
    ("--client", "client", {"metavar": "COMMAND", "help": "the client on the terminal"}),
    ("--level", "level", {"metavar": "LEVEL", "help": "should: broken SHOULDs are red"}),
    ("--expect", "expect", {"metavar": "FILE", "help": "known failures (TOML)"}),
    ("--report", "report", {"metavar": "DIR", "help": "where the reports go"}),
    (
        "--selftest",
        "selftest",
        {"action": "store_const", "const": True, "help": "judge the mutants"},
    ),
]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the server under judgement")
    for flag, field, details in _OPTIONS:
        group.addoption(f"--conformance-{flag[2:]}", dest=f"conformance_{field}", **details)


def add_short_options(parser: pytest.Parser) -> None:
    """Add the options without the prefix, if no other plugin can use them."""
    group = parser.getgroup("conformance", "the server under judgement")
    for flag, field, details in _OPTIONS:
        group.addoption(flag, dest=f"conformance_{field}", **details)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """Make ``pytest conformance --target ...`` find the suite also if it is installed."""
    named = [name for name in _NAMES if name in args and not Path(name).exists()]
    if named:
        args[args.index(named[0])] = str(_TEST)
        with suppress(ValueError):  # another plugin may use a name
            add_short_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    given = _given(config)
    if hasattr(config, "workerinput"):
        if "conformance" not in config.workerinput:
            return
        _make_workers_plan(config, config.workerinput["conformance"])
    elif not _prepared(config) and "target" not in given and not given.get("selftest"):
        return
    else:
        _make_plan(config, given)
    if not any(Path(word.partition("::")[0]).resolve() in _OURS for word in config.args):
        # This run has a project's own tests: add the suite's test to them.
        config.args.append(str(_TEST))


def _prepared(config: pytest.Config) -> PreparedRun | None:
    return next(
        (one for one in config.pluginmanager.get_plugins() if isinstance(one, PreparedRun)), None
    )


def _make_workers_plan(config: pytest.Config, handed: dict[str, Any]) -> None:
    from .core.interruption import end_as_interrupted
    from .loading import load
    from .plan import Options, Plan
    from .plan.expectations import Expectations

    end_as_interrupted()
    options, catalogue = load(Options(**handed["options"]))
    config.stash[_PLAN] = Plan(options, handed["ipv6"], catalogue)
    config.stash[_KNOWN] = Expectations.from_plain(handed["known"])


def _make_plan(config: pytest.Config, given: dict[str, Any]) -> None:
    from .core.verdict import SuiteFailed, Unreachable, WrongUsage
    from .plan import expectations
    from .runner.needs import SharedFolder
    from .runner.preflight import prepare

    prepared = _prepared(config)
    try:
        plan = prepared.plan if prepared else prepare(_options(given))
        known = prepared.known if prepared else expectations.read(plan.options.expect)
    except (WrongUsage, Unreachable, SuiteFailed) as error:
        output = getattr(error, "output", [])
        pytest.exit("\n".join([str(error), *(f"| {line}" for line in output)]), error.exit)
    config.stash[_PLAN], config.stash[_KNOWN] = plan, known
    if plan.takes_turns:
        # The scenarios share one address, so they run one after another, in this process.
        config.option.numprocesses = None
        config.option.dist = "no"
        config.option.tx = []
    controller = Controller(plan, known, _report_folder(config))
    config.pluginmanager.register(controller, CONTROLLER)
    config.pluginmanager.register(SharedFolder())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "conformance_case" in metafunc.fixturenames:
        plan = metafunc.config.stash.get(_PLAN, None)
        cases = plan.cases if plan else []
        metafunc.parametrize("conformance_case", cases, ids=[case.name for case in cases])


@pytest.fixture(scope="session")
def conformance_plan(pytestconfig: pytest.Config) -> Plan:
    """Return the plan of this run."""
    return pytestconfig.stash[_PLAN]


@pytest.fixture(scope="session")
def conformance_expectations(pytestconfig: pytest.Config) -> Expectations:
    """Return the known failures in force."""
    return pytestconfig.stash[_KNOWN]


@pytest.fixture(scope="session")
def conformance_board(pytestconfig: pytest.Config) -> Board:
    """Return the board: the outcomes of needed requirements, from all processes of this run."""
    return _board(pytestconfig)


def _board(config: pytest.Config) -> Board:
    from .runner.judge import run
    from .runner.needs import Board

    return Board(run, getattr(config, "workerinput", {}).get("conformance-board"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Judge the case and report it once, in the suite's own run.

    A case has nothing to set up. pytest's three phases, capture, logging and fixtures would take as
    much processor time as many scenarios do. A project's own pytest runs a case like its own tests.
    """
    case = case_of(item)
    if case is None or not item.config.pluginmanager.has_plugin(_PACE):
        return None
    stash = item.config.stash
    if _BOARD not in stash:
        stash[_BOARD] = _board(item.config)
    report(item, lambda: judge_item(stash[_PLAN], case, stash[_KNOWN], stash[_BOARD], item))
    return True


def judge_item(
    plan: Plan, case: Case, known: Expectations, board: Board, item: pytest.Item
) -> None:
    """Run one test item: judge, attach the result, and end as pytest does."""
    from .runner.judge import judge

    end(item, json.dumps(judge(plan, case, known, board)))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _PLAN in config.stash:
        from .targets.launch import stop_servers

        stop_servers()


def _given(config: pytest.Config) -> dict[str, Any]:
    given = {
        field: config.getoption(f"conformance_{field}")
        for _, field, _ in _OPTIONS
        if field != "report"
    }
    return {field: value for field, value in given.items() if value is not None}


def _options(given: dict[str, Any]) -> Options:
    from .core.invocation import run_command
    from .plan import Options
    from .plan.selection import patterns_of, repeat_of, shard_of

    for field in ("cases", "skips"):
        given[field] = patterns_of(given.get(field) or ())
    if "shard" in given:
        given["shard"] = shard_of(given["shard"])
    if "repeat" in given:
        given["repeat"] = repeat_of(given["repeat"])
    given["links"] = tuple(given.get("links") or ())
    for field in ("transports", "load"):
        if isinstance(given.get(field), str):
            given[field] = [word for word in given[field].split(",") if word]
        given[field] = tuple(given.get(field) or ())
    return Options(**given, started=run_command())


def _report_folder(config: pytest.Config) -> Path | None:
    folder = config.getoption("conformance_report")
    return Path(folder) if folder else None
