"""Words of a command line, parsed by the table of options in a USAGE. Pure.

A USAGE is a docopt text, and the result is what docopt finds (test_argv.py compares). docopt itself
takes 2 ms of a start, treats ``-4`` as a number, and its error messages are for programmers. This
module takes bundles (``-lvnp9000``), attached values (``-w1``) and abbreviations of long options,
and reports errors in one line of our own.
"""

from __future__ import annotations

from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING, Callable, Iterator, Mapping, NamedTuple

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


#: A USAGE -> its options.
_options: dict[str, tuple[Option, ...]] = {}


def options_in(usage: str) -> tuple[Option, ...]:
    """Return the options described in a USAGE's lines."""
    if usage not in _options:
        described = [option for line in usage.splitlines() if (option := _described(line))]
        _options[usage] = tuple(described)
    return _options[usage]


def described_in(usage: str) -> list[tuple[str, str, str]]:
    """Return the letter, the name of the value, and the description of each option in a USAGE."""
    described = []
    for line in usage.splitlines():
        option = _described(line)
        if option and option.short:
            value, _, text = line.partition(f"--{option.long}")[2].partition(" ")
            described.append((option.short, value[1:], text.lstrip(" ")))
    return described


def _described(line: str) -> Option | None:
    """Return the option that a line describes; None if it describes none."""
    # (Without a regular expression: compiling one takes as long as parsing a hundred lines.)
    text, short = line.lstrip(" "), ""
    if not 2 <= len(line) - len(text) <= 5 or not text.startswith("-"):
        return None
    if text[2:5] == " --":
        short, text = text[1], text[3:]
    if not text.startswith("--"):
        return None
    name, equals, _ = text[2:].partition(" ")[0].partition("=")
    return Option(short, name, equals == "=")


class _Options:
    """The options of a USAGE. Each is looked up in the text when it is typed: few of many are."""

    def __init__(self, usage: str) -> None:
        self._usage = usage

    def with_letter(self, letter: str) -> Option | None:
        for option in self._found(f"\n  -{letter} --"):
            if option.short == letter:
                return option
        return None

    def with_name(self, name: str) -> Option | None:
        for option in self._found(f" --{name}"):
            if option.long == name:
                return option
        return None

    def beginning(self, name: str) -> list[Option]:
        return [option for option in options_in(self._usage) if option.long.startswith(name)]

    def _found(self, text: str) -> Iterator[Option]:
        usage = self._usage
        place = usage.find(text)
        while place >= 0:
            begin = usage.rfind("\n", 0, place + 1) + 1
            end = usage.find("\n", place + 1)
            option = _described(usage[begin:end])
            if option:
                yield option
            place = usage.find(text, place + 1)


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
    overrides: Mapping[str, str] = {}
    answers: frozenset[str] = frozenset()
    error: type[UsageError] = UsageError


OURS = ArgvStyle()


def read(
    usage: str, argv: list[str], style: ArgvStyle = OURS, values: Values | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of a Config that a command line sets, and its positional words.

    Fields whose options do not occur are not among them: the Config has their defaults.

    Every occurrence of an option is checked in the typed order, as in a getopt(3) loop: the first
    mistake is reported, and an occurrence that is replaced by a later one must be valid too.

    Arguments:
        usage: a docopt text whose only positional is ``[TARGET]...``.
        argv: the typed words.
        style: how the program parses them.
        values: the functions that convert texts to values.

    Raises UsageError in the program's own words.
    """
    given = _Given(style, values or {})
    words: list[str] = []
    for item in _occurrences(argv, _Options(usage), style):
        if isinstance(item, str):
            words.append(item)
            continue
        given.take(*item)
        if item[0].field in style.answers:
            break
    return given.values, words


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


def plain(argv: list[str], usage: str, style: ArgvStyle = OURS) -> tuple[list[str], list[str]]:
    """Split words into long options with attached values, and positional words.

    Raises UsageError.
    """
    items = list(_occurrences(argv, _Options(usage), style))
    flags = [_flag(*item) for item in items if not isinstance(item, str)]
    return flags, [item for item in items if isinstance(item, str)]


def _occurrences(argv: list[str], options: _Options, style: ArgvStyle) -> Iterator[_Item]:
    rest = iter(argv)
    for word in rest:
        if word == "--":
            yield from rest
        elif word.startswith("--") and style.longs:
            yield _long(word[2:], options, rest, style)
        elif word.startswith("-") and word != "-":
            yield from _bundle(word[1:], options, rest, style)
        else:
            yield word
            if not style.permutes:
                yield from rest


def _bundle(
    letters: str, options: _Options, rest: Iterator[str], style: ArgvStyle
) -> Iterator[tuple[Option, str]]:
    for index, letter in enumerate(letters):
        option = options.with_letter(letter)
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
    text: str, options: _Options, rest: Iterator[str], style: ArgvStyle
) -> tuple[Option, str]:
    name, equals, value = text.partition("=")
    option = _named(name, options, style)
    if option.takes_value and not equals:
        value = _next(rest, style.error(style.needs_long.format(option.long)))
    elif equals and not option.takes_value:
        raise style.error(style.takes_none.format(option.long))
    return option, value


def _named(name: str, options: _Options, style: ArgvStyle) -> Option:
    option = options.with_name(name)
    if option is not None:
        return option
    fits = options.beginning(name) if name else []
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
