"""A frozen value of ours is one of the standard library, whatever is asked of it."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import typing
from dataclasses import FrozenInstanceError, field
from decimal import Decimal
from typing import Any

import pytest

from chatbot.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A value with everything that a value may have."""

    asset: str
    qty: Decimal = Decimal(1)
    notes: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False)
    seen: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is nothing."""
        if not self.asset:
            raise ValueError("nothing")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """A value with everything that a value may have."""

    asset: str
    qty: Decimal = Decimal(1)
    notes: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False)
    seen: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is nothing."""
        if not self.asset:
            raise ValueError("nothing")


@dataclass(frozen=True, slots=True)
class One:
    """One field, given by its place."""

    x: Any


@dataclass(frozen=True, slots=True)
class Nothing:
    """No field at all."""


@dataclass(frozen=True, slots=True)
class Own:
    """A value with methods of its own."""

    x: int

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "own"


def said(ask: Any) -> str:
    """Return what comes of something, an error among it."""
    try:
        return str(ask())
    except Exception as error:  # noqa: BLE001 - whatever it is, both must say it
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    "ask",
    [
        lambda cls: cls(asset="BTC", secret="s", notes=["a"]),
        lambda cls: cls(asset="BTC", qty=Decimal("NaN")),
        lambda cls: cls(),
        lambda cls: cls("BTC"),
        lambda cls: cls(asset="BTC", price=1),
        lambda cls: cls(asset=""),
        lambda cls: cls(asset="BTC") == cls(asset="BTC", seen=3.0),
        lambda cls: cls(asset="BTC") == cls(asset="ETH"),
        lambda cls: cls(asset="BTC") != "BTC",
        lambda cls: cls(asset="BTC").__eq__("BTC"),
        lambda cls: hash(cls(asset="BTC")),
        lambda cls: hash(cls(asset="BTC", notes=())),
        lambda cls: setattr(cls(asset="BTC"), "asset", "ETH"),
        lambda cls: delattr(cls(asset="BTC"), "asset"),
        lambda cls: dataclasses.replace(cls(asset="BTC"), qty=Decimal(2), seen=1.0).qty,
        lambda cls: dataclasses.asdict(cls(asset="BTC")),
        lambda cls: [one.name for one in dataclasses.fields(cls)],
        lambda cls: cls.__match_args__,
        lambda cls: cls.__slots__,
        lambda cls: cls.__dataclass_params__,
        inspect.signature,
        lambda cls: typing.get_type_hints(cls.__init__),
        lambda cls: copy.copy(cls(asset="BTC", seen=2.0)).seen,
        lambda cls: copy.deepcopy(cls(asset="BTC", notes=["a"])),
        lambda cls: pickle.loads(pickle.dumps(cls(asset="BTC", seen=2.0))).seen,  # noqa: S301 - our own
        lambda cls: cls(asset="BTC").notes is cls(asset="BTC").notes,
    ],
)
def test_whatever_is_asked_of_it_is_answered_alike(ask: Any) -> None:
    """Made, shown, compared, copied, changed in vain or made wrongly: the answer differs by the name of the class alone."""
    assert said(lambda: ask(Ours)).replace("Ours", "Theirs") == said(lambda: ask(Theirs))


def test_few_fields_are_compared_as_a_tuple_too() -> None:
    """What is no number is the same as itself there, as in the standard library, and a value of no field is like any other of its class."""
    nan = float("nan")
    assert One(nan) == One(nan)
    assert hash(One(2)) == hash((2,))
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(())
    assert repr(Nothing()) == "Nothing()"
    held: list[object] = []
    held.append(One(held))
    assert repr(held) == "[One(x=[...])]"
    with pytest.raises(FrozenInstanceError):
        One(1).y = 2  # type: ignore[attr-defined]


def test_what_a_class_says_itself_stays() -> None:
    """Its own way to be compared, hashed and shown."""
    assert Own(1) == Own(2)
    assert hash(Own(1)) == 7
    assert repr(Own(1)) == "own"


def test_what_asks_for_more_is_made_by_the_standard_library() -> None:
    """A value that may change, one without slots, one that is another one as well, one that is told apart by what it is."""

    @dataclass(slots=True)
    class Changing:
        x: int

    @dataclass(frozen=True)
    class Open:
        x: int

    @dataclass(frozen=True, slots=True)
    class More(One):
        y: int = 0

    @dataclass(frozen=True, slots=True, eq=False)
    class Itself:
        x: int

    changing = Changing(1)
    changing.x = 2
    assert changing == Changing(2)
    assert vars(Open(1)) == {"x": 1}
    assert More(1, 2) == More(1, 2) != More(1, 3)
    assert Itself(1) != Itself(1)
