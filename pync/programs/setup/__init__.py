"""Deriving the parameters of each program from the Config, and running the program.

The Config contains what the user typed, and is not passed on: programs get small immutable values.
This module makes those of each program, network.py how to dial and to listen, pipeline.py the steps
for the bytes. A program is imported only when it is run, because start-up time matters.
"""

from __future__ import annotations

from ...core.config import Config
from ...core.endings import Endings
from ...core.events import Report
from ...core.typed import TYPE_CHECKING, Callable
from ...transports.stdio import Stdio
from .network import (
    admits_of,
    dial_setup,
    has_datagrams,
    listen_setup,
    options_of,
    route_of,
    target_options,
)

if TYPE_CHECKING:
    from ..relay.spoiling import FaultSetup
    from ..shared.access import Admits


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Run the program of the Config; return the exit status.

    Raises PyncError, UsageError, OutputGone.
    """
    return _PROGRAMS[config.program](config, stdio, report)


def _client(config: Config, stdio: Stdio, report: Report) -> int:
    from ..client import ClientSetup, run
    from .pipeline import talk_setup

    setup = ClientSetup(
        dial_setup(config),
        talk_setup(config),
        ports=config.ports,
        pass_fd=config.pass_fd,
        closes_output=config.closes_output,
    )
    return run(setup, stdio, report)


def _server(config: Config, stdio: Stdio, report: Report) -> int:
    from ..server import run
    from .pipeline import talk_setup

    return run(listen_setup(config, report), talk_setup(config), stdio, report)


def _executor(config: Config, _stdio: Stdio, report: Report) -> int:
    from ..executor import ExecSetup, run
    from .pipeline import each_pipeline, pipeline_of

    setup = ExecSetup(
        listen_setup(config, report) if config.listen else dial_setup(config),
        _command(config),
        # The command decides the end: the connection ends after its last output.
        Endings(
            on_peer_end="stay",
            leave_when_sent=True,
            shutdown=config.endings.shutdown,
            idle=config.endings.idle,
        ),
        each_pipeline(pipeline_of, config),
        config.reconnect,
    )
    return run(setup, report)


def _command(config: Config) -> list[str]:
    """Return the words of the command for a connection. Raises UsageError, ExecError."""
    if config.lua_exec is not None:
        from ..lua_script import words_for

        return words_for(config.lua_exec)
    from ...transports.process import words_of

    command = config.sh_exec if config.sh_exec is not None else config.exec
    assert command is not None
    return words_of(command, shell=config.sh_exec is not None)


def _scan(config: Config, _stdio: Stdio, report: Report) -> int:
    from ..scan import ANSWER, ScanSetup, run

    setup = ScanSetup(
        # The retries are for the whole scan, not for each port.
        dial_setup(config)._replace(retry=(0, 0.0)),
        config.ports,
        retry=config.retry or (0, 0.0),
        interval=config.interval,
        answer=config.wait or ANSWER,
        banner=config.banner,
    )
    return run(setup, report)


def _ping(config: Config, _stdio: Stdio, report: Report) -> int:
    from ..ping import INTERVAL, TIMEOUT, PingSetup, run

    dial = dial_setup(config)
    timeout = TIMEOUT if dial.options.timeout is None else dial.options.timeout
    setup = PingSetup(
        dial._replace(options=dial.options._replace(timeout=timeout)),
        config.count,
        INTERVAL if config.interval is None else config.interval,
    )
    return run(setup, report)


def _broker(config: Config, stdio: Stdio, report: Report) -> int:
    from ..broker import BrokerSetup, run
    from .pipeline import pipeline_of, recorder_of

    setup = BrokerSetup(
        listen_setup(config, report),
        config.endings,
        recorder_of(config),
        convert=pipeline_of(config).convert,
        brokers=config.broker or config.chat,
        chat=config.chat,
        listens=not config.send_only,
        # With --recv-only it relays nothing either, as in ncat.
        speaks=not config.recv_only,
        types=not (config.no_stdin or config.recv_only),
    )
    return run(setup, stdio, report)


def _proxy(config: Config, _stdio: Stdio, report: Report) -> int:
    from ..proxy import TARGET_TIMEOUT, ProxySetup, run
    from ..proxy.targets import anywhere, target_gate
    from .pipeline import each_pipeline, recorder_of, tunnel_pipeline_of

    assert config.serves is not None
    route = route_of(config)
    if route is None:
        admits = target_gate(config.allow_target, config.deny_target, numeric=config.nodns)
    else:
        admits = anywhere
    setup = ProxySetup(
        listen_setup(config, report),
        config.serves,
        target_options(config, TARGET_TIMEOUT),
        # Each side's EOF is passed on to the other, and both must have ended.
        Endings(on_peer_end="stay", idle=config.endings.idle),
        each_pipeline(tunnel_pipeline_of, config),
        recorder_of(config),
        admits,
        route,
    )
    return run(setup, report)


def _relay(config: Config, _stdio: Stdio, report: Report) -> int:
    from ..relay import RelaySetup, run
    from .pipeline import each_pipeline, recorders_of, tunnel_pipeline_of
    from .relay import onward_setup

    def admits() -> Admits:
        return admits_of(config, report)

    setup = RelaySetup(
        # The proxies are on the onward side.
        listen_setup(config, report) if config.listen else dial_setup(config)._replace(route=None),
        onward_setup(config),
        config.endings,
        each_pipeline(tunnel_pipeline_of, config),
        recorders_of(config),
        resets=config.if_refused != "close",
        drain=config.drain,
        admits=admits if config.allowfile or config.denyfile else None,
        faults=_faults(config),
        reconnect=config.reconnect,
    )
    return run(setup, report)


def _faults(config: Config) -> FaultSetup | None:
    if not (config.faults or config.controlled_at):
        return None
    from ...core.fault import DATAGRAMS, STREAMS
    from ..relay.spoiling import FaultSetup

    seed = 1 if config.fault_seed is None else config.fault_seed
    place = DATAGRAMS if has_datagrams(config) else STREAMS
    return FaultSetup(config.faults, seed, config.controlled_at, place)


def _asking(config: Config, stdio: Stdio, report: Report) -> int:
    from ...layers.control import request
    from ..relay.asking import AskSetup, run

    return run(AskSetup(dial_setup(config), request(config.target)), stdio, report)


def _telnet(config: Config, stdio: Stdio, report: Report) -> int:
    from ..telnet import run
    from ..telnet.settings import TelnetSetup

    setup = TelnetSetup(
        config.target,
        options_of(config),
        trace=config.trace,
        escape=config.escape,
        no_escape=config.no_escape,
        rlogin=config.rlogin,
        binary=config.binary,
        binary_output=config.binary_output,
        user=config.user,
        login=config.login,
        no_login=config.no_login,
    )
    return run(setup, stdio, report)


_PROGRAMS: dict[str, Callable[[Config, Stdio, Report], int]] = {
    "client": _client,
    "server": _server,
    "executor": _executor,
    "scan": _scan,
    "ping": _ping,
    "broker": _broker,
    "proxy": _proxy,
    "relay": _relay,
    "asking": _asking,
    "telnet": _telnet,
}
