"""How long the account of a calm portfolio need not be read again: as long as only prices can change what it comes to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chatbot.engine.planner.smallest_trade import smallest_trade
from chatbot.exchanges.abilities import PathSource, Staged
from chatbot.exchanges.base import PUBLISHED_AFTER
from chatbot.model import INFO, Effect
from chatbot.portfolio.targets import base_targets

if TYPE_CHECKING:
    from chatbot.engine.portfolio import Valuation
    from chatbot.exchanges.base import PriceSource
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.markets import Markets

#: an account is read again after this time even when nothing said that it changed, unless only prices can change what it comes to
READ_AGAIN_S: Final = 600.0
#: those readings are spread over this time, so that not everybody is read in the same check
SPREAD_S: Final = 300
#: and then it is read again after this time all the same, market time
LONGEST: Final = timedelta(hours=6)
#: who counts at a price that is further than this from that of the last look, as a fraction of it, is looked at: margin has no band
MOVED: Final = 0.05
#: the value of a portfolio moves by less than this before a price has moved far, or nothing is believed of it
_MOST_SWING: Final = 0.1
#: a mix is not reached before a price has moved far where a coin lacks more than this times what would be traded
_FAR: Final = Decimal("1.25")
_ZERO = Decimal(0)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_again_s(source: PriceSource) -> float:
    """Return after how many seconds an account is read again: in a market that is played fast also once in each of its days."""
    return min(READ_AGAIN_S, _DAY.total_seconds() / source.time.running_at) if isinstance(source, Staged) else READ_AGAIN_S


def spread_s(portfolio_id: int) -> int:
    """Return the place of a portfolio in that spread, seconds."""
    return portfolio_id * 37 % SPREAD_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """What may be believed of a calm portfolio without reading its account again."""

    #: up to which market time nothing but prices can change what it comes to
    until: datetime
    #: by how much, as a weight, targets may follow prices that are within :data:`MOVED` of those of the look
    slack: float = 0.0


#: nothing is known
UNSTEADY: Final = Steady(until=_EPOCH)


def steadiness(evaluation: Evaluation, markets: Markets, market_now: datetime, zone: str) -> Steady:
    """Return how steady a calm portfolio is; not at all where that is not known.

    Its account is kept by us, so it changes by our own orders, which are heard of, and by settlements. Targets follow prices while a coin
    is held down (domain 5.3) or all are hedged, and another line may come to the mix that was meant by itself (2.3). With its person's day,
    of ``zone``, a value is to be written down.
    """
    account, held, quoted = evaluation.account, evaluation.held, markets.of(evaluation.portfolio)
    if account is None or held is None or _acting(evaluation, Effect.NEUTRALISE) or _may_be_reached(evaluation, held):
        return Steady(until=market_now)
    slack = _slack(evaluation, held)
    if _is_near_an_edge(evaluation, slack):
        return Steady(until=market_now)
    at_once = isinstance(quoted.source, PathSource)
    later = timedelta(0) if at_once else PUBLISHED_AFTER + timedelta(seconds=spread_s(evaluation.portfolio.id))
    every = [quoted.funding.interval_hours(position.instrument) or 1 for position in account.positions]
    settled = [_next_settlement(market_now - later, hours) for hours in every]
    return Steady(until=min(market_now + LONGEST, _next_day(market_now, ZoneInfo(zone)), *settled) + later, slack=slack)


def _may_be_reached(evaluation: Evaluation, held: Valuation) -> bool:
    """Tell whether prices may bring a line to the mix that was meant; one of which a coin is held down keeps it, whatever prices do."""
    strategy, layers = evaluation.portfolio.strategy, evaluation.layers
    held_down = {strategy.line_of(coin) for coin in layers.anchors}
    for line, meant in layers.mix.items():
        coins = [holding for holding in held.snapshot.spot if holding.bucket == line]
        lacks = [abs(meant.get(coin.asset, coin.qty) - coin.qty) * coin.price for coin in coins]
        if line not in held_down and max(lacks, default=_ZERO) * len(coins) < _FAR * smallest_trade(held.value):
            return True
    return False


def _slack(evaluation: Evaluation, held: Valuation) -> float:
    """Return how far targets can move before the prices of a look do by more than :data:`MOVED`.

    What a coin that is held down leaves to the cash follows its weight; and twice its own target, as for one that is trimmed, where that
    follows the mix of its line.
    """
    strategy, layers = evaluation.portfolio.strategy, evaluation.layers
    less = {*layers.anchors, *_acting(evaluation, Effect.TRIM_LONGS)}
    mixed = [coin for coin in less if strategy.line_of(coin) in layers.mix]
    if not (layers.anchors or mixed) or evaluation.figures is None:
        return 0.0
    swing = MOVED * max(1.0, float(evaluation.figures.gross))
    if swing > _MOST_SWING:
        return 1.0
    own = base_targets(held, strategy, layers).spot if mixed else {}
    weight = sum((held.by_asset.get(coin, _ZERO) / held.value for coin in layers.anchors), _ZERO)
    return float(weight + 2 * sum((own.get(coin, _ZERO) for coin in mixed), _ZERO)) * (MOVED + swing) / (1 - swing)


def _acting(evaluation: Evaluation, effect: Effect) -> list[str]:
    """Return what the active triggers of an effect are about."""
    strategy = evaluation.portfolio.strategy
    on = [signal for signal in evaluation.layers.signals if signal.active and strategy.setting(signal.trigger).on]
    return [signal.subject for signal in on if INFO[signal.trigger].effect is effect]


def _is_near_an_edge(evaluation: Evaluation, slack: float) -> bool:
    """Tell whether a line is so near to an edge of its band that targets which move may reach it."""
    limits = evaluation.figures.limits if slack and evaluation.figures is not None else ()
    return any(one.band is not None and abs(float(one.weight - one.target)) + slack >= float(one.band) for one in limits)


def _next_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the next day begins in a zone."""
    tomorrow = now.astimezone(zone).date() + _DAY
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def _next_settlement(now: datetime, hours: int) -> datetime:
    """Return the next full hour at which a contract may settle that does so every so many hours."""
    step = hours * _HOUR
    return _EPOCH + ((now - _EPOCH) // step + 1) * step
