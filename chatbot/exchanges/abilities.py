"""What only some exchanges and sources of prices can do; whoever needs it asks an object with ``isinstance``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from chatbot.exchanges.base import PriceSource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from chatbot.exchanges.base import Depth, FearGreed, Holdings, Trade
    from chatbot.exchanges.markets.markettime import MarketTime
    from chatbot.exchanges.markets.path import Path
    from chatbot.model.flow import Entry

#: what else is written together with a change of an account, or not at all; called inside the transaction, which it is given
Also: TypeAlias = "Callable[[Any], Awaitable[None]]"


@runtime_checkable
class TimeSource(Protocol):
    """A market that tells its own time."""

    async def server_time(self) -> datetime:
        """Return the exchange's time now."""
        ...


@runtime_checkable
class DepthSource(Protocol):
    """A market that shows its order books."""

    async def depth(self, instrument: str) -> Depth | None:
        """Return the visible book; None for an unknown instrument."""
        ...


@runtime_checkable
class TradeSource(Protocol):
    """An account that somebody else keeps: it may show later than it happened what was done, its trades and its orders apart."""

    #: True where a transfer between the wallets is nothing but a line in our own books
    one_wallet: bool

    async def traded(self, instrument: str, since: datetime) -> frozenset[str]:
        """Return the exchange's ids of the orders that have traded an instrument since then."""
        ...


@runtime_checkable
class TwoWallets(Protocol):
    """An account at an exchange that keeps two wallets, or one purse."""

    #: False where its person alone can move money between them
    moves_money: bool


@runtime_checkable
class Recorded(Protocol):
    """An account whose exchange tells what has changed it."""

    async def history(self, since: datetime, names: Collection[str]) -> tuple[Entry, ...]:
        """Return what came, went and happened since then, oldest first; the trades are those of ``names``."""
        ...


@runtime_checkable
class Fundable(Protocol):
    """An account that money and coins come into, and leave, on a word: no exchange stands behind it."""

    async def receive(self, changes: Mapping[str, Decimal], also: Also) -> None:
        """Add signed amounts to the spot wallet. Raises ``NotEnoughMoney`` where more would leave than is free; then nothing happened."""
        ...

    async def settle(self, contract: str, price: Decimal, also: Also) -> None:
        """Close a position at ``price``, quote, without an order and a fee; nothing happens where there is none."""
        ...


@runtime_checkable
class Reopening(Protocol):
    """An account that can hold a settled position again, as if it had never been settled."""

    async def reopen(self, contract: str, qty: Decimal, entry: Decimal, price: Decimal, also: Also) -> None:
        """Hold signed ``qty`` at ``entry`` again. Raises ``Rejected`` where it is held, ``NotEnoughMoney`` where its result was used."""
        ...


@runtime_checkable
class KeptByHand(Protocol):
    """An account that a person keeps by typing it in."""

    quote_asset: str

    @property
    def holdings(self) -> Holdings:
        """Return what was typed in, changed by the trades that were noted since."""
        ...

    def traded(self, trades: Sequence[Trade]) -> tuple[Holdings, tuple[Decimal, ...]]:
        """Return what is held after trades that somebody has made, and the fee of each; nothing is changed by asking.

        Where there was too little for them an amount is below 0.
        """
        ...

    async def retype(self, before: Holdings, after: Holdings, also: Also) -> None:
        """Replace what is held by what the person says. Raises ``Rejected``: "changed" where something else than ``before`` is held."""
        ...


@runtime_checkable
class Staged(Protocol):
    """A market that is played, simulated or replayed: it can begin when somebody is there to watch, and wait while they think."""

    #: its clock
    time: MarketTime

    def begin(self, now: datetime) -> None:
        """Let the market stand at its start at process time ``now``."""
        ...

    def run(self, speed: float, now: datetime) -> MarketTime:
        """Let the market run at ``speed`` from ``now`` on, at most at its own; return its clock."""
        ...


@runtime_checkable
class QuotedInSeveral(Protocol):
    """A market whose coins are traded against more than one dollar."""

    #: the quote coins that a portfolio may be kept in, the source's own first
    quote_coins: tuple[str, ...]

    def quoted_in(self, coin: str) -> PriceSource:
        """Return the markets against another of these coins, under the same name and on the same time; closing it closes nothing."""
        ...


@runtime_checkable
class MoodSource(Protocol):
    """A market that has a Fear & Greed index of its own."""

    name: str

    def fear_greed_between(self, since: datetime, until: datetime) -> tuple[FearGreed, ...]:
        """Return the daily readings in (since, until], market time; days without a reading are absent."""
        ...


@runtime_checkable
class PathSource(PriceSource, Protocol):
    """A price source that remembers the way between two looks."""

    async def path(self, instrument: str, since: datetime, until: datetime) -> Path | None:
        """Return the minutes in (since, until], market time; None for an instrument that it does not have."""
        ...
