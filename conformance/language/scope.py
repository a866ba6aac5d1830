"""The values of names while steps are performed: parameters, captured groups, ``let``. No I/O."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from ..core.conduct import Pattern
from ..scenario.random_text import lines, words
from .terms import Name, Terms, Text, value

#: Kind of generated data -> the function that makes it.
_MAKERS: dict[str, Callable[[random.Random, int], bytes]] = {
    "random": lambda source, size: source.randbytes(size),
    "words": words,
    "lines": lines,
}


class Names:
    """The names of one requirement.

    Arguments:
        parameters: the parameters in force.
        templates: the defaults of the file, which may use other parameters.
        source: the source of random data.
    """

    def __init__(
        self,
        parameters: Mapping[str, bytes],
        templates: Mapping[str, Template],
        source: random.Random,
    ) -> None:
        self._parameters = parameters
        self._templates = templates
        self._source = source
        #: The names that have been captured or given so far.
        self.known: dict[str, bytes] = {}

    def named(self, name: str) -> bytes:
        """Return the value of a name."""
        if name in self.known:
            return self.known[name]
        given, template = self._parameters[name], self._templates.get(name)
        if template is None or isinstance(given, Pattern) or bytes(given) != template.default:
            return given if isinstance(given, Pattern) else bytes(given)
        return value(template.terms, self)

    def made(self, kind: str, size: int) -> bytes:
        """Return new generated data of a kind and a size."""
        return _MAKERS[kind](self._source, size)


class Template:
    """The default of a parameter.

    Arguments:
        terms: its texts and the names of other parameters.
        default: its value if the other parameters have their defaults too.
    """

    def __init__(self, terms: Terms, default: bytes) -> None:
        self.terms = terms
        self.default = default


def defaults(given: Mapping[str, Terms]) -> dict[str, Template]:
    """Return the defaults of all parameters.

    Raises KeyError for an unknown name, ValueError with a circle of names.
    """
    found: dict[str, Template] = {}

    def resolve(name: str, way: tuple[str, ...]) -> bytes:
        if name in way:
            raise ValueError(*way[way.index(name) :], name)
        if name not in found:
            parts = [
                resolve(term.name, (*way, name)) if isinstance(term, Name) else _data(term)
                for term in given[name]
            ]
            found[name] = Template(given[name], b"".join(parts))
        return found[name].default

    for name in given:
        resolve(name, ())
    return found


def _data(term: object) -> bytes:
    assert isinstance(term, Text)
    return term.data
