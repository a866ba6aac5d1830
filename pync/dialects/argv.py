"""Words of a command line, parsed by the table of options in a USAGE. Pure.

A USAGE is a docopt text, and the result is what docopt finds (test_argv.py compares). docopt itself
takes 2 ms of a start, treats ``-4`` as a number, and its error messages are for programmers. This
module takes bundles (``-lvnp9000``), attached values (``-w1``) and abbreviations of long options,
and reports errors in one line of our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    #: Field -> the function that converts its text: (text, option in messages) -> value.

    Values = Mapping[str, Callable[[str, str], Any]]


class Option(NamedTuple):
    """One option of a USAGE: ``-p --source-port=PORT``."""

    short: str
    long: str
    takes_value: bool

    @property
    def field(self) -> str:
        """Its field in the Config."""
        return self.long.replace("-", "_")

    @property
    def shown(self) -> str:
        """Its form in messages."""
        return f"-{self.short}" if self.short else f"--{self.long}"


@lru_cache
def options_in(usage: str) -> tuple[Option, ...]:
    """Return the options described in a USAGE's lines."""
    described = re.findall(r"^ {2,5}(?:-(\w) )?--([a-z0-9-]+)(=\S+)?", usage, re.MULTILINE)
    return tuple([Option(short, long, bool(value)) for short, long, value in described])


def described_in(usage: str) -> list[tuple[str, str, str]]:
    """Return the letter, the name of the value, and the description of each option in a USAGE."""
    return re.findall(r"^  -(\w) --[a-z0-9-]+=?(\S*) +(.*)$", usage, re.MULTILINE)


#: Fields in which only one occurrence is allowed, and the error for a second one.
Once = tuple[frozenset[str], str]


class ArgvStyle(NamedTuple):
    """How a program parses its command line, and its error texts.

    The texts are formats: ``{0}`` is the letter or long name, ``{1}`` the candidates.

    Arguments:
        longs: whether it has long options (without them, getopt(3) parses ``--x`` as letters).
        permutes: whether options may follow positional words.
        accumulates: fields that collect all occurrences: a number for flags, a tuple of
            values for the others. With any other option, the last occurrence is used.
        once: groups of fields in which a second occurrence is an error.
        overrides: field -> the field that it replaces, if that was given before.
        answers: fields that end the parsing: the program answers them and exits.
        error: the class of errors about unknown options and missing values.
    """

    unknown_short: str = "unknown option -- '{0}'"
    unknown_long: str = "unknown option --{0}"
    ambiguous: str = "option --{0} is ambiguous ({1})"
    takes_none: str = "option --{0} takes no value"
    needs_short: str = "option requires an argument -- '{0}'"
    needs_long: str = "option requires an argument --{0}"
    longs: bool = True
    permutes: bool = True
    accumulates: frozenset[str] = frozenset({"verbose"})
    once: tuple[Once, ...] = ()
    overrides: Mapping[str, str] = MappingProxyType({})
    answers: frozenset[str] = frozenset()
    error: type[UsageError] = UsageError


OURS = ArgvStyle()


def read(
    usage: str, argv: list[str], style: ArgvStyle = OURS, values: Values | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of a Config that a command line sets, and its positional words.

    Every occurrence of an option is checked in the typed order, as in a getopt(3) loop: the first
    mistake is reported, and an occurrence that is replaced by a later one must be valid too.

    Arguments:
        usage: a docopt text whose only positional is ``[TARGET]...``.
        argv: the typed words.
        style: how the program parses them.
        values: the functions that convert texts to values.

    Raises UsageError in the program's own words.
    """
    options = options_in(usage)
    given = _Given(style, values or {})
    words: list[str] = []
    for item in _occurrences(argv, options, style):
        if isinstance(item, str):
            words.append(item)
            continue
        given.take(*item)
        if item[0].field in style.answers:
            break
    fields: dict[str, Any] = {}
    for option in options:
        field = option.field
        if field in given.values:
            fields[field] = given.values[field]
        elif field in style.accumulates:
            fields[field] = () if option.takes_value else 0
        else:
            fields[field] = None if option.takes_value else False
    return fields, words


class _Given:
    """The values from all occurrences of options."""

    def __init__(self, style: ArgvStyle, convert: Values) -> None:
        self.values: dict[str, Any] = {}
        self._style = style
        self._convert = convert

    def take(self, option: Option, text: str) -> None:
        """Add one occurrence. Raises UsageError."""
        field = option.field
        for fields, error in self._style.once:
            if field in fields and fields & self.values.keys():
                raise UsageError(error)
        replaced = self._style.overrides.get(field)
        if replaced in self.values:
            del self.values[replaced]
        convert = self._convert.get(field)
        value = text if convert is None else convert(text, option.shown)
        if field not in self._style.accumulates:
            self.values[field] = value if option.takes_value else True
        elif option.takes_value:
            self.values[field] = (*self.values.get(field, ()), value)
        else:
            self.values[field] = self.values.get(field, 0) + 1


#: An option and its value, or a positional word.
_Item = tuple[Option, str] | str


def plain(
    argv: list[str], options: Sequence[Option], style: ArgvStyle = OURS
) -> tuple[list[str], list[str]]:
    """Split words into long options with attached values, and positional words.

    Raises UsageError.
    """
    items = list(_occurrences(argv, options, style))
    flags = [_flag(*item) for item in items if not isinstance(item, str)]
    return flags, [item for item in items if isinstance(item, str)]


def _occurrences(argv: list[str], options: Sequence[Option], style: ArgvStyle) -> Iterator[_Item]:
    shorts = {option.short: option for option in options if option.short}
    longs = {option.long: option for option in options}
    rest = iter(argv)
    for word in rest:
        if word == "--":
            yield from rest
        elif word.startswith("--") and style.longs:
            yield _long(word[2:], longs, rest, style)
        elif word.startswith("-") and word != "-":
            yield from _bundle(word[1:], shorts, rest, style)
        else:
            yield word
            if not style.permutes:
                yield from rest


def _bundle(
    letters: str, shorts: dict[str, Option], rest: Iterator[str], style: ArgvStyle
) -> Iterator[tuple[Option, str]]:
    for index, letter in enumerate(letters):
        option = shorts.get(letter)
        if option is None:
            raise style.error(style.unknown_short.format(letter))
        if option.takes_value:
            yield (
                option,
                letters[index + 1 :] or _next(rest, style.error(style.needs_short.format(letter))),
            )
            return
        yield option, ""


def _long(
    text: str, longs: dict[str, Option], rest: Iterator[str], style: ArgvStyle
) -> tuple[Option, str]:
    name, equals, value = text.partition("=")
    option = _named(name, longs, style)
    if option.takes_value and not equals:
        value = _next(rest, style.error(style.needs_long.format(option.long)))
    elif equals and not option.takes_value:
        raise style.error(style.takes_none.format(option.long))
    return option, value


def _named(name: str, longs: dict[str, Option], style: ArgvStyle) -> Option:
    if name in longs:
        return longs[name]
    fits = [option for long, option in longs.items() if name and long.startswith(name)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = ", ".join(f"--{option.long}" for option in fits)
        raise style.error(style.ambiguous.format(name, several))
    raise style.error(style.unknown_long.format(name))


def _next(rest: Iterator[str], missing: UsageError) -> str:
    value = next(rest, None)
    if value is None:
        raise missing
    return value


def _flag(option: Option, value: str) -> str:
    return f"--{option.long}={value}" if option.takes_value else f"--{option.long}"
