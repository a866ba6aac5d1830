"""NamedTuple of core/typed.py behaves like typing.NamedTuple."""

from __future__ import annotations

import copy
import pickle
import pydoc
import typing
from typing import Any

import pytest

from pync.core import typed


class Standard(typing.NamedTuple):
    """A port."""

    host: str
    port: int = 9
    family: int = 0

    @property
    def shown(self) -> str:
        """Both."""
        return f"{self.host}:{self.port}"


class Own(typed.NamedTuple):
    """A port."""

    host: str
    port: int = 9
    family: int = 0

    @property
    def shown(self) -> str:
        """Both."""
        return f"{self.host}:{self.port}"


class OwnDerived(Own):
    """One more."""

    more: int = 1
    others = 2


class StandardDerived(Standard):
    """One more."""

    more: int = 1
    others = 2


class Nothing(typed.NamedTuple):
    """A class without fields."""


#: More instances than it takes until a class gets its own constructor.
MANY = 10

BOTH = pytest.mark.parametrize("kind", [Own, Standard])


@BOTH
@pytest.mark.parametrize(
    ("values", "named"),
    [
        (("a",), {}),
        (("a", 1), {}),
        (("a", 1, 2), {}),
        ((), {"host": "a"}),
        (("a",), {"family": 4}),
        ((), {"family": 4, "host": "a", "port": 1}),
    ],
)
def test_positional_and_keyword_arguments(
    kind: Any, values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    for _ in range(MANY):
        made = kind(*values, **named)
        assert made == Standard(*values, **named)
        assert (made.host, made.port, made.family) == tuple(made)
        assert made.shown == f"a:{made.port}"


@BOTH
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"port": 1}),
        (("a", 1, 2, 3), {}),
        (("a",), {"host": "b"}),
        (("a",), {"what": 1}),
        ((), {"what": 1, "port": 2, "family": 3}),
    ],
)
def test_invalid_arguments_raise_type_error(
    kind: Any, values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    for _ in range(MANY):
        with pytest.raises(TypeError):
            kind(*values, **named)


@BOTH
def test_behaves_like_an_immutable_tuple(kind: Any) -> None:
    made = kind("a", 1)
    host, port, family = made
    assert (host, port, family) == ("a", 1, 0)
    assert made == ("a", 1, 0)
    assert hash(made) == hash(("a", 1, 0))
    assert made < kind("b")
    for name in ("host", "what"):
        with pytest.raises(AttributeError):
            setattr(made, name, 1)


@BOTH
def test_namedtuple_methods(kind: Any) -> None:
    made = kind("a")
    assert made._fields == kind.__match_args__ == ("host", "port", "family")
    assert made._field_defaults == {"port": 9, "family": 0}
    assert made._asdict() == {"host": "a", "port": 9, "family": 0}
    assert made._replace(port=1) == kind("a", 1)
    assert kind._make(["a", 1, 2]) == ("a", 1, 2)
    assert repr(made) == f"{kind.__name__}(host='a', port=9, family=0)"
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert copied == made
        assert type(copied) is kind
    with pytest.raises((TypeError, ValueError)):
        made._replace(what=1)
    match made:
        case kind(host, port):
            assert (host, port) == ("a", 9)


@pytest.mark.parametrize("kind", [OwnDerived, StandardDerived])
def test_subclass(kind: Any) -> None:
    for _ in range(MANY):
        made = kind("a", 1)
        assert made == Own("a", 1)
        assert type(made) is kind
        assert made._replace(host="b").shown == "b:1"
        assert repr(made) == f"{kind.__name__}(host='a', port=1, family=0)"
        assert (made.more, made.others, kind._fields) == (1, 2, ("host", "port", "family"))


def test_class_without_fields() -> None:
    for _ in range(MANY):
        assert Nothing() == ()
    with pytest.raises(TypeError):
        Nothing(1)  # type: ignore[call-arg]


@BOTH
def test_docstrings_shown_by_help(kind: Any) -> None:
    assert kind.__doc__ == "A port."
    assert kind.host.__doc__ == "Alias for field number 0"
    assert "Alias for field number 1" in pydoc.render_doc(kind)


def test_generic_subscript_returns_the_class() -> None:
    name = typed.TypeVar("name", bound=int)

    class Box(typed.Generic[name]):
        pass

    assert Box[int] is Box
