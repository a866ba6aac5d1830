"""The targets of a relay, derived from the command line."""

from __future__ import annotations

import pytest

from pync.core.config import Proxy
from pync.dialects.pync import parse
from pync.programs.setup.relay import ONWARD_TIMEOUT, onward_setup


def test_options_of_the_listener_do_not_apply_to_the_onward_side() -> None:
    words = "-lk -s 127.0.0.1 -p 1 --ssl-cert=c --ssl-key=k --ttl 3 --to h:1"
    setup = onward_setup(parse(words.split()))
    assert (setup.options.source, setup.options.source_port) == (None, None)
    assert (setup.options.timeout, setup.tls, setup.route) == (ONWARD_TIMEOUT, None, None)
    assert setup.options.sockopts == (("ttl", 3),)


def test_onward_tls_options() -> None:
    words = (
        "-lk 1 --ssl-cert=c --ssl-key=k --ssl-alpn=x tls://h:1 --to-ssl-cert=d --to-ssl-key=l "
        "--to-ssl-trustfile=t --to-ssl-alpn=h2,http/1.1 --to-ssl-servername=n -w 3"
    )
    tls = onward_setup(parse(words.split())).tls
    assert tls is not None
    assert (tls.certificate, tls.key, tls.trusted) == ("d", "l", "t")
    assert (tls.protocols, tls.server_name) == (("h2", "http/1.1"), "n")
    assert (tls.verify, tls.timeout) == (True, 3)
    insecure = onward_setup(parse(["-lk", "1", "tls://h:1", "--to-insecure"])).tls
    assert insecure is not None
    assert not insecure.verify


def test_proxies_apply_to_the_onward_side() -> None:
    setup = onward_setup(parse(["-lk", "1", "tcp://h:1", "--proxy", "socks5://joe@p:9"]))
    assert setup.route is not None
    assert setup.route.proxies == (Proxy("socks5", "p", "9", "joe", ""),)


def test_onward_websocket() -> None:
    pytest.importorskip("wsproto", reason="wsproto is not installed")
    from pync.layers.websocket import Framing
    from pync.layers.websocket_handshake import Wish

    config = parse(
        ["-lk", "1", "wss://u:p@h/x", "--header", "a:b", "--ping-interval", "9", "--to-insecure"]
    )
    setup = onward_setup(config)
    assert setup.tls is not None
    assert setup.upgrade is not None
    upgrade = setup.upgrade(setup.targets[0])
    passed_on = Framing(None, "binary", passes_on=True)
    assert upgrade.how == Wish("h", "/x", "u:p", ((b"a", b"b"),))
    assert (upgrade.framing, upgrade.ping_interval) == (passed_on, 9.0)
    # Between two WebSockets, messages are unchanged, and the options of the first one apply.
    both = onward_setup(parse(["-lk", "ws://:1", "ws://h", "--header", "a:b", "--ws-text"]))
    assert both.upgrade is not None
    upgrade = both.upgrade(both.targets[0])
    assert (upgrade.how, upgrade.framing) == (Wish("h"), Framing(kind="text"))
    assert onward_setup(parse(["-lk", "ws://:1", "h:1"])).upgrade is None
