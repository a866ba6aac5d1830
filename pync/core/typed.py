"""The parts of typing and collections that modules need at run time, without importing them.

typing takes 2 ms, and as much again for the constructors that NamedTuple writes and compiles
(35 us for a small class, 1.2 ms for Config). The classes here do at run time what little is needed.
Those of a NamedTuple cost 5 us; one that is used often gets the constructor that NamedTuple would
have given it. Type checkers see the originals. All that only annotations name is imported
``if TYPE_CHECKING``: they are postponed, and never evaluated.

collections and collections.abc (which imports collections) take a sixth as many instructions as the
start of Python. What they pass on is imported from where it is implemented: os has loaded
_collections_abc already, and _collections is part of the interpreter.
"""

from __future__ import annotations

try:
    # What collections.namedtuple reads a field with, and its fallback.
    from _collections import _tuplegetter as _field  # type: ignore[import-not-found]
except ImportError:
    from operator import itemgetter

    def _field(index: int, doc: str) -> property:
        return property(itemgetter(index), doc=doc)


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Generic, NamedTuple, Protocol, TypeVar

    from typing_extensions import Self
else:
    try:
        from _collections import deque
        from _collections_abc import Callable, Iterable, Iterator, Mapping
    except ImportError:
        from collections import deque
        from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "TYPE_CHECKING",
    "Callable",
    "Generic",
    "Iterable",
    "Iterator",
    "Mapping",
    "NamedTuple",
    "Protocol",
    "TypeVar",
    "deque",
]

#: The number of tuples of one class that the common constructor makes.
_FEW = 4


class _WithFields(type):
    """A metaclass that makes a field of each annotation in the body of a class."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _WithFields:
        if bases[0] is not tuple and bases[0].__base__ is not tuple:
            return super().__new__(cls, name, bases, body)  # derived from one that has its fields
        made: dict[str, Any] = {"__slots__": (), **body}
        if bases[0] is not tuple:
            fields = tuple(body.get("__annotations__", ()))
            made["_fields"] = made["__match_args__"] = fields
            made["_field_defaults"] = {field: body[field] for field in fields if field in body}
            for index, field in enumerate(fields):
                made[field] = _field(index, f"Alias for field number {index}")
        return super().__new__(cls, name, bases, made)


class _NamedTuple(tuple, metaclass=_WithFields):  # type: ignore[type-arg]  # noqa: SLOT001
    """A tuple with the methods that collections.namedtuple documents."""

    _fields: tuple[str, ...] = ()
    _field_defaults: dict[str, Any] = {}
    #: How many are made by this constructor; those that follow, by one of the class's own.
    _few = _FEW

    def __new__(cls, *values: object, **named: object) -> Self:
        cls._few -= 1
        if cls._few < 0 and cls._fields:
            cls.__new__ = _constructor(cls)  # type: ignore[method-assign]
            return cls.__new__(cls, *values, **named)
        given = dict(zip(cls._fields, values))
        known = {**cls._field_defaults, **given, **named}
        fits = len(values) == len(given) and given.keys().isdisjoint(named)
        if not fits or known.keys() != set(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
        return cls._make(map(known.__getitem__, cls._fields))

    @classmethod
    def _make(cls, values: Iterable[object]) -> Self:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, **changed: object) -> Self:
        made = self._make(map(changed.pop, self._fields, self))
        if changed:
            raise TypeError(f"Got unexpected field names: {list(changed)!r}")
        return made

    __replace__ = _replace

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> tuple[object, ...]:
        return tuple(self)


def _constructor(cls: type[_NamedTuple]) -> Callable[..., Any]:
    """Return the ``__new__`` that collections.namedtuple makes for these fields."""
    fields = ", ".join(cls._fields)
    made: Any = eval(f"lambda _cls, {fields}: _make(_cls, ({fields},))", {"_make": tuple.__new__})
    made.__name__, made.__defaults__ = "__new__", tuple(cls._field_defaults.values())
    return made  # type: ignore[no-any-return]


class _Base:
    """The base of a class that is generic, or is a protocol: it says so to type checkers."""

    __slots__ = ()

    def __class_getitem__(cls, _parameter: object) -> type:
        return cls


if not TYPE_CHECKING:
    NamedTuple = _NamedTuple
    Generic = Protocol = _Base

    def TypeVar(name, **_options):  # noqa: N802
        """A name for type checkers."""
        return name
