"""What a portfolio would have been with the same start and the same money coming and going, had it been looked after in another way.

The engine that trades walks through the hours since then, with futures and their funding (domain 12.2 b, c).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from chatbot.backtest.past import HOUR, fetch, played
from chatbot.backtest.prepare import for_the_past
from chatbot.backtest.result import by_the_month, values_of, without_triggers
from chatbot.backtest.stored_history import past_of
from chatbot.backtest.walk import walk_on
from chatbot.engine.errors import Refused
from chatbot.errors import ExchangeError, NotYet, contained
from chatbot.exchanges.base import Balances, Position, is_perp
from chatbot.portfolio import valuation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from typing import Any, TypeAlias

    from chatbot.backtest.past import Past, Recorded
    from chatbot.backtest.walk import Stretch
    from chatbot.clock import Clock
    from chatbot.model import Begun, Portfolio, Strategy
    from chatbot.portfolio.markets import Markets
    from chatbot.store.database import Database

    _Key: TypeAlias = tuple[object, ...]
    #: an index for each way, a value for each moment
    Ways: TypeAlias = tuple[tuple[float, ...], ...]

log = structlog.get_logger()
#: answers that are kept: a person taps to and fro between the pages of one review
_KEPT: Final = 32
#: nothing moves so far within the hour up to which the walk begins: such a past is not that of this portfolio
_OTHER_PRICES: Final = 0.3
_ZERO: Final = Decimal(0)


class Counterfactuals:
    """Answers for one portfolio after the other; nothing here changes one.

    ``beside`` lets what nobody waits for any more go on until it is done, so that whoever asks again has the answer.
    """

    def __init__(
        self,
        db: Database,
        markets: Markets,
        clock: Clock,
        *,
        mood_url: str,
        window: timedelta,
        beside: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._db = db
        self._beside = beside
        self._markets = markets
        self._clock = clock
        self._mood_url = mood_url
        self._window = window
        self._known: dict[_Key, Ways] = {}
        #: what is being worked out, by portfolio: one at a time, however often it is asked for
        self._under_way: dict[int, asyncio.Event] = {}

    async def ways(self, portfolio: Portfolio, begun: Begun, zone: str, longest_s: float) -> Ways | None:
        """Return the index of a monthly rebalance and of bands alone at each moment; None where that is not to be had.

        Raises :class:`NotYet` where that takes longer than ``longest_s``: it goes on, for whoever asks again.
        """
        begin, end = _up(begun.at), _down(begun.moments[-1])
        key = (portfolio.id, begun.at, end, len(begun.moments), repr(portfolio.strategy), zone)
        try:
            async with asyncio.timeout(longest_s):
                while key not in self._known and (earlier := self._under_way.get(portfolio.id)) is not None:
                    await earlier.wait()
                if key not in self._known and begin < end:
                    self._under_way[portfolio.id] = done = asyncio.Event()
                    self._beside(self._work_out(key, portfolio, begun, (begin, end), zone))
                    await done.wait()
        except TimeoutError:
            raise NotYet("past prices are still being fetched") from None
        return self._known.get(key)

    async def _work_out(self, key: _Key, portfolio: Portfolio, begun: Begun, span: tuple[datetime, datetime], zone: str) -> None:
        """Fetch and walk, and keep what is found; where it cannot be found, nothing."""
        try:
            with contained("past to compare with not worked out", portfolio=portfolio.id):
                await self._find(key, portfolio, begun, span, zone)
        finally:
            self._under_way.pop(portfolio.id).set()

    async def _find(self, key: _Key, portfolio: Portfolio, begun: Begun, span: tuple[datetime, datetime], zone: str) -> None:
        names = {*portfolio.strategy.spot_assets, *portfolio.strategy.contracts, *begun.quantities} - {portfolio.quote}
        names |= {coin for _, changes in begun.came for coin in changes} - {portfolio.quote}
        source = past_of(self._markets.of(portfolio).source, self._db, self._clock, self._mood_url, lambda _name, _since: None)
        try:
            found = await asyncio.to_thread(both, await fetch(source, names, *span), portfolio, begun, zone, self._window)
        except (ExchangeError, Refused) as reason:
            log.info("no past to compare with", portfolio=portfolio.id, reason=str(reason)[:200])
            return
        while len(self._known) >= _KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[key] = found


def both(recorded: Recorded, portfolio: Portfolio, begun: Begun, zone: str, window: timedelta) -> tuple[tuple[float, ...], ...]:
    """Walk monthly and bands alone; raises ``Refused`` where something has no price at first, or more went out than was there."""
    past, quote = played(recorded), portfolio.quote
    plain = without_triggers(for_the_past(portfolio.strategy, past.begin))
    ways = (by_the_month(plain, past.begin, zone), plain)
    return tuple(_index(past, way, begun, quote, window) for way in ways)


def _index(past: Past, strategy: Strategy, begun: Begun, quote: str, window: timedelta) -> tuple[float, ...]:
    """Return what a way was worth at each moment, of what it began with; money that came and went changes nothing (domain 9.15)."""
    came: dict[int, dict[str, Decimal]] = {}
    for at, changes in begun.came:
        coins = came.setdefault(max(1, -(-(at - past.begin) // HOUR)), {})
        for coin, qty in changes.items():
            coins[coin] = coins.get(coin, _ZERO) + qty
    came = {hour: changes for hour, changes in came.items() if hour < past.hours}
    held = walk_on(past, strategy, account_of(past, begun, quote), came, window).held
    values, _ = values_of(past, held)
    earned = values[1:].copy()
    for hour, changes in came.items():
        earned[hour - 1] -= _worth(past, changes, hour)
    if abs(values[0] / float(begun.worth) - 1) > _OTHER_PRICES:
        raise Refused("bad_price", "the past has other prices than the portfolio was valued by")
    if not ((values[:-1] > 0).all() and (earned > 0).all()):
        raise Refused("negative_value", "nothing was left")
    index = values[0] / float(begun.worth) * np.concatenate([[1.0], np.cumprod(earned / values[:-1])])
    told = []
    for moment, prices in zip(begun.moments, begun.prices, strict=True):
        hour = min(past.hours - 1, (moment - past.begin) // HOUR)
        told.append(float(index[hour] * (1 + _moved(past, held, hour, prices) / values[hour])) if hour >= 0 else 1.0)
    return tuple(told)


def _moved(past: Past, held: Sequence[Stretch], hour: int, prices: Mapping[str, Decimal]) -> float:
    """Return what prices have changed of the worth of what was held at a full hour: all ways are valued at the prices of one moment."""
    snap = next(one.snapshot for one in reversed(held) if one.hour <= hour)
    quantities = {coin.asset: coin.qty for coin in snap.spot} | {position.contract: position.qty for position in snap.positions}
    return sum(
        float(qty) * (float(prices[name]) - float(past.filled(name)[hour])) for name, qty in quantities.items() if qty and name in prices
    )


def _worth(past: Past, changes: Mapping[str, Decimal], hour: int) -> float:
    found = 0.0
    for coin, qty in changes.items():
        quote = past.quote(coin, hour) if coin in past.prices else None
        found += float(qty) * (float(quote.price) if quote is not None else 1.0)
    return found


def account_of(past: Past, begun: Begun, quote: str) -> valuation.Account:
    """Return the account that holds this: positions as if they were entered at the first hour, which changes no value."""
    positions, cash = [], begun.cash
    for name, qty in begun.quantities.items():
        if is_perp(name) and qty:
            seen = past.quote(name, 0)
            if seen is None:
                raise Refused("bad_price", name)
            mark = seen.mark or seen.price
            positions.append(Position(instrument=name, qty=qty, entry=mark, mark=mark, leverage=Decimal(1)))
            cash += qty * mark
    spot = {name: qty for name, qty in begun.quantities.items() if not is_perp(name)}
    return valuation.Account(balances=Balances(spot=spot, free=spot, futures_wallet=cash), positions=tuple(positions), quote_asset=quote)


def _up(moment: datetime) -> datetime:
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return whole if whole == moment else whole + HOUR


def _down(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
