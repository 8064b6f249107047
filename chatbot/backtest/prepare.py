"""From a question to its job: which days there are prices for, and the prices of them; never anything after the market's now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.backtest.past import HOUR, LOOK_BACK, fetch
from chatbot.backtest.stored_history import StoredHistory
from chatbot.errors import UserError
from chatbot.exchanges.base import asset_of
from chatbot.i18n import N_
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from chatbot.backtest.past import Recorded
    from chatbot.exchanges.base import PriceSource
    from chatbot.model import Strategy

#: no exchange has hours of coins from before it
EARLIEST = datetime(2017, 1, 1, tzinfo=UTC)
SHORTEST = timedelta(days=7)
_DAY = timedelta(days=1)
#: in place of every limit that only Confirm knows
_NO_CONFIRM_PCT = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days that are asked for; None: since there are prices, or up to now."""

    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Which days a question is answered for, and what is known of them; light enough to be kept."""

    begin: datetime
    end: datetime
    #: coins without which it cannot begin earlier; empty where it begins when it was asked to
    late: tuple[str, ...]
    #: history before the first hour, which triggers look back on, as far as they do
    look_back: timedelta
    #: there are readings of Fear & Greed
    has_mood: bool


async def prepare(
    source: PriceSource, strategies: Sequence[Strategy], span: Span, now: datetime, give_way: Callable[[], Awaitable[None]]
) -> tuple[Recorded, Days]:
    """Fetch the hours of a span for everything that some strategies hold; ``now`` is the market's, and others go first by ``give_way``.

    Raises :class:`UserError` where there is too little, and ``ExchangeError``.
    """
    names = sorted({name for one in strategies for name in (*one.spot_assets, *one.contracts)})
    if not names:
        raise UserError(N_("This strategy holds nothing but cash, so there is nothing to test."))
    listed = await source.markets()
    if unknown := [name for name in names if name not in listed]:
        raise _without_past(unknown)
    wanted = max(span.begin or EARLIEST, EARLIEST)
    first: dict[str, datetime] = {}
    if isinstance(source, StoredHistory):
        await source.read_mood((now - wanted + LOOK_BACK).days + 1)
    for name in names:
        days = await source.candles(name, "1d", wanted - LOOK_BACK, now)
        if not len(days):
            raise _without_past([name])
        first[name] = days[0].at
        await give_way()
    # the price of an hour is the open of its bar, and the last bar is not closed yet; falls, months and pictures are told by whole days
    end = min(span.end or now, now - HOUR).replace(hour=0, minute=0, second=0, microsecond=0)
    begin, late = _begun(first, wanted, is_open=span.begin is None)
    if end - begin < SHORTEST:
        raise _too_short(late, begin, end)
    recorded = await fetch(source, names, begin, end, give_way=give_way)
    looks = min(LOOK_BACK, begin - min(first.values()))
    return recorded, Days(begin=begin, end=end, late=late, look_back=looks, has_mood=bool(recorded.moods))


def _begun(first: Mapping[str, datetime], wanted: datetime, *, is_open: bool) -> tuple[datetime, tuple[str, ...]]:
    """Return the first day on which everything has a price, and what it had to be waited for; the first day of a coin is not whole."""
    latest = max(at + _DAY for at in first.values())
    if latest <= wanted:
        return wanted, ()
    late = tuple(name for name, at in first.items() if at + _DAY > wanted and (not is_open or at + _DAY == latest))
    return latest, tuple(dict.fromkeys(map(asset_of, late)))


def _without_past(names: Sequence[str]) -> UserError:
    coins = ", ".join(dict.fromkeys(map(asset_of, names)))
    return UserError(N_("There are no past prices of {coins} here, so this strategy cannot be tested."), coins=coins)


def _too_short(late: tuple[str, ...], begin: datetime, end: datetime) -> UserError:
    days = max(0, (end - begin) // _DAY)
    if late:
        told = N_("A test needs at least {least} days of prices; of {coins} there would be {days}.")
        return UserError(told, coins=", ".join(late), days=days, least=SHORTEST.days)
    return UserError(N_("A test needs at least {least} days of prices; here there would be {days}."), days=days, least=SHORTEST.days)


def for_the_past(strategy: Strategy, begin: datetime) -> Strategy:
    """Return a strategy as it would have stood on the first day of the past.

    Its calendar counts from then on. Regular amounts are left out, since no money comes in; so are what is kept out of it, which belongs to
    holdings and not to the strategy, and how far prices may move before Confirm, which nobody presses.
    """
    rule = strategy.schedule
    schedule = None if rule is None or rule.invest is not None else replace(rule, set_at=begin)
    kept: dict[str, Decimal | None] = {asset: qty for asset, qty in strategy.kept.items() if qty is None}
    return replace(strategy, schedule=schedule, kept=kept, move_limit_pct=_NO_CONFIRM_PCT)
