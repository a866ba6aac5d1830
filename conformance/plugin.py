"""How the suite plugs into pytest and pytest-xdist.

Options come in here and become one plan; each case of the plan is one test item; each
item's result travels to the controlling process as a property of its report, where the
reports are written. Workers make the same plan from the same options.

A project's own pytest loads this too (-p conformance.plugin, or as an entry point): until
a target is named it only knows its options, and the suite itself is not imported.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .expectations import Expectations
    from .judge import Result
    from .needs import Board
    from .plan import Case, Options, Plan
    from .reports.summary import Summary

PROPERTY = "conformance"

#: Fields of a result that pytest's own JUnit XML has as properties.
_SHOWN = ("level", "clause", "verdict", "signature")

#: The name under which the controlling process's plugin is registered.
CONTROLLER = "conformance-controller"

_PLAN = pytest.StashKey["Plan"]()

#: The one test, of which every case is an item.
_TEST = Path(__file__).with_name("test_conformance.py")
_OURS = (_TEST, _TEST.parent)

#: What the suite is called on the command line of pytest.
_NAME = "conformance"

_FLAG = {"action": "store_const", "const": True}

#: pytest option -> (field of Options, converter, help).
_OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("--target", "target", {"metavar": "TARGET", "help": "the server to judge"}),
    ("--profile", "profile", {"metavar": "LIST", "help": "profiles, comma separated"}),
    ("--at", "at", {"metavar": "ADDRESS", "help": "where a command listens"}),
    ("--set", "settings", {"metavar": "KEY=VALUE", "help": "texts of the service; ';' separates"}),
    ("--case", "cases", {"action": "append", "metavar": "ID", "help": "judge these only"}),
    ("--transport", "transports", {"metavar": "LIST", "help": "tcp, tcp6, unix, tls, udp, udp6"}),
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
    (
        "--prepared",
        "prepared",
        {"action": "store_const", "const": True, "help": "the target was reached before"},
    ),
]


class Given:
    """A plugin that brings the options of a run whose target has been reached already."""

    def __init__(self, options: Options) -> None:
        self.options = options


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the server under judgement")
    for flag, field, details in _OPTIONS:
        group.addoption(f"--conformance-{flag[2:]}", dest=f"conformance_{field}", **details)


def add_short_options(parser: pytest.Parser) -> None:
    """The same options without the prefix, where no other plugin can mean them."""
    group = parser.getgroup("conformance", "the server under judgement")
    for flag, field, details in _OPTIONS:
        group.addoption(flag, dest=f"conformance_{field}", **details)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """``pytest conformance --target ...`` means the suite where it is installed, too."""
    if _NAME in args and not Path(_NAME).exists():
        args[args.index(_NAME)] = str(_TEST)
        with suppress(ValueError):  # a name may be another plugin's
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
        # A project's own tests: ours are judged beside them.
        config.args.append(str(_TEST))


def _prepared(config: pytest.Config) -> Given | None:
    return next((one for one in config.pluginmanager.get_plugins() if isinstance(one, Given)), None)


def _make_workers_plan(config: pytest.Config, options: dict[str, Any]) -> None:
    from .interruption import end_as_interrupted
    from .plan import Options, Plan
    from .targets.address import has_ipv6

    end_as_interrupted()
    config.stash[_PLAN] = Plan(Options(**options), has_ipv6())


def _make_plan(config: pytest.Config, given: dict[str, Any]) -> None:
    from . import expectations
    from .needs import SharedFolder
    from .outcome import SuiteFailed, Unreachable, WrongUsage
    from .plan import Plan
    from .preflight import prepare
    from .targets.address import has_ipv6

    prepared = _prepared(config)
    try:
        plan = Plan(prepared.options, has_ipv6()) if prepared else prepare(_options(given))
        known = expectations.read(plan.options.expect)
    except (WrongUsage, Unreachable, SuiteFailed) as error:
        output = getattr(error, "output", [])
        pytest.exit("\n".join([str(error), *(f"| {line}" for line in output)]), error.exit)
    config.stash[_PLAN] = plan
    if plan.takes_turns:
        # One address is shared: its scenarios run one after another, in this process.
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
    """The plan of this run."""
    return pytestconfig.stash[_PLAN]


@pytest.fixture(scope="session")
def conformance_expectations(conformance_plan: Plan) -> Expectations:
    """The known failures in force."""
    from . import expectations

    return expectations.read(conformance_plan.options.expect)


@pytest.fixture(scope="session")
def conformance_board(pytestconfig: pytest.Config) -> Board:
    """What is known of the requirements that others need, in all processes of this run."""
    from .judge import run
    from .needs import Board

    return Board(run, getattr(pytestconfig, "workerinput", {}).get("conformance-board"))


def judge_item(
    plan: Plan, case: Case, known: Expectations, board: Board, item: pytest.Item
) -> None:
    """The body of one test item: judge, hand the result on, and end as pytest ends."""
    from .judge import judge

    result = judge(plan, case, known, board)
    # Not by the fixture record_property: it warns where JUnit XML is written.
    item.user_properties.append((PROPERTY, result))
    verdict, message = result["verdict"], result["message"]
    if verdict == "SKIP":
        pytest.skip(message)
    if verdict == "XFAIL":
        pytest.xfail(message.splitlines()[0])
    if verdict in ("FAIL", "ERROR", "XPASS"):
        pytest.fail(f"{verdict} {message}", pytrace=False)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _PLAN in config.stash:
        from .targets.launch import dismiss_kept
        from .targets.spawn import dismiss_warden

        dismiss_kept()
        dismiss_warden()


class Controller:
    """The controlling process: collects results and writes the reports.

    Arguments:
        plan: what was to be judged; what is missing at the end is an error.
        known: the expectations in force.
        folder: where the reports go; None writes none.
    """

    def __init__(self, plan: Plan, known: Expectations, folder: Path | None) -> None:
        self.plan = plan
        self.known = known
        self.folder = folder
        self.results: dict[str, Result] = {}
        self.crashes: list[str] = []
        self.summary: Summary | None = None

    def pytest_configure_node(self, node: Any) -> None:
        """Hand the options to a worker (pytest-xdist)."""
        options = self.plan.options._replace(transports=tuple(self.plan.transports))
        node.workerinput["conformance"] = options._asdict()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result that came with a report, and leave what JUnit XML may have of it."""
        results = [
            result
            for name, result in report.user_properties
            if name == PROPERTY and isinstance(result, dict)
        ]
        if results:
            others = [one for one in report.user_properties if one[0] != PROPERTY]
            shown = [(name, str(results[0][name])) for name in _SHOWN]
            report.user_properties = [*others, *shown]
            if report.when == "call":
                self.results[report.nodeid] = results[0]
                _make_harmless(report)
        if report.failed and report.nodeid not in self.results:
            self.crashes.append(f"{report.nodeid}: {str(report.longrepr)[-2000:]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and set the exit status, which is the suite's own.

        Where a project's own tests ran too, they decide first.
        """
        from .outcome import Exit
        from .reports import write_reports
        from .reports.summary import summarise, without_reports

        if self.summary is not None or exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        results, most = list(self.results.values()), session.config.getoption("maxfail") or 0
        self.summary = summarise(self.plan, self.known, results, self.crashes, exitstatus, most)
        if self.folder is not None:
            try:
                write_reports(self.folder, self.plan, self.summary)
            except OSError as error:
                line = f"REPORT {self.folder}: {(error.strerror or str(error)).lower()}"
                self.summary = without_reports(self.summary, line)
                session.exitstatus = Exit.INTERNAL_ERROR
                return
        others_failed = session.testsfailed > sum(
            self.summary.counts.get(verdict, 0) for verdict in ("FAIL", "ERROR", "XPASS")
        )
        if exitstatus in (0, 1, 5) and not others_failed:
            session.exitstatus = Exit(self.summary.exit)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """In a project's own pytest: what is no failure of a test and decides the status."""
        from .output import harmless

        for line in [*self.summary.stale, *self.summary.faults] if self.summary else []:
            terminalreporter.write_line(harmless(f"conformance: {line}"), red=True)


def _make_harmless(report: pytest.TestReport) -> None:
    """Where pytest itself prints the report: see output.py."""
    from .output import harmless

    shown = str(report.longrepr or "")
    if harmless(shown) != shown:
        report.longrepr = harmless(shown)
    report.sections = [(name, harmless(text)) for name, text in report.sections]


def _given(config: pytest.Config) -> dict[str, Any]:
    given = {
        field: config.getoption(f"conformance_{field}")
        for _, field, _ in _OPTIONS
        if field != "report"
    }
    return {field: value for field, value in given.items() if value is not None}


def _options(given: dict[str, Any]) -> Options:
    from .plan import Options

    for field in ("cases", "transports"):
        if isinstance(given.get(field), str):
            given[field] = [word for word in given[field].split(",") if word]
        given[field] = tuple(given.get(field) or ())
    return Options(**given)


def _report_folder(config: pytest.Config) -> Path | None:
    folder = config.getoption("conformance_report")
    return Path(folder) if folder else None
