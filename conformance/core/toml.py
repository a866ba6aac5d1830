"""Parsing TOML that users write.

tomllib raises more than TOMLDecodeError: a number of more than 4300 digits is a plain ValueError
(sys.set_int_max_str_digits), and deeply nested arrays are a RecursionError.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .verdict import WrongUsage, cause_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class NotTomlError(ValueError):
    """The text is not valid TOML; the message ends with the place, if it is known."""


def parse(text: str) -> dict[str, Any]:
    """Return the document. Raises NotTomlError."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise NotTomlError("it is nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(str(error)) from None
    except ValueError:
        raise NotTomlError("a number has too many digits") from None


def read(path: str, what: str) -> dict[str, Any]:
    """Return the document of a file. Raises WrongUsage; its message begins with ``what``."""
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUsage(f"{what}: {cause_of(error)}") from None
    except (NotTomlError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{what}: {error}") from None
