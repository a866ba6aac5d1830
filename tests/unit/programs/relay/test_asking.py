"""pync --control-client: its output, and how it handles answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ....peer import listening

if TYPE_CHECKING:
    from tests.unit.conftest import Running


def request_list(pync: Callable[..., Running], answer: bytes) -> tuple[int | None, bytes, str]:
    """Request the list; return the result for this answer."""
    with listening() as server:

        def reply() -> None:
            peer = server.accepts()
            with peer.sock:
                peer.hears(b'{"do": "list"}\n')
                peer.says(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        ended = pync("--control-client", f"tcp://127.0.0.1:{server.port}").ends()
        thread.join()
        return ended


def test_answer_is_shown(pync: Callable[..., Running]) -> None:
    assert request_list(pync, b'{"ok": true, "number": 3}\n') == (
        0,
        b'{"ok": true, "number": 3}\n',
        "",
    )


def test_refusal_is_an_error(pync: Callable[..., Running]) -> None:
    status, shown, said = request_list(pync, b'{"ok": false, "error": "no such fault"}\n')
    assert (status, shown) == (1, b"")
    assert said.endswith(": no such fault\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "answer", [b"", b"\n", b"hello\n", b"[]\n", b"{}\n", b'"ok"\n', b"7\n", b"\xff\xfe\n"]
)
def test_answer_of_another_server_is_an_error(pync: Callable[..., Running], answer: bytes) -> None:
    status, shown, said = request_list(pync, answer)
    assert (status, shown) == (1, b"")
    assert said.endswith(": the answer is not one of pync\n")


def test_connection_refused(pync: Callable[..., Running], closed_port: int) -> None:
    status, _, said = pync("--control-client", f"tcp://127.0.0.1:{closed_port}", "list").ends()
    assert status == 1
    assert "connection refused" in said
