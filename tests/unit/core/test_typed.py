"""NamedTuple of core/typed.py behaves like typing.NamedTuple."""

from __future__ import annotations

import copy
import pickle
import pydoc
import typing
from typing import Any

import pytest

from pync.core import typed


class Theirs(typing.NamedTuple):
    """A port."""

    host: str
    port: int = 9
    family: int = 0

    @property
    def shown(self) -> str:
        """Both."""
        return f"{self.host}:{self.port}"


class Ours(typed.NamedTuple):
    """A port."""

    host: str
    port: int = 9
    family: int = 0

    @property
    def shown(self) -> str:
        """Both."""
        return f"{self.host}:{self.port}"


class OursDerived(Ours):
    """One more."""

    more: int = 1
    others = 2


class TheirsDerived(Theirs):
    """One more."""

    more: int = 1
    others = 2


class Nothing(typed.NamedTuple):
    """Without a field."""


#: After so many instances, a class gets its own constructor.
MANY = 10

BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


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
def test_values_are_given_by_place_or_by_name(
    kind: Any, values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    for _ in range(MANY):
        made = kind(*values, **named)
        assert made == Theirs(*values, **named)
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
def test_other_values_are_refused(
    kind: Any, values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    for _ in range(MANY):
        with pytest.raises(TypeError):
            kind(*values, **named)


@BOTH
def test_it_is_a_tuple_that_does_not_change(kind: Any) -> None:
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
def test_the_methods_of_namedtuple(kind: Any) -> None:
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


@pytest.mark.parametrize("kind", [OursDerived, TheirsDerived])
def test_a_class_can_be_derived(kind: Any) -> None:
    for _ in range(MANY):
        made = kind("a", 1)
        assert made == Ours("a", 1)
        assert type(made) is kind
        assert made._replace(host="b").shown == "b:1"
        assert repr(made) == f"{kind.__name__}(host='a', port=1, family=0)"
        assert (made.more, made.others, kind._fields) == (1, 2, ("host", "port", "family"))


def test_a_class_may_have_no_field() -> None:
    for _ in range(MANY):
        assert Nothing() == ()
    with pytest.raises(TypeError):
        Nothing(1)  # type: ignore[call-arg]


@BOTH
def test_what_help_shows(kind: Any) -> None:
    assert kind.__doc__ == "A port."
    assert kind.host.__doc__ == "Alias for field number 0"
    assert "Alias for field number 1" in pydoc.render_doc(kind)


def test_a_generic_class_is_one_at_run_time_too() -> None:
    name = typed.TypeVar("name", bound=int)

    class Box(typed.Generic[name]):
        pass

    assert Box[int] is Box
