"""The cookies of a DTLS listener: they are valid for one address and a limited time."""

from __future__ import annotations

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from pync.transports.dtls.cookies import COOKIE_LIFE, Cookies


class CookieRequest:
    """A stand-in for a connection that needs a cookie."""

    def __init__(self, peer: bytes) -> None:
        self.peer = peer

    def get_app_data(self) -> CookieRequest:
        return self


@pytest.mark.parametrize(
    ("ages", "is_good"),
    [((0.9,), True), ((1.1,), True), ((1.1, 1.1), False), ((2.1,), False), ((1.1, 0.5), True)],
)
def test_cookie_expires(ages: tuple[float, ...], is_good: bool) -> None:
    cookies, peer = Cookies(), CookieRequest(b"1.2.3.4")
    cookie = cookies.make(peer)  # type: ignore[arg-type]
    for age in ages:
        cookies._changed_at -= age * COOKIE_LIFE
        cookies.make(CookieRequest(b"somebody"))  # type: ignore[arg-type]
    assert cookies.is_good(peer, cookie) is is_good  # type: ignore[arg-type]
    assert not cookies.is_good(CookieRequest(b"1.2.3.5"), cookie)  # type: ignore[arg-type]
