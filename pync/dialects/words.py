"""Command words made plain before docopt sees them. Pure.

docopt-ng takes ``-4`` for a number and speaks to programmers when it complains. So the
words are taken apart here, with the option table read off the same USAGE: bundles
(``-lvnp9000``), glued values (``-w1``), abbreviations of long options; and what is
wrong is said in one line of ours.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core.errors import UsageError


class Option(NamedTuple):
    """One option of a USAGE: ``-p --source-port=PORT``."""

    short: str
    long: str
    takes_value: bool


def options_in(usage: str) -> list[Option]:
    """The options described in a USAGE's lines."""
    described = re.findall(r"^ {2,5}(?:-(\w) )?--([a-z0-9-]+)(=\S+)?", usage, re.MULTILINE)
    return [Option(short, long, bool(value)) for short, long, value in described]


def plain(argv: list[str], options: list[Option]) -> tuple[list[str], list[str]]:
    """Split into long options with their values glued on, and positional words.

    Raises UsageError.
    """
    shorts = {option.short: option for option in options if option.short}
    longs = {option.long: option for option in options}
    flags: list[str] = []
    words: list[str] = []
    rest = iter(argv)
    for word in rest:
        if word == "--":
            words += rest
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            option = _long(name, longs)
            if option.takes_value and not equals:
                value = _next(rest, f"--{option.long}")
            elif equals and not option.takes_value:
                raise UsageError(f"option --{option.long} takes no value")
            flags.append(_flag(option, value))
        elif word.startswith("-") and word != "-":
            flags += _bundle(word[1:], shorts, rest)
        else:
            words.append(word)
    return flags, words


def _bundle(letters: str, shorts: dict[str, Option], rest: object) -> list[str]:
    flags: list[str] = []
    for index, letter in enumerate(letters):
        option = shorts.get(letter)
        if option is None:
            raise UsageError(f"unknown option -- '{letter}'")
        if option.takes_value:
            value = letters[index + 1 :] or _next(rest, f"-- '{letter}'")
            return [*flags, _flag(option, value)]
        flags.append(_flag(option, ""))
    return flags


def _long(name: str, longs: dict[str, Option]) -> Option:
    if name in longs:
        return longs[name]
    fits = [option for long, option in longs.items() if name and long.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = ", ".join(f"--{option.long}" for option in fits)
        raise UsageError(f"option --{name} is ambiguous ({several})")
    raise UsageError(f"unknown option --{name}")


def _next(rest: object, option: str) -> str:
    value = next(rest, None)  # type: ignore[call-overload]
    if value is None:
        raise UsageError(f"option requires an argument {option}")
    return str(value)


def _flag(option: Option, value: str) -> str:
    return f"--{option.long}={value}" if option.takes_value else f"--{option.long}"
