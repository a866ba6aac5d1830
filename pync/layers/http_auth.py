"""Logins at an HTTP proxy: Basic (RFC 7617) and Digest (RFC 7616), both sides. Pure.

A Guard is the proxy's side: it makes challenges, and checks the answers of clients.
``credentials`` is the client's side: the answer to the best of a proxy's challenges.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable

from ..core.typed import NamedTuple, Protocol
from .http_nonce import Nonces

#: Algorithms of Digest; the ``-sess`` variants are for clients only. MD5 is offered first, though
#: it is not the better one (RFC 7616 3.7): ncat takes the first, and fails if it does not have it.
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}

#: The longest header in bytes; a longer one is ignored.
LONGEST = 4096

# RFC 9110 5.6.2 and 11.2.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))[ \t]*(?:,|$)')
_SCHEME = re.compile(
    rf"({_TOKEN})(?:[ \t]+([A-Za-z0-9._~+/-]+=*)[ \t]*(?:,|$)|[ \t]+|[ \t]*(?:,|$))"
)


class Challenge(NamedTuple):
    """One challenge, or its answer: a scheme with parameters, or with one word (token68)."""

    scheme: str
    parameters: dict[str, str]
    word: str = ""


class AuthError(Exception):
    """No challenge can be answered; the text is the cause."""


# The proxy's side.


class Judge(Protocol):
    """The check of a proxy's clients; see Guard."""

    def judge(self, method: str, target: str, answers: list[str]) -> str:
        """Return ``admitted``, ``refused``, or ``stale``."""

    def challenges(self, stale: bool = False) -> list[str]:
        """Return the values of Proxy-Authenticate."""


class Guard:
    """The check of user and password.

    Arguments:
        user, password: those that are accepted.
        secret: signs nonces; it must not be known to others.
        now: the time in seconds, on any clock that does not jump.
        realm: what the password is for.
    """

    def __init__(
        self,
        user: str,
        password: str,
        secret: bytes,
        now: Callable[[], float],
        realm: str = "pync",
    ) -> None:
        self._user = user
        self._password = password
        self._nonces = Nonces(secret, now)
        self._realm = realm

    def challenges(self, stale: bool = False) -> list[str]:
        """Return the values of Proxy-Authenticate.

        Arguments:
            stale: whether the last answer was right, but its nonce was too old.
        """
        digest = f'Digest realm="{self._realm}", qop="auth", nonce="{self._nonces.make()}"'
        end = ", stale=true" if stale else ""
        return [
            *(f"{digest}, algorithm={name}{end}" for name in _HASHES),
            f'Basic realm="{self._realm}", charset="UTF-8"',
        ]

    def judge(self, method: str, target: str, answers: list[str]) -> str:
        """Return ``admitted``, ``refused``, or ``stale``: right, but with an unusable nonce.

        Arguments:
            method, target: of the request line.
            answers: the values of Proxy-Authorization.
        """
        # Two headers may disagree, and another server may check the other one.
        given = parse(answers[0]) if len(answers) == 1 else []
        if len(given) != 1:
            return "refused"
        scheme = given[0].scheme.lower()
        if scheme == "basic":
            return "admitted" if self._basic(given[0].word) else "refused"
        if scheme == "digest":
            return self._digest(method, target, given[0].parameters)
        return "refused"

    def _basic(self, word: str) -> bool:
        expected = base64.b64encode(_bytes(f"{self._user}:{self._password}"))
        return hmac.compare_digest(_bytes(word), expected)

    def _digest(self, method: str, target: str, given: dict[str, str]) -> str:
        algorithm = given.get("algorithm", "MD5").upper()
        fits = (
            algorithm in _HASHES
            and given.get("realm") == self._realm
            and given.get("uri") in _spellings(target)
            and _counts_or_is_old(given)
            and self._names_us(algorithm, given)
            and self._nonces.is_ours(given.get("nonce", ""))
        )
        if not fits:
            return "refused"
        expected = _response(
            algorithm, method, given["uri"], self._user, self._password, self._realm, given
        )
        if not hmac.compare_digest(_bytes(given.get("response", "")), expected.encode()):
            return "refused"
        number = int(given["nc"], 16) if "qop" in given else None
        return "admitted" if self._nonces.use(given["nonce"], number) else "stale"

    def _names_us(self, algorithm: str, given: dict[str, str]) -> bool:
        user = self._user
        if given.get("userhash", "").lower() == "true":
            user = _hash(algorithm, f"{user}:{self._realm}")
        return hmac.compare_digest(_bytes(given.get("username", "")), _bytes(user))


def _counts_or_is_old(given: dict[str, str]) -> bool:
    """Return whether the request has a count (RFC 7616), or none in the way of RFC 2069."""
    if "qop" not in given:
        return "nc" not in given
    return given["qop"] == "auth" and bool(re.fullmatch(r"[0-9a-fA-F]{8}", given.get("nc", "")))


# The client's side.


def credentials(
    challenges: Iterable[Challenge],
    method: str,
    target: str,
    user: str,
    password: str,
    cnonce: str,
    given: str | None = None,
) -> str:
    """Return the value of Proxy-Authorization that answers the best of the challenges.

    Arguments:
        challenges: those of the proxy.
        method, target: of the request line.
        cnonce: a word that is used once.
        given: text that Basic sends in place of user and password.

    Raises AuthError.
    """
    known = [one for one in challenges if _rank(one) >= 0]
    if not known:
        raise AuthError("the proxy asks for an authentication method that pync does not support")
    best = max(known, key=_rank)
    if best.scheme.lower() == "basic":
        if ":" in user and given is None:
            raise AuthError("Basic authentication cannot send a user name with a colon")
        said = f"{user}:{password}" if given is None else given
        return "Basic " + base64.b64encode(_bytes(said)).decode()
    said = "Digest " + _answer(best.parameters, method, target, user, password, cnonce)
    if re.search(r"[\x00-\x1f\x7f]", said):
        # The answer contains text from the proxy, which must not start a new header line.
        raise AuthError("Digest authentication cannot send a control character")
    return said


def _rank(challenge: Challenge) -> int:
    """Return the rank of a challenge: the highest is the best, -1 is unknown."""
    if challenge.scheme.lower() == "basic":
        return 0
    if challenge.scheme.lower() != "digest" or "nonce" not in challenge.parameters:
        return -1
    qops = challenge.parameters.get("qop")
    if qops is not None and "auth" not in _list(qops):
        return -1
    name = challenge.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")
    return {"MD5": 1, "SHA-256": 2}.get(name, -1)


def _answer(
    offered: dict[str, str], method: str, target: str, user: str, password: str, cnonce: str
) -> str:
    algorithm = offered.get("algorithm", "MD5")
    realm = offered.get("realm", "")
    given = {"username": user, "realm": realm, "nonce": offered["nonce"], "uri": target}
    plain = {"algorithm": algorithm} if "algorithm" in offered else {}
    if "qop" in offered:
        plain |= {"qop": "auth", "nc": "00000001"}
        given["cnonce"] = cnonce
    elif algorithm.upper().endswith("-SESS"):
        given["cnonce"] = cnonce
    if offered.get("userhash", "").lower() == "true":
        given["username"] = _hash(algorithm, f"{user}:{realm}")
        plain["userhash"] = "true"
    if "opaque" in offered:
        given["opaque"] = offered["opaque"]
    given["response"] = _response(
        algorithm, method, target, user, password, realm, {**given, **plain}
    )
    words = [f"{name}={_quoted(value)}" for name, value in given.items()]
    return ", ".join([*words, *(f"{name}={value}" for name, value in plain.items())])


def _spellings(target: str) -> tuple[str, str]:
    """Return the two forms of a target in Digest: ncat's, and curl's without scheme and host."""
    path = re.sub(r"^(?i:http)://[^/?#]*", "", target)
    return target, path if path.startswith("/") else f"/{path}"


# Both sides.


def parse(header: str) -> list[Challenge]:
    """Return the challenges, or credentials, of one header; empty when it is malformed."""
    found: list[Challenge] = []
    header = header.strip(" \t")
    position = 0
    if len(header) > LONGEST:
        return []
    while position < len(header):
        parameter = _PARAMETER.match(header, position)
        scheme = None if parameter else _SCHEME.match(header, position)
        if parameter and found:
            quoted, token = parameter.group(2), parameter.group(3)
            value = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            name = parameter.group(1).lower()
            if name in found[-1].parameters:
                return []
            found[-1].parameters[name] = value
        elif scheme:
            found.append(Challenge(scheme.group(1), {}, scheme.group(2) or ""))
        else:
            return []
        position = (parameter or scheme).end()  # type: ignore[union-attr]
        while header[position : position + 1] in (" ", "\t", ",") and position < len(header):
            position += 1
    return found


def _response(
    algorithm: str,
    method: str,
    target: str,
    user: str,
    password: str,
    realm: str,
    given: dict[str, str],
) -> str:
    """Return the response of RFC 7616 3.4.1; without qop, that of RFC 2069."""
    nonce = given["nonce"]
    first = _hash(algorithm, f"{user}:{realm}:{password}")
    if algorithm.upper().endswith("-SESS"):
        first = _hash(algorithm, f"{first}:{nonce}:{given.get('cnonce', '')}")
    second = _hash(algorithm, f"{method}:{target}")
    if "qop" not in given:
        return _hash(algorithm, f"{first}:{nonce}:{second}")
    between = f"{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}"
    return _hash(algorithm, f"{first}:{nonce}:{between}:{second}")


def _hash(algorithm: str, text: str) -> str:
    made = _HASHES[algorithm.upper().removesuffix("-SESS")]
    return made(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    # Text that was typed, or read from a header, may not be valid UTF-8.
    return text.encode("utf-8", "surrogateescape")


def _list(text: str) -> list[str]:
    return [word.strip().lower() for word in text.split(",")]


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
