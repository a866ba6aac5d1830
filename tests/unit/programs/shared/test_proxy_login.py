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


def test_nothing_is_said_before_it_is_asked_for() -> None:
    identity = ProxyLogin(JOE, silent)
    assert identity.authorization is None
    identity.answer(refusal('Basic realm="r"'), "t:1")
    assert identity.authorization == BASIC


def test_what_is_no_question() -> None:
    for identity, asked in (
        (ProxyLogin(JOE, silent), refusal(status=403)),
        (ProxyLogin(JOE._replace(user=None), silent), refusal("Basic")),
    ):
        with pytest.raises(StatusError) as raised:
            identity.answer(asked, "t:1")
        assert raised.value is asked


def test_a_proxy_that_does_not_say_how_it_asks() -> None:
    identity = ProxyLogin(JOE, silent)
    identity.answer(refusal(), "t:1")
    assert identity.authorization == BASIC


def test_a_wrong_password_is_said_once() -> None:
    identity = ProxyLogin(JOE, silent)
    identity.answer(refusal("Basic"), "t:1")
    with pytest.raises(StatusError):
        identity.answer(refusal("Basic"), "t:1")


def test_a_question_that_was_too_old_but_not_for_ever() -> None:
    identity = ProxyLogin(JOE, silent)
    stale = refusal('Digest realm="r", nonce="n", qop="auth", stale=true')
    said = set()
    for _ in range(STALE):
        identity.answer(stale, "t:1")
        said.add(identity.authorization)
    assert len(said) == STALE
    with pytest.raises(StatusError):
        identity.answer(stale, "t:1")


def test_a_question_that_nobody_understands() -> None:
    with pytest.raises(HandshakeError, match="pync does not support"):
        ProxyLogin(JOE, silent).answer(refusal("Negotiate"), "t:1")


def test_a_person_is_asked_and_may_mistype(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_nobody_is_there_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_prompt: str) -> bytes:
        raise OSError("no terminal")

    monkeypatch.setattr(password_prompt, "ask", nobody)
    with pytest.raises(HandshakeError, match="Unable to read proxy passphrase"):
        ProxyLogin(JOE._replace(password=None), silent).answer(refusal("Basic"), "t:1")
