"""Credentials for proxies; tests/interop/test_proxy.py tests complete dialogues."""

from __future__ import annotations

import pytest

from pync.core.config import Proxy
from pync.core.events import Event, Told, silent
from pync.layers.handshake import HandshakeError
from pync.layers.http_connect import StatusError
from pync.programs.shared import password_prompt
from pync.programs.shared.proxy_login import STALE, TRIES, ProxyLogin

JOE = Proxy("http", "h", "1", "joe", "secret")
BASIC = "Basic am9lOnNlY3JldA=="


def refusal(*challenges: str, status: int = 407) -> StatusError:
    return StatusError(status, f"HTTP/1.1 {status} x", challenges)


def test_login_is_sent_only_after_a_challenge() -> None:
    identity = ProxyLogin(JOE, silent)
    assert identity.authorization is None
    identity.answer(refusal('Basic realm="r"'), "t:1")
    assert identity.authorization == BASIC


def test_other_refusals_are_raised() -> None:
    for identity, asked in (
        (ProxyLogin(JOE, silent), refusal(status=403)),
        (ProxyLogin(JOE._replace(user=None), silent), refusal("Basic")),
    ):
        with pytest.raises(StatusError) as raised:
            identity.answer(asked, "t:1")
        assert raised.value is asked


def test_refusal_without_a_challenge_is_answered_with_basic() -> None:
    identity = ProxyLogin(JOE, silent)
    identity.answer(refusal(), "t:1")
    assert identity.authorization == BASIC


def test_wrong_password_is_sent_once() -> None:
    identity = ProxyLogin(JOE, silent)
    identity.answer(refusal("Basic"), "t:1")
    with pytest.raises(StatusError):
        identity.answer(refusal("Basic"), "t:1")


def test_stale_challenge_is_answered_a_limited_number_of_times() -> None:
    identity = ProxyLogin(JOE, silent)
    stale = refusal('Digest realm="r", nonce="n", qop="auth", stale=true')
    said = set()
    for _ in range(STALE):
        identity.answer(stale, "t:1")
        said.add(identity.authorization)
    assert len(said) == STALE
    with pytest.raises(StatusError):
        identity.answer(stale, "t:1")


def test_unsupported_challenge() -> None:
    with pytest.raises(HandshakeError, match="pync does not support"):
        ProxyLogin(JOE, silent).answer(refusal("Negotiate"), "t:1")


def test_user_is_asked_several_times(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts: list[str] = []

    def typed(prompt: str) -> bytes:
        prompts.append(prompt)
        return b"wrong" if len(prompts) < TRIES else b"secret"

    monkeypatch.setattr(password_prompt, "ask", typed)
    told: list[Event] = []
    identity = ProxyLogin(JOE._replace(password=None), told.append)
    for _ in range(TRIES):
        identity.answer(refusal("Basic"), "t:1")
    assert identity.authorization == BASIC
    assert prompts == ["Proxy password for joe@h: "] * TRIES
    assert told == [Told("Proxy authentication failed", is_error=True)] * (TRIES - 1)
    with pytest.raises(HandshakeError, match="Too many authentication failures"):
        identity.answer(refusal("Basic"), "t:1")


def test_password_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_terminal(_prompt: str) -> bytes:
        raise OSError("no terminal")

    monkeypatch.setattr(password_prompt, "ask", no_terminal)
    with pytest.raises(HandshakeError, match="Unable to read proxy passphrase"):
        ProxyLogin(JOE._replace(password=None), silent).answer(refusal("Basic"), "t:1")
