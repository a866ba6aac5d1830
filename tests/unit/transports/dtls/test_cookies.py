"""The cookies of a DTLS listener: whose they are, and for how long."""

from __future__ import annotations

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from pync.transports.dtls.cookies import COOKIE_LIFE, Cookies


class Asking:
    """A stand-in for a connection that needs a cookie."""

    def __init__(self, peer: bytes) -> None:
        self.peer = peer

    def get_app_data(self) -> Asking:
        return self


@pytest.mark.parametrize(
    ("ages", "is_good"),
    [((0.9,), True), ((1.1,), True), ((1.1, 1.1), False), ((2.1,), False), ((1.1, 0.5), True)],
)
def test_a_cookie_is_not_good_for_ever(ages: tuple[float, ...], is_good: bool) -> None:
    cookies, peer = Cookies(), Asking(b"1.2.3.4")
    cookie = cookies.make(peer)  # type: ignore[arg-type]
    for age in ages:
        cookies._changed_at -= age * COOKIE_LIFE
        cookies.make(Asking(b"somebody"))  # type: ignore[arg-type]
    assert cookies.is_good(peer, cookie) is is_good  # type: ignore[arg-type]
    assert not cookies.is_good(Asking(b"1.2.3.5"), cookie)  # type: ignore[arg-type]
