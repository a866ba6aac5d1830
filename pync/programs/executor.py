"""Commands behind connections (``--exec``, ``--sh-exec``), as client and as listener.

A listener that stays (-k) serves all its clients at once (commands.py). A single command's
exit status is ours.
"""

from __future__ import annotations

from ..core import exits
from ..core.config import Config, Endings
from ..core.events import Accepted, Connected, Report
from ..engine.relay import relay
from ..transports import listen
from ..transports.conn import Conn
from ..transports.process import start, variables, words_of
from ..transports.stdio import Stdio
from .shared.announce import announce
from .shared.connect import check_listener, connect
from .shared.options import options_of
from .shared.pipeline import pipeline_of
from .shared.reception import Reception


def run(config: Config, _stdio: Stdio, report: Report) -> int:
    """Connect or listen, and run the command. Raises PyncError."""
    command = config.sh_exec if config.sh_exec is not None else config.exec
    assert command is not None
    words = words_of(command, shell=config.sh_exec is not None)
    if not config.listen:
        with connect(config, report) as conn:
            assert config.address is not None
            report(Connected(conn.peer, config.address.host))
            return _serve(config, words, conn)
    assert config.address is not None
    check_listener(config)
    if config.keep_open:
        return _serve_many(config, words, report)
    with listen(config.address, options_of(config, report)) as listener:
        announce(listener, config, report)
        with Reception(listener, config, report) as reception, reception.accept() as conn:
            listener.close_for_others()
            reception.close()
            report(Accepted(conn.peer))
            return _serve(config, words, conn)


def _serve(config: Config, words: list[str], conn: Conn) -> int:
    with start(words, variables(conn.local, conn.peer)) as process:
        relay(process, conn, _endings(config), pipeline_of(config))
        process.close()
        return process.wait()


def _serve_many(config: Config, words: list[str], report: Report) -> int:
    from ..transports.peers import by_peer
    from .commands import Commands

    assert config.address is not None
    endings = _endings(config)
    with listen(config.address, options_of(config, report)) as listener:
        announce(listener, config, report)
        if config.udp:
            # A command for each peer; Commands sees which is silent.
            endings = endings._replace(idle=None)
            Commands(config, endings, words, by_peer(listener), report).serve()
        else:
            Commands(config, endings, words, listener, report).serve()
    return exits.OK


def _endings(config: Config) -> Endings:
    # The command decides when it is over: with its last word the connection ends.
    return Endings(
        on_peer_end="stay",
        leave_when_sent=True,
        shutdown=config.endings.shutdown,
        idle=config.endings.idle,
    )
