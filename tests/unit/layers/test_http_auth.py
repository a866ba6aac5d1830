"""Basic and Digest authentication of both sides, with examples from RFC 7616 and RFC 7617."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.http_auth import (
    AuthError,
    Challenge,
    Guard,
    credentials,
    parse,
)
from pync.layers.http_nonce import LIFETIME, REMEMBERED

NOW = [1000.0]


def guard(user: str = "joe", password: str = "secret") -> Guard:
    NOW[0] = 1000.0
    return Guard(user, password, b"key", lambda: NOW[0])


def offered(by: Guard, *schemes: str) -> list[Challenge]:
    """Return the challenges of these schemes."""
    found = [one for header in by.challenges() for one in parse(header)]
    return [
        one
        for one in found
        if not schemes or one.parameters.get("algorithm", one.scheme) in schemes
    ]


def answer(challenges: list[Challenge], user: str = "joe", password: str = "secret") -> str:
    return credentials(challenges, "GET", "http://h/", user, password, "once")


# RFC 7616 3.9.1.
RFC = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    said = credentials(
        parse(RFC.format(algorithm)),
        "GET",
        "/dir/index.html",
        "Mufasa",
        "Circle of Life",
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    (given_,) = parse(said)
    assert given_.scheme == "Digest"
    assert given_.parameters == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_without_qop_as_in_ncat() -> None:
    # The answer of ncat 7.93 to realm="r", nonce="abc".
    challenge = parse('Digest realm="r", nonce="abc"')
    said = credentials(challenge, "CONNECT", "example.org:80", "joe", "secret", "x")
    assert said == (
        'Digest username="joe", realm="r", nonce="abc", uri="example.org:80", '
        'response="8c771db35d141701dcaa512ee0bae713"'
    )


def test_basic() -> None:
    said = credentials(parse('Basic realm="x"'), "GET", "/", "Aladdin", "open sesame", "")
    assert said == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    with pytest.raises(AuthError, match="a colon"):
        credentials(parse("Basic"), "GET", "/", "a:b", "c", "")


@pytest.mark.parametrize("schemes", [("MD5",), ("SHA-256",), ("Basic",), ()])
def test_only_the_right_password_is_admitted(schemes: tuple[str, ...]) -> None:
    by = guard()
    challenges = offered(by, *schemes)
    assert challenges
    assert by.judge("GET", "http://h/", [answer(challenges)]) == "admitted"
    assert by.judge("GET", "http://h/", [answer(challenges, password="other")]) == "refused"
    assert by.judge("GET", "http://h/", [answer(challenges, user="anna")]) == "refused"


def test_strongest_challenge_is_answered() -> None:
    assert "SHA-256" in answer(offered(guard()))
    assert "MD5" in answer(offered(guard(), "MD5", "Basic"))
    assert answer(parse("Negotiate") + parse('Basic realm="r"')).startswith("Basic ")


@pytest.mark.parametrize(
    "challenge",
    [
        "Negotiate",
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
    ],
)
def test_unsupported_challenges(challenge: str) -> None:
    with pytest.raises(AuthError, match="pync does not support"):
        answer(parse(challenge))


def test_control_characters_in_a_challenge_are_rejected() -> None:
    with pytest.raises(AuthError, match="a control character"):
        answer(parse('Digest realm="r\r\nX: y", nonce="n"'))


def test_session_algorithm_and_hashed_user() -> None:
    said = answer(parse('Digest realm="r", nonce="n", algorithm=MD5-sess, userhash=true'))
    (given_,) = parse(said)
    assert given_.parameters["cnonce"] == "once"
    assert given_.parameters["userhash"] == "true"
    assert given_.parameters["username"] == hashlib.md5(b"joe:r").hexdigest()
    by = guard()
    hashed = [Challenge("Digest", {**offered(by, "MD5")[0].parameters, "userhash": "true"})]
    assert by.judge("GET", "http://h/", [answer(hashed)]) == "admitted"


def test_answer_is_valid_once_and_for_one_request() -> None:
    by = guard()
    said = answer(offered(by, "SHA-256"))
    assert by.judge("POST", "http://h/", [said]) == "refused"
    assert by.judge("GET", "http://other/", [said]) == "refused"
    assert by.judge("GET", "http://h/", [said]) == "admitted"
    # A replay by an eavesdropper is not accepted.
    assert by.judge("GET", "http://h/", [said]) == "stale"


@pytest.mark.parametrize(
    ("target", "uri", "verdict"),
    [
        ("http://h/x?y", "http://h/x?y", "admitted"),
        ("http://h/x?y", "/x?y", "admitted"),
        ("http://h", "/", "admitted"),
        ("h:443", "h:443", "admitted"),
        ("http://h/x", "/y", "refused"),
        ("http://h/x", "http://i/x", "refused"),
        ("http://h/x", "", "refused"),
    ],
)
def test_uri_may_lack_the_host_of_the_target(target: str, uri: str, verdict: str) -> None:
    by = guard()
    said = credentials(offered(by, "MD5"), "GET", uri, "joe", "secret", "once")
    assert by.judge("GET", target, [said]) == verdict


def test_nonce_expires() -> None:
    by = guard()
    said = answer(offered(by, "MD5"))
    NOW[0] += LIFETIME + 1
    assert by.judge("GET", "http://h/", [said]) == "stale"
    assert all("stale=true" in one for one in by.challenges(stale=True)[:2])


def test_foreign_nonce_is_refused() -> None:
    other = Guard("joe", "secret", b"another key", lambda: 1000.0)
    assert guard().judge("GET", "http://h/", [answer(offered(other, "MD5"))]) == "refused"
    made_up = [Challenge("Digest", {"realm": "pync", "qop": "auth", "nonce": "9e99-"})]
    assert guard().judge("GET", "http://h/", [answer(made_up)]) == "refused"


def test_used_answer_is_never_admitted_again() -> None:
    by = guard()
    first = answer(offered(by, "MD5"))
    assert by.judge("GET", "http://h/", [first]) == "admitted"
    for _ in range(REMEMBERED + 10):
        NOW[0] += 0.001
        assert by.judge("GET", "http://h/", [answer(offered(by, "MD5"))]) == "admitted"
    # It is younger than LIFETIME, but no longer remembered.
    assert by.judge("GET", "http://h/", [first]) == "stale"


def test_each_nonce_count_is_valid_once() -> None:
    by = guard()
    said = answer(offered(by, "MD5"))
    assert by.judge("GET", "http://h/", [said]) == "admitted"
    (nonce,) = re.findall(r' nonce="([^"]*)"', said)
    once_more = credentials(
        [Challenge("Digest", {"realm": "pync", "qop": "auth", "nonce": nonce})],
        "GET",
        "http://h/",
        "joe",
        "secret",
        "another cnonce",
    )
    assert by.judge("GET", "http://h/", [once_more]) == "stale"


def test_client_without_nonce_counts_is_admitted_once() -> None:
    by = guard()
    old = [
        Challenge("Digest", {"realm": "pync", "nonce": offered(by, "MD5")[0].parameters["nonce"]})
    ]
    said = answer(old)
    assert "qop" not in said
    assert by.judge("GET", "http://h/", [answer(old, password="other")]) == "refused"
    assert by.judge("GET", "http://h/", [said]) == "admitted"
    assert by.judge("GET", "http://h/", [said]) == "stale"
    assert by.judge("GET", "http://h/", [f"{said}, nc=00000001"]) == "refused"


def test_two_answers_in_one_request_are_refused() -> None:
    by = guard()
    said = answer(offered(by, "Basic"))
    assert by.judge("GET", "http://h/", []) == "refused"
    assert by.judge("GET", "http://h/", [said, said]) == "refused"
    assert by.judge("GET", "http://h/", [f"{said}, {said}"]) == "refused"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic", [Challenge("Basic", {})]),
        ("Basic abc==", [Challenge("Basic", {}, "abc==")]),
        ('Basic realm="a, b"', [Challenge("Basic", {"realm": "a, b"})]),
        (
            r'Digest realm="a\"b" , Nonce=n,, Basic realm = x',
            [
                Challenge("Digest", {"realm": 'a"b', "nonce": "n"}),
                Challenge("Basic", {"realm": "x"}),
            ],
        ),
        ("Negotiate, Basic", [Challenge("Negotiate", {}), Challenge("Basic", {})]),
        ('="', []),
        ('Digest realm="a', []),
        ("Digest realm=a, realm=b", []),
        ("", []),
        ("B" * 5000, []),
    ],
)
def test_parse_header(header: str, expected: list[Challenge]) -> None:
    assert parse(header) == expected


_TEXT = st.text(min_size=1, max_size=20)


@given(
    _TEXT.filter(lambda text: ":" not in text), _TEXT, st.sampled_from(["MD5", "SHA-256", "Basic"])
)
def test_any_user_and_password(user: str, password: str, scheme: str) -> None:
    try:
        f"{user}{password}".encode()
    except UnicodeEncodeError:
        return
    by = guard(user, password)
    try:
        said = answer(offered(by, scheme), user, password)
    except AuthError:
        assert not user.isprintable()
    else:
        assert by.judge("GET", "http://h/", [said]) == "admitted"


@given(st.text(max_size=200))
def test_any_header_is_parsed_or_rejected(header: str) -> None:
    assert all(isinstance(one, Challenge) for one in parse(header))
    assert guard().judge("GET", "/", [header]) == "refused"
