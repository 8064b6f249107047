"""Extreme fear: the Fear & Greed regime, and a futures book brought to longs = shorts (domain 8)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, ZERO, floor_to, total, trunc_to
from chatbot.engine.triggers.trigger import Params, Reads, Standing, Subject, Trigger, Unit, as_read, knob
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class FearState:
    """Whether the regime is on, and the calm readings in a row."""

    active: bool = False
    calm: int = 0


def advance(
    state: FearState, reading: Decimal | None, *, enter: Decimal = Decimal(25), leave: Decimal = Decimal(30), confirm: int = 2
) -> FearState:
    """Take one daily reading, 0 to 100 (domain 8.1); a missing one (None) holds state and counter."""
    if reading is None:
        return state
    if not state.active:
        return FearState(active=reading < enter)
    calm = state.calm + 1 if reading >= leave else 0
    return FearState() if calm >= confirm else FearState(active=True, calm=calm)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPosition:
    """One contract of the base layer of the book: a quantity at its mark, or an exposure at the mark 1."""

    #: signed base units
    qty: Fraction
    mark: Fraction = ONE
    #: 0: a size that need not be whole lots
    lot: Fraction = ZERO

    @property
    def notional(self) -> Fraction:
        """N = q m."""
        return self.qty * self.mark


def neutralise_book(book: Mapping[str, BookPosition]) -> dict[str, Fraction]:
    """Return the signed sizes of a book with longs = shorts: the heavier side shrinks to the lighter, nothing opens or flips (domain 8.2).

    Raises ``Refused``: bad_price, bad_parameter.
    """
    for contract, held in book.items():
        if held.mark <= 0:
            raise Refused("bad_price", contract)
        if held.lot < 0:
            raise Refused("bad_parameter", contract)
    sizes = {contract: held.qty for contract, held in book.items()}
    longs, shorts = total(max(ZERO, held.notional) for held in book.values()), total(max(ZERO, -held.notional) for held in book.values())
    if longs == shorts:
        return sizes
    side = 1 if longs > shorts else -1
    heavy = {contract: held for contract, held in book.items() if held.qty * side > 0}
    order = sorted(heavy, key=lambda contract: (-heavy[contract].lot * heavy[contract].mark, contract))
    left = min(longs, shorts)
    for contract in order[:-1]:
        held = heavy[contract]
        sizes[contract] = trunc_to(held.qty * min(longs, shorts) / max(longs, shorts), held.lot)
        left -= abs(sizes[contract]) * held.mark
    # the finest contract takes what is left
    finest = heavy[order[-1]]
    sizes[order[-1]] = side * min(abs(finest.qty), max(ZERO, floor_to(left / finest.mark, finest.lot)))
    return sizes


def _step(state: FearState, seen: Decimal | None, p: Params) -> FearState:
    return advance(state, seen, enter=p["enter"], leave=p["exit"], confirm=int(p["confirm"]))


def _standing(state: FearState, p: Params) -> Standing:
    needed = int(p["confirm"]) if state.active else 1
    return Standing(active=state.active, size=p["coverage"] if state.active else None, count=state.calm, needed=needed)


TRIGGER = Trigger(
    name="fear_greed",
    per=Subject.MARKET,
    reads=Reads.MOOD,
    below=True,
    parameters=(
        knob("enter", "25", "5", "50", Unit.INDEX),
        knob("exit", "30", "5", "80", Unit.INDEX),
        knob("confirm", "2", "1", "7", Unit.DAYS),
        knob("coverage", "1", "0", "1", Unit.SHARE),
    ),
    enter="enter",
    leave="exit",
    state=FearState,
    start=lambda _: FearState(),
    advance=_step,
    show=as_read,
    standing=_standing,
)
