"""Regular expressions that a user types. Pure."""

from __future__ import annotations

import re


def compiled(pattern: str) -> re.Pattern[bytes]:
    """Return a pattern over bytes; ``^`` and ``$`` match at lines.

    Raises ValueError, which says what is wrong.
    """
    try:
        return re.compile(pattern.encode("utf-8", "surrogateescape"), re.MULTILINE)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from None
    except UnicodeEncodeError:
        raise ValueError("it holds half a UTF-16 surrogate pair") from None
