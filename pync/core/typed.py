"""The parts of typing that modules need at run time, without importing it.

typing takes 2 ms, and as much again for the constructors that NamedTuple writes and compiles
(35 us for a small class, 1.2 ms for Config). The classes here do at run time what little is needed;
those of a NamedTuple share one constructor and cost 5 us. Type checkers see the originals. All that
only annotations name is imported ``if TYPE_CHECKING``: they are postponed, and never evaluated.
"""

from __future__ import annotations

from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Generic, NamedTuple, Protocol, TypeVar

    from typing_extensions import Self

__all__ = ["TYPE_CHECKING", "Generic", "NamedTuple", "Protocol", "TypeVar"]


class _WithFields(type):
    """A metaclass that makes a field of each annotation in the body of a class."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _WithFields:
        made: dict[str, Any] = {"__slots__": (), **body}
        if tuple not in bases and "__annotations__" in body:
            fields = tuple(body["__annotations__"])
            made["_fields"] = made["__match_args__"] = fields
            made["_field_defaults"] = {field: body[field] for field in fields if field in body}
            for index, field in enumerate(fields):
                made[field] = property(itemgetter(index))
        return super().__new__(cls, name, bases, made)


class _NamedTuple(tuple, metaclass=_WithFields):  # type: ignore[type-arg]  # noqa: SLOT001
    """A tuple with the methods that collections.namedtuple documents."""

    _fields: tuple[str, ...] = ()
    _field_defaults: dict[str, Any] = {}

    def __new__(cls, *values: object, **named: object) -> Self:
        if named or len(values) != len(cls._fields):
            values = cls._completed(values, named)
        return tuple.__new__(cls, values)

    @classmethod
    def _completed(cls, values: tuple[object, ...], named: dict[str, object]) -> tuple[Any, ...]:
        given = dict(zip(cls._fields, values))
        known = {**cls._field_defaults, **given, **named}
        fits = len(values) == len(given) and given.keys().isdisjoint(named)
        if not fits or known.keys() != set(cls._fields):
            raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
        return tuple(map(known.__getitem__, cls._fields))

    @classmethod
    def _make(cls, values: Iterable[object]) -> Self:
        return cls(*values)

    def _replace(self, **changed: object) -> Self:
        return type(self)(**{**self._asdict(), **changed})

    __replace__ = _replace

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> tuple[object, ...]:
        return tuple(self)


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
