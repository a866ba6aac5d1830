"""Command words made plain before docopt sees them. Pure.

docopt-ng takes ``-4`` for a number and speaks to programmers when it complains. So the
words are taken apart here, with the option table read off the same USAGE: bundles
(``-lvnp9000``), glued values (``-w1``), abbreviations of long options; and what is
wrong is said in one line of ours.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

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


class Manner(NamedTuple):
    """How a program reads its words, and its texts for what is wrong with them.

    The texts are formats: ``{0}`` is the letter or long name, ``{1}`` the candidates.
    ``longs``: whether it has long options at all (getopt(3) without them takes ``--x``
    for letters). ``permutes``: whether options may follow positional words.
    """

    unknown_short: str = "unknown option -- '{0}'"
    unknown_long: str = "unknown option --{0}"
    ambiguous: str = "option --{0} is ambiguous ({1})"
    takes_none: str = "option --{0} takes no value"
    needs_short: str = "option requires an argument -- '{0}'"
    needs_long: str = "option requires an argument --{0}"
    longs: bool = True
    permutes: bool = True


OURS = Manner()


def read(
    usage: str,
    argv: list[str],
    manner: Manner = OURS,
    repeated: frozenset[str] = frozenset({"verbose"}),
) -> tuple[dict[str, Any], list[str]]:
    """The fields of a Config that a command line sets, and its positional words.

    Arguments:
        usage: a docopt text whose only positional is ``[TARGET]...``.
        argv: what was typed.
        manner: how the program reads it.
        repeated: fields for which every occurrence counts: a number for flags, a tuple
            of values for the others. Elsewhere the last one wins.

    Raises UsageError in the program's own words.
    """
    import docopt

    options = options_in(usage)
    flags, words = plain(argv, options, manner)
    last = {flag.partition("=")[0]: flag for flag in flags}
    given = docopt.docopt(
        _asked_for(usage, options, last), [*last.values(), "--", *words], default_help=False
    )
    fields: dict[str, Any] = {}
    for option in options:
        field = option.long.replace("-", "_")
        fields[field] = given.get(f"--{option.long}", None if option.takes_value else False)
        if field in repeated:
            every = [flag for flag in flags if flag.partition("=")[0] == f"--{option.long}"]
            values = tuple(flag.partition("=")[2] for flag in every)
            fields[field] = values if option.takes_value else len(every)
    return fields, list(given["TARGET"])


def _asked_for(usage: str, options: list[Option], given: Collection[str]) -> str:
    """The USAGE with those options only that were given.

    docopt compares every option with every other, which for eighty takes longer than all
    the rest of a start.
    """
    pattern = re.search(r"^usage:\s*(\S.*)$", usage, re.IGNORECASE | re.MULTILINE)
    assert pattern is not None
    described = [
        f"  --{option.long}{'=VALUE' if option.takes_value else ''}"
        for option in options
        if f"--{option.long}" in given
    ]
    return "\n".join([f"Usage: {pattern.group(1)}", "", "Options:", *described])


def plain(
    argv: list[str], options: list[Option], manner: Manner = OURS
) -> tuple[list[str], list[str]]:
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
        elif word.startswith("--") and manner.longs:
            flags.append(_long(word[2:], longs, rest, manner))
        elif word.startswith("-") and word != "-":
            flags += _bundle(word[1:], shorts, rest, manner)
        else:
            words.append(word)
            if not manner.permutes:
                words += rest
    return flags, words


def _bundle(
    letters: str, shorts: dict[str, Option], rest: Iterator[str], manner: Manner
) -> list[str]:
    flags: list[str] = []
    for index, letter in enumerate(letters):
        option = shorts.get(letter)
        if option is None:
            raise UsageError(manner.unknown_short.format(letter))
        if option.takes_value:
            value = letters[index + 1 :] or _next(rest, manner.needs_short.format(letter))
            return [*flags, _flag(option, value)]
        flags.append(_flag(option, ""))
    return flags


def _long(text: str, longs: dict[str, Option], rest: Iterator[str], manner: Manner) -> str:
    name, equals, value = text.partition("=")
    option = _named(name, longs, manner)
    if option.takes_value and not equals:
        value = _next(rest, manner.needs_long.format(option.long))
    elif equals and not option.takes_value:
        raise UsageError(manner.takes_none.format(option.long))
    return _flag(option, value)


def _named(name: str, longs: dict[str, Option], manner: Manner) -> Option:
    if name in longs:
        return longs[name]
    fits = [option for long, option in longs.items() if name and long.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = ", ".join(f"--{option.long}" for option in fits)
        raise UsageError(manner.ambiguous.format(name, several))
    raise UsageError(manner.unknown_long.format(name))


def _next(rest: Iterator[str], missing: str) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(missing)
    return value


def _flag(option: Option, value: str) -> str:
    return f"--{option.long}={value}" if option.takes_value else f"--{option.long}"
