"""What a venue is asked for and what it tells, in its own units and under its own names; a dialect is one file that knows how.

A dialect holds no state and no keys: each of its calls is given ``ask``, which signs, sends and translates refusals, and may ask as
often as its venue needs. What it reads is checked field by field; ``NoAnswer`` says that an answer is none.
"""

from __future__ import annotations

import re
from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from chatbot.engine.finite import finite
from chatbot.errors import ExchangeError
from chatbot.exchanges.base import OrderStatus
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence

    from chatbot.exchanges.live.ccxt_errors import Meaning
    from chatbot.model.flow import EntryKind


_ZERO = Decimal(0)
#: a name or an id, in words perhaps: something that can be printed, of a length that somebody could have thought of
_NAME = re.compile(r"(?=\S)[^\x00-\x1f\x7f\ufffd]{1,200}(?<=\S)")
#: the reason of a refusal at the door because the time of a request is off: the venue's time has to be asked for again
SKEW = "clock"


class NoAnswer(Exception):
    """An answer lacks what every true answer has, or holds what is no number."""


class NotListed(NoAnswer):
    """An order was cancelled, and how it has ended is listed nowhere yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, as ccxt signs it."""

    #: ccxt's name of the part of the exchange that is asked; where its names are a tree, the way to it: ``spot/private``
    api: str
    verb: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    #: the counter of the exchange that it weighs on, and how much
    pool: str
    weight: float = 1
    #: True where it would change something: an answer that is lost may be a change that was made
    changes: bool = False
    #: it belongs to an order under way, and goes before what only looks
    urgent: bool = False
    signed: bool = True


#: sends a call of one account; raises our errors
Ask: TypeAlias = "Callable[[Call], Awaitable[Any]]"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be asked for in a stretch of time."""

    weight: float
    seconds: float = 60.0
    #: seconds between two requests of one account, where those are counted as well; 0: one portfolio does not reach that limit
    each_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What an exchange answered instead of doing it."""

    #: HTTP status; 0 where the connection was cut
    status: int
    #: the exchange's own code; None where the answer holds none
    code: str | None
    text: str
    #: seconds that the exchange wants to be left alone; None where it says nothing
    retry_after_s: float | None = None
    #: ``Call.api`` of what was refused: one part of a venue may promise what another does not
    api: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOrder:
    """An order in the venue's units."""

    market: str
    perp: bool
    wire_id: str
    buys: bool
    qty: Decimal
    limit: Decimal
    post_only: bool
    immediate: bool
    reduce_only: bool

    def accepted(self, exchange_id: str) -> Told:
        """Return it as one that was taken under this id of the venue, and of which nothing else is known: open, and nothing filled."""
        return Told(
            market=self.market,
            wire_id=self.wire_id,
            buys=self.buys,
            qty=self.qty,
            limit=self.limit,
            status=OrderStatus.OPEN,
            filled=_ZERO,
            exchange_id=exchange_id,
            reduce_only=self.reduce_only,
            at_ms=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An order as a venue tells it. ``NoAnswer`` for one that cannot be: filled by more than it is, or whole and not whole."""

    market: str
    wire_id: str
    buys: bool
    qty: Decimal
    limit: Decimal
    status: OrderStatus
    filled: Decimal
    exchange_id: str
    reduce_only: bool
    #: UTC milliseconds at which the venue took it; None where it does not say
    at_ms: int | None
    #: its fills; None where they have to be asked for
    fills: Sequence[Fill] | None = None
    #: it ended at once because it would have taken
    would_take: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.filled <= self.qty or (self.status is OrderStatus.FILLED and self.filled < self.qty):
            raise NoAnswer(f"{self.filled} of {self.qty} filled, and {self.status}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade of an order."""

    price: Decimal
    qty: Decimal
    #: what was paid, below 0 where something was given back, and in which coin
    fee: Decimal
    fee_asset: str
    #: the venue's own, by which one that is told twice counts once; empty where it tells none
    exchange_id: str = ""

    @property
    def value(self) -> Decimal:
        """What was traded, quote."""
        return self.qty * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallets:
    """Both wallets."""

    total: Mapping[str, Decimal]
    free: Mapping[str, Decimal]
    #: quote money of the futures wallet without unrealised profit; 0 where there is one purse for both
    futures: Decimal
    #: quote money of the one purse that neither an order nor a position holds; None where there are two
    spare: Decimal | None = None
    #: what positions hold of the one purse, quote; 0 where there are two
    margin: Decimal = _ZERO
    #: as in ``Balances``
    aside: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    #: every contract has a margin of its own: the account counts none for all of them
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position in the venue's units."""

    market: str
    qty: Decimal
    entry: Decimal
    mark: Decimal
    leverage: Decimal
    liquidation: Decimal | None
    #: it has a margin of its own
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A transfer out of a venue's history."""

    exchange_id: str
    amount: Decimal
    at_ms: int
    #: True: done; False: still under way. One that failed is not told
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What of an account's history is asked for, in the venue's names."""

    #: the venue's time, UTC milliseconds
    since_ms: int
    until_ms: int
    quote: str
    #: markets on spot, and contracts, whose trades are asked for besides
    spot: Sequence[str] = ()
    perps: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an account's history, in the venue's units."""

    exchange_id: str
    at_ms: int
    kind: EntryKind
    #: empty where only a position changed
    coin: str = ""
    #: signed; 0 where it was called off
    amount: Decimal = _ZERO
    #: the market that was traded, a contract or on spot; signed quantity and price; empty where none was
    market: str = ""
    perp: bool = False
    qty: Decimal = _ZERO
    price: Decimal = _ZERO


class Dialect(Protocol):
    """How one venue is spoken to."""

    #: the venue's counters
    limits: Mapping[str, Limit]
    #: seconds for which a request stays valid after the time it carries, and by how much that time may lie ahead of the venue's own;
    #: None: the venue has no such bound
    recv_window_s: float | None
    ahead_s: float
    #: characters that the venue takes for a client id, and what joins the words of ours in it
    id_length: int
    id_joint: str
    #: as in ``Exchange``
    found_for_s: float
    #: True where spot and futures are one purse
    one_wallet: bool
    #: True where a key without the right to futures does not see them either
    hides_futures: bool

    def market_id(self, asset: str, quote: str, *, perp: bool) -> str:
        """Return the venue's name of a market, listed or not."""
        ...

    def refused(self, answer: Mapping[str, Any]) -> tuple[str | None, str]:
        """Return code and words of an answer that refuses; the code is None where it does not."""
        ...

    def pause_s(self, refusal: Refusal) -> float:
        """Return how long to leave the venue alone after too many requests, where it does not say so itself."""
        ...

    def meaning(self, refusal: Refusal) -> tuple[Meaning, str]:
        """Say what a refusal means, and our word for why; total, whatever the venue answers."""
        ...

    def used(self, headers: Mapping[str, str]) -> float | None:
        """Read the weight of this minute out of an answer's headers, whose names are in small letters."""
        ...

    async def time_ms(self, ask: Ask) -> int:
        """Return the venue's own time."""
        ...

    async def wallets(self, ask: Ask, quote: str, *, futures: bool = True) -> Wallets:
        """Return both wallets, that of ``futures`` empty where it is not to be asked for. Raises ``AccountUnfit``: money is borrowed."""
        ...

    async def positions(self, ask: Ask) -> Sequence[Held]:
        """Return the open positions; raises ``HedgeMode``."""
        ...

    async def place(self, ask: Ask, order: WireOrder) -> Told:
        """Send an order; whatever it raises is about the request that places it, and about no look at it afterwards."""
        ...

    async def find(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Look an order up by our id; None only where the venue says that it has none."""
        ...

    async def cancel(self, ask: Ask, market: str, wire_id: str, *, perp: bool) -> Told | None:
        """Cancel what is left; None where the venue says that nothing is open under this id. Raises ``NotListed``."""
        ...

    async def fills(self, ask: Ask, order: Told, *, perp: bool) -> Sequence[Fill]:
        """Return the trades of an order."""
        ...

    async def traders(self, ask: Ask, market: str, since_ms: int, *, perp: bool) -> frozenset[str]:
        """Return the venue's ids of the orders that have traded a market since a moment of the venue's time."""
        ...

    async def transfer(self, ask: Ask, asset: str, amount: Decimal, *, to_futures: bool) -> str:
        """Move money between the wallets; return the venue's id of it."""
        ...

    async def transfers(self, ask: Ask, asset: str, since_ms: int, until_ms: int, *, to_futures: bool) -> Sequence[Moved]:
        """Return the transfers in this direction within a stretch of the venue's time."""
        ...

    async def history(self, ask: Ask, past: Past) -> Sequence[Line]:
        """Return what came, went and happened within a stretch of the venue's time; transfers between our two wallets are none."""
        ...

    async def set_leverage(self, ask: Ask, market: str, leverage: Decimal) -> None:
        """Set the leverage, and cross margin where that is a setting of a contract; twice is harmless. Raises ``AccountUnfit``."""
        ...

    async def check(self, ask: Ask, *, futures: bool = True) -> None:
        """Raise where the key, or the account's mode, does not let it be used for spot and ``futures``."""
        ...


def signed(qty: Decimal, side: object, *, buys: Container[object] = ("BUY",), sells: Container[object] = ("SELL",)) -> Decimal:
    """Return a quantity with the sign of its side, above 0 where it was bought. Raises ``NoAnswer`` for a side that is neither."""
    if side not in buys and side not in sells:
        raise NoAnswer(f"no side: {str(side)[:40]!r}")
    return qty if side in buys else -qty


def is_kept(told: object, so: Iterable[object], otherwise: Iterable[object]) -> bool:
    """Tell which of two ways an account, or a part of it, is kept. Raises ``NoAnswer`` for a word that its venue has for neither."""
    if any(type(told) is type(word) and told == word for word in so):
        return True
    if any(type(told) is type(word) and told == word for word in otherwise):
        return False
    raise NoAnswer(f"how it is kept: {str(told)[:40]!r}")


async def looked_at(accepted: Told, look: Awaitable[Told | None]) -> Told:
    """Return an order that was taken as a look tells it, where that finds it; for venues that answer with an id alone.

    A look that fails says nothing about the order: raised from here it would be sent again.
    """
    try:
        return await look or accepted
    except (ExchangeError, NoAnswer):
        return accepted


def plain(value: Decimal) -> str:
    """Write a number as venues take it: no exponent, no zeros at its end."""
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def number(row: Mapping[str, Any], name: str) -> Decimal:
    """Return a field that must be a number, without zeros at its end: some venues write twenty of them, and buttons carry amounts."""
    value = finite(row.get(name))
    if value is None:
        raise NoAnswer(f"{name} is no number: {str(row.get(name))[:40]!r}")
    written = format(value, "f")
    return Decimal(written.rstrip("0").rstrip(".")) if "." in written else value


def text(row: Mapping[str, Any], name: str) -> str:
    """Return a field that must be a name, an id or a whole number."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or not _NAME.fullmatch(str(value)):
        raise NoAnswer(f"{name} is none: {str(value)[:40]!r}")
    return str(value)


def is_coin_or_market(name: str) -> bool:
    """Tell whether this can be what a venue calls a coin or a market: nearly all are written in capitals, whatever else is in them."""
    return name == name.upper() and any(sign.isalpha() for sign in name)


def named(row: Mapping[str, Any], name: str) -> str:
    """Return the coin or market that a row is about, where what it is called decides whether the row counts. Raises ``NoAnswer``."""
    told = text(row, name)
    if not is_coin_or_market(told):
        raise NoAnswer(f"{name} is no coin and no market: {told[:40]!r}")
    return told


def table(answer: object, *names: str) -> Mapping[str, Any]:
    """Return an answer that must be an object with these fields."""
    if not isinstance(answer, dict) or any(name not in answer for name in names):
        raise NoAnswer(f"no {', '.join(names) or 'object'} in {str(answer)[:80]!r}")
    return answer


def once(fills: Iterable[Fill]) -> list[Fill]:
    """Return trades without those that were told before: pages overlap where something happens while they are read."""
    return list({fill.exchange_id or number: fill for number, fill in enumerate(fills)}.values())


def rows(answer: object) -> list[Mapping[str, Any]]:
    """Return an answer that must be a list of objects."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise NoAnswer(f"no list of objects: {str(answer)[:80]!r}")
    return answer
