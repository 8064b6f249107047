"""Frozen values, as ``dataclasses`` makes them: a class in an eighth of the time, and each value in less than half of it.

The standard library compiles six methods for each class, and sets each field of a value by a call that looks its name up. A process that
plays a past makes 240 such classes, which was a third of its time before it began. Here only ``__init__`` is compiled, when a first value
is made, and it fills the slots themselves; what compares, hashes and shows a value is written once for all. What can be asked of a value
is the same.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import MISSING, FrozenInstanceError, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["dataclass"]


class _MadeNew:
    """What stands in the signature for a default that is made for each value."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE_NEW = _MadeNew()


def _made(cls: type, *, kw_only: bool) -> type:
    own = {name for name, method in vars(cls).items() if method is not None}
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
    for one in fields(made):
        if not one.init or one.hash is not None:
            raise TypeError(f"{made.__qualname__}.{one.name}: the standard library makes what nobody gives, or hashes otherwise")
    told = made.__dataclass_params__
    told.init = told.repr = told.eq = told.frozen = True
    values = _values([one.name for one in fields(made) if one.compare])
    methods = {"__init__": _Init(made), "__repr__": _repr, "__eq__": _eq(values), "__hash__": _hash(values)}
    methods |= {"__setattr__": _refuse, "__delattr__": _refuse, "__getstate__": _state, "__setstate__": _restore}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


class _Init:
    """Stands where ``__init__`` will be, which is compiled when a first value is made: most classes of a process never have one."""

    def __init__(self, made: type) -> None:
        self._made = made

    def __get__(self, value: object, owner: type) -> Callable[..., None]:
        init = _init(self._made)
        self._made.__init__ = init  # type: ignore[misc]
        bound: Callable[..., None] = init.__get__(value, owner)
        return bound


def _init(made: type) -> Callable[..., None]:
    """Compile what fills the slots of a new value."""
    names: dict[str, Any] = {"_made_new": _MADE_NEW}
    given: dict[bool, list[str]] = {False: [], True: ["*"]}
    lines = []
    for number, one in enumerate(fields(made)):
        names[f"_set{number}"] = getattr(made, one.name).__set__
        value, default = one.name, ""
        if one.default is not MISSING:
            names[f"_default{number}"], default = one.default, f"=_default{number}"
        elif one.default_factory is not MISSING:
            names[f"_default{number}"], default = one.default_factory, "=_made_new"
            value = f"_default{number}() if {one.name} is _made_new else {one.name}"
        given[bool(one.kw_only)].append(one.name + default)
        lines.append(f"  _set{number}(self, {value})")
    lines += ["  self.__post_init__()"] if hasattr(made, "__post_init__") else []
    head = ", ".join(["self", *given[False], *(given[True] if len(given[True]) > 1 else [])])
    text = f"def make({', '.join(names)}):\n def __init__({head}):\n" + ("\n".join(lines) or "  pass") + "\n return __init__"
    space: dict[str, Any] = {}
    exec(text, vars(sys.modules[made.__module__]), space)  # noqa: S102 - names of fields, as the standard library does
    init: Callable[..., None] = space["make"](**names)
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {**{one.name: one.type for one in fields(made)}, "return": None}
    return init


def _values(names: list[str]) -> Callable[[object], object]:
    """Return what reads these fields of a value as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _: ()
    one = attrgetter(*names)
    return lambda value: (one(value),)


def _eq(values: Callable[[object], object]) -> Callable[[object, object], bool]:
    def __eq__(self: object, other: object) -> bool:  # noqa: N807 - it is the method
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(values: Callable[[object], object]) -> Callable[[object], int]:
    def __hash__(self: object) -> int:  # noqa: N807 - it is the method
        return hash(values(self))

    return __hash__


@recursive_repr()
def _repr(self: Any) -> str:  # noqa: ANN401 - a value of any class
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse(_: object, name: str, *value: object) -> None:
    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _state(self: Any) -> list[object]:  # noqa: ANN401 - a value of any class
    return [getattr(self, one.name) for one in fields(self)]


def _restore(self: Any, state: list[object]) -> None:  # noqa: ANN401 - a value of any class
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


def _dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False, **more: bool) -> Callable[[type], type]:
    """Make a class of values; one whose values may change, that has no slots, or that asks for more, is the standard library's."""
    usual: Callable[[type], type] = dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, **more)
    if not (frozen and slots) or more:
        return usual
    return lambda cls: usual(cls) if any(map(dataclasses.is_dataclass, cls.__mro__[1:])) else _made(cls, kw_only=kw_only)


if TYPE_CHECKING:
    from dataclasses import dataclass  # to whoever reads types it is that one
else:
    dataclass = _dataclass
