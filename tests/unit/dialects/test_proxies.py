"""Parsing proxies."""

from __future__ import annotations

from pathlib import Path

import pytest

from pync.core.config import Config, Proxy
from pync.core.errors import UsageError
from pync.dialects.proxies import VARIABLE, chain, one_proxy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("socks5://h:1", Proxy("socks5", "h", "1")),
        ("socks5://h", Proxy("socks5", "h", "1080")),
        ("socks4a://h", Proxy("socks4", "h", "1080")),
        ("http://joe:se:cret@h/", Proxy("http", "h", "3128", "joe", "se:cret")),
        ("http://joe@h", Proxy("http", "h", "3128", "joe", None)),
        ("http://joe:@h", Proxy("http", "h", "3128", "joe", "")),
        ("http://[::1]", Proxy("http", "::1", "3128")),
        ("[::1]:9", Proxy("socks5", "::1", "9")),
        ("h", Proxy("socks5", "h", "1080")),
    ],
)
def test_one_proxy(text: str, expected: Proxy) -> None:
    assert one_proxy(text, "socks5") == expected


@pytest.mark.parametrize("text", ["ftp://h", "http://", "http://joe@", "::1:9"])
def test_invalid_proxy(text: str) -> None:
    with pytest.raises(UsageError):
        one_proxy(text, "http")


def test_chain_keeps_its_order() -> None:
    assert chain(Config(proxy=("socks5://a", "b:1"))) == (
        Proxy("socks5", "a", "1080"),
        Proxy("http", "b", "1"),
    )
    assert chain(Config()) == ()
    with pytest.raises(UsageError, match="'ftp' is not a proxy type"):
        chain(Config(proxy_type="ftp"))


def test_sources_of_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "env:1")
    assert chain(Config(proxy=("h",)))[0].user == "env"
    assert chain(Config(proxy=("h",), proxy_auth="typed:2"))[0].password == "2"
    (tmp_path / "auth").write_text("file:3\nmore")
    config = Config(proxy=("h",), proxy_auth_file=str(tmp_path / "auth"))
    assert chain(config)[0] == Proxy("http", "h", "3128", "file", "3")
    (tmp_path / "auth").write_bytes(b"j\xff:\xfe")
    assert chain(config)[0] == Proxy("http", "h", "3128", "j\udcff", "\udcfe")
    with pytest.raises(UsageError, match="--proxy-auth-file /none"):
        chain(Config(proxy_auth_file="/none"))
    for auth in (":x", ""):
        with pytest.raises(UsageError, match="write USER:PASSWORD"):
            chain(Config(proxy_auth=auth))
        (proxy,) = chain(Config(proxy=("h",), proxy_auth=auth), as_given=True)
        assert (proxy.user, proxy.given) == ("", auth)
