"""Find the template of the answers from lines and their answers. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..core.conduct import Answers, fields

#: The data that was sent, and its answer.
Sample = tuple[bytes, bytes]


def template_of(samples: Sequence[Sample]) -> bytes | None:
    """Return the template that makes all the answers; None if there is none.

    It has no field if every answer is the same.
    """
    if not samples:
        return None
    for template in _candidates(*samples[0]):
        if all(Answers(template).worded(sent) == answer for sent, answer in samples):
            return template
    return None


def _candidates(sent: bytes, answer: bytes) -> Iterator[bytes]:
    line = sent.rstrip(b"\r\n")
    whole = [(sent, b"{data}"), (sent.upper(), b"{DATA}")]
    bare = [(line, b"{line}"), (line.upper(), b"{LINE}")]
    count = b"(?<![0-9])%d(?![0-9])" % len(sent)
    for texts in (whole + bare, bare):
        template = answer
        for text, field in texts:
            if text:
                template = template.replace(text, field)
        # The number of bytes may be in the answer, if it is not in the line itself.
        yield re.sub(count, b"{n}", template)
        yield template
    yield answer


def repeated(answers: Sequence[bytes]) -> bytes | None:
    """Return the shortest text that gives every answer when repeated."""
    first = min(answers, key=len, default=b"")
    for size in range(1, len(first) + 1):
        text = first[:size]
        if all(one == text * (len(one) // size) for one in answers):
            return text
    return None


def count_template(samples: Sequence[Sample]) -> bytes | None:
    """Return a reply with the number of sent bytes as ``{n}``; None if there is none."""
    for sent, answer in samples:
        template = re.sub(b"(?<![0-9])%d(?![0-9])" % len(sent), b"{n}", answer, count=1)
        if b"{n}" in template and all(
            template.replace(b"{n}", b"%d" % len(data)) == said for data, said in samples
        ):
            return template
    return None


def is_echo(template: bytes) -> bool:
    """Return whether the answer is exactly what was sent."""
    return template == b"{data}"


def upper_token(template: bytes) -> bytes | None:
    r"""Return the token that follows the line in upper case, perhaps empty; None if it is neither.

    A token is a word without a blank or a newline around it.
    """
    for upper in (b"{DATA}", b"{LINE}\n"):
        if template.startswith(upper):
            rest = template[len(upper) :]
            return rest if rest.strip() == rest and not fields(rest) else None
    return None
