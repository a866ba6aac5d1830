"""``pync --control-client ADDRESS WORDS``: send a request to a running relay; show its answer."""

from __future__ import annotations

import json

from ...core import exits
from ...core.broken import unwritten
from ...core.errors import RelayError
from ...core.events import Report
from ...core.typed import NamedTuple
from ...layers import control
from ...transports.conn import StreamConn
from ...transports.stdio import Stdio
from ..shared.connect import DialSetup, connect


class AskSetup(NamedTuple):
    """The control socket to connect to, and the line to send."""

    dial: DialSetup
    request: bytes


def run(setup: AskSetup, stdio: Stdio, report: Report) -> int:
    """Send the request and show the answer.

    Raises PyncError: RelayError when the relay refuses it, or when the server is not a relay.
    """
    with connect(setup.dial, report) as conn:
        assert isinstance(conn, StreamConn)
        conn.send_all(setup.request)
        answer = conn.recv_line(limit=control.LONGEST_ANSWER)
    try:
        told = json.loads(answer)
        is_done = bool(told["ok"])
    except (ValueError, TypeError, KeyError):
        raise RelayError("control", setup.dial.address, "the answer is not one of pync") from None
    if not is_done:
        raise RelayError("control", setup.dial.address, str(told.get("error")))
    view = memoryview(answer)
    try:
        while view:
            view = view[stdio.send(view) :]
    except OSError as error:
        raise unwritten(error) from None
    return exits.OK
