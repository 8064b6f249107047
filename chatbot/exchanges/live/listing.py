"""What an exchange lists, read once an hour for everybody: symbols and rules by our names, against each quote coin."""

from __future__ import annotations

import asyncio
from dataclasses import field, replace
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.engine.finite import finite, positive
from chatbot.errors import Rejected, Unreachable, Unreadable
from chatbot.exchanges.base import PERP, Market, is_perp
from chatbot.exchanges.live.answers import STUMBLES
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.exchanges.live.connection import Connection

log = structlog.get_logger()

#: the dollars that a portfolio may be kept in; every exchange here lists the first, and what it lists against the others differs
QUOTES = ("USDT", "USDC")
#: seconds until the rules of markets are read again: listings and halts change slowly
_RULES_FOR_S = 3600.0
#: the same after they could not be read, and the least between two readings that an unknown instrument asks for
_RULES_AGAIN_S = 60.0
#: seconds between two readings that a missing price asks for
_DOUBT_S = 300.0
#: a table of rules with less than this share of the one before is not the whole table
_WHOLE = 0.5
_ONE, _ZERO = Decimal(1), Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The instruments against one quote coin."""

    quote: str
    symbols: dict[str, str] = field(default_factory=dict)
    #: the exchange's own names
    ids: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Market] = field(default_factory=dict)
    #: base units of one unit of the exchange
    units: dict[str, Decimal] = field(default_factory=dict)
    #: the other dollars, whose market the exchange names the other way round: it lists USDC in USDT and not USDT in USDC
    turned: frozenset[str] = frozenset()


class Listing:
    """The list of markets of one exchange."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._by_quote = {quote: Listed(quote=quote) for quote in QUOTES}
        #: monotonic reading at which the rules are due again; None: they were never read
        self._due_at: float | None = None
        #: when they may be read out of turn again
        self._again_at = -inf
        #: when a missing price may ask for that again
        self._doubt_at = -inf
        self._loading = asyncio.Lock()

    def of(self, quote: str) -> Listed:
        """Return what was listed against a quote coin when the list was last read."""
        return self._by_quote[quote]

    def forget(self) -> None:
        """Have the list read again before it is next used."""
        self._due_at = None

    async def refresh(self) -> None:
        """Read the rules where they are due; the old ones serve if that fails. Raises ``Unreachable`` where there are none."""
        async with self._loading:
            if self._due_at is None or self._clock.monotonic() >= self._due_at:
                await self._read()

    async def read_soon(self) -> None:
        """Read the rules again at once, but not every time that somebody asks."""
        async with self._loading:
            if self._clock.monotonic() >= self._again_at:
                self._again_at = self._clock.monotonic() + _RULES_AGAIN_S
                await self._read()

    def doubt(self) -> None:
        """Have the rules read again before the next quotes, unless that was asked for a short while ago."""
        now = self._clock.monotonic()
        if now >= self._doubt_at and self._due_at is not None:
            self._doubt_at, self._due_at = now + _DOUBT_S, now

    async def _read(self) -> None:
        """Read the rules; they are swapped in only when they are complete."""
        made = await self._connection.open()
        now, before = self._clock.monotonic(), self._by_quote
        try:
            rows = await self._connection.ask("fetch_markets")
            for listed in before.values():
                self._check_complete(rows, listed)
            try:
                made.set_markets(rows)
                self._by_quote = {quote: self._taken(made.markets, listed) for quote, listed in before.items()}
            except STUMBLES as error:
                raise Unreadable(f"{self._connection.name}: unreadable list of markets: {error!r}") from error
        except (Unreachable, Rejected) as error:
            if self._due_at is None:
                raise Unreachable(str(error)) from error
            log.warning("rules_kept", exchange=self._connection.name, error=str(error)[:200])
            self._due_at = now + _RULES_AGAIN_S
        else:
            # what has gone from the list is looked for again soon: a list may be short by mistake
            grown = all(before[quote].rules.keys() <= listed.rules.keys() for quote, listed in self._by_quote.items())
            self._due_at = now + (_RULES_FOR_S if grown else _RULES_AGAIN_S)

    def _check_complete(self, rows: object, known: Listed) -> None:
        """Raise ``Unreachable`` for a list of markets that is not whole: without spot or contracts, or half as long as before.

        Only against the first quote coin must there be something: an exchange need not list a market against any other.
        """
        listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        for perp in (False, True):
            count = sum(1 for row in listed if _kind(row, known.quote) is perp)
            before = sum(1 for name in known.rules if is_perp(name) is perp and name not in known.turned)
            if (count == 0 and known.quote == QUOTES[0]) or count < before * _WHOLE:
                kind = "contracts" if perp else "spot markets"
                raise Unreachable(
                    f"{self._connection.name}: the list of markets is not whole: {count} {kind} against {known.quote}, {before} before"
                )

    def _taken(self, loaded: Mapping[str, Mapping[str, Any]], known: Listed) -> Listed:
        """Return the markets that Ballast can trade; one whose rules cannot be read is left out by name."""
        found, turned = Listed(quote=known.quote), set()
        for symbol, raw in loaded.items():
            perp = _kind(raw, known.quote)
            if perp is None:
                continue
            name = f"{raw['base']}{PERP if perp else ''}"
            unit = positive(raw.get("contractSize")) if perp and self._connection.venue.counts_contracts else _ONE
            self._take(found, known, (name, symbol, raw, unit))
        for symbol, raw in loaded.items():
            other = raw.get("quote")
            if raw.get("spot") and raw.get("base") == known.quote and other in QUOTES and other not in found.rules:
                self._take(found, known, (other, symbol, raw, _ONE))
                turned.add(other)
        return replace(found, turned=frozenset(turned & found.rules.keys()))

    def _take(self, found: Listed, known: Listed, row: tuple[str, str, Mapping[str, Any], Decimal | None]) -> None:
        name, symbol, raw, unit = row
        market = None if unit is None else _market(name, raw, unit)
        if market is None and name in known.rules:  # a row that cannot be read is no delisting
            market, unit = known.rules[name], known.units[name]
        if market is None or unit is None:
            log.warning("instrument_dropped", exchange=self._connection.name, instrument=name, quote=known.quote)
            return
        found.symbols[name], found.rules[name], found.units[name] = symbol, market, unit
        found.ids[name] = str(raw.get("id") or "")


def _kind(raw: Mapping[str, Any], quote: str) -> bool | None:
    """Return True for a linear perpetual settled in ``quote``, False for spot against it, None for anything else."""
    if raw.get("quote") != quote:
        return None
    if raw.get("swap") and raw.get("linear") and raw.get("settle") == quote:
        return True
    return False if raw.get("spot") else None


def _market(name: str, raw: Mapping[str, Any], unit: Decimal) -> Market | None:
    """Return the rules of one market; None where ccxt does not know its steps, or a rule is no number."""
    steps, limits = raw.get("precision") or {}, raw.get("limits") or {}
    tick, step = positive(steps.get("price")), positive(steps.get("amount"))
    told = {
        "min_notional": (limits.get("cost") or {}).get("min"),
        "min_qty": (limits.get("amount") or {}).get("min"),
        "max_leverage": (limits.get("leverage") or {}).get("max") or (20 if is_perp(name) else None),
        "maker_fee": raw.get("maker"),
        "taker_fee": raw.get("taker"),
    }
    read = {field: finite(value) for field, value in told.items() if value is not None}
    numbers = {field: number for field, number in read.items() if number is not None}
    if tick is None or step is None or len(numbers) < len(read):
        return None
    if not is_perp(name):
        numbers["max_leverage"] = _ONE
    return Market(
        instrument=name,
        tick=tick,
        lot=step * unit,
        min_notional=numbers.pop("min_notional", _ZERO),
        min_qty=numbers.pop("min_qty", _ZERO) * unit,
        trading=raw.get("active") is not False,
        listed=True,
        **numbers,
    )
