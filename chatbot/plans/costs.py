"""What a plan costs: the fees assumed, slippage leg by leg, and what holding its futures costs (domain 11)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import ROUND_CEILING, Decimal
from math import inf, sqrt
from typing import TYPE_CHECKING, Protocol, TypeAlias

from chatbot.engine.planner import slippage
from chatbot.engine.planner.block import Fees
from chatbot.engine.triggers.funding import annualise
from chatbot.engine.triggers.volatility import realised_vol
from chatbot.errors import ExchangeError
from chatbot.exchanges.abilities import DepthSource
from chatbot.exchanges.base import asset_of, is_perp
from chatbot.model import STABLE, FuturesCost, LegKind, LegState, Mode
from chatbot.portfolio.targets import line_shares
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Depth, Market, PriceSource, Quote
    from chatbot.model import Leg, Plan, Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.orders import Fill

#: planned slippage above this asks the person first (domain 11.1)
ASK_BPS = Decimal(50)
#: over how many days the card tells the funding
CARRY_DAYS = 30
_BPS = 10_000
_FINEST_BPS = Decimal("0.0001")
CENT = Decimal("0.01")
_STEP = Decimal("0.000001")
_DAYS_PER_YEAR = 365
_WEEK_H = 7 * 24
#: a week of closes and the one before it; the last settlement lies within two days at every interval in use
_CLOSES_DAYS, _SETTLEMENT_DAYS = 8, 2
#: an order book that is younger than this is not asked for again
_BOOK_FOR = timedelta(seconds=10)


class Closes(Protocol):
    """Closing prices that everybody shares."""

    async def refresh(self, instruments: Collection[str], interval: str, days: int) -> None:
        """Fetch what is missing; never raises ``ExchangeError``."""
        ...

    def closes(self, instrument: str, interval: str, until: datetime, count: int) -> tuple[float | None, ...]:
        """Return ``count`` closes, the last of the bar that closed at ``until`` (market time); None where one is missing."""
        ...


class Settlements(Protocol):
    """Funding settlements that everybody shares."""

    async def refresh(self, contracts: Collection[str], days: int) -> None:
        """Fetch what is missing; never raises ``ExchangeError``."""
        ...

    def interval_hours(self, contract: str) -> int | None:
        """Return the hours between settlements, read from the last one; None where unknown."""
        ...


class ReadFills(Protocol):
    """The last fills of some instruments."""

    async def __call__(self, instruments: Collection[str]) -> tuple[Fill, ...]:
        """Return them, the newest first."""
        ...


class Costing:
    """Says what trading against one quote coin costs, from what is in memory: :meth:`prepare` fetches, everything else only reads."""

    def __init__(
        self,
        source: PriceSource,
        closes: Closes,
        settlements: Settlements,
        clock: Clock,
        *,
        fills: ReadFills | None = None,
        rests_s: float = 0.0,
        lasts_s: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """``rests_s``: how long an order rests that waits for a better price; ``lasts_s``: the time of a leg, patient and urgent."""
        self._source = source
        self._read_fills = fills
        self._rests_s, self._lasts_s = rests_s, lasts_s
        #: what was slipped by instrument, mode and whether it took at once, basis points, the newest first
        self._fills: dict[tuple[str, Mode, bool], list[Decimal]] = {}
        self._closes = closes
        self._settlements = settlements
        self._clock = clock
        self._books: dict[str, tuple[datetime, Depth]] = {}

    async def prepare(self, instruments: Collection[str], *, books: Collection[str] = ()) -> None:
        """Fetch what the costs of trading these depend on, and the order books of some; what cannot be had stays unknown.

        Never call it inside a transaction.
        """
        await self._closes.refresh(sorted({asset_of(name) for name in instruments}), "1h", _CLOSES_DAYS)
        await self._settlements.refresh(sorted(name for name in instruments if is_perp(name)), _SETTLEMENT_DAYS)
        if books and self._read_fills is not None:
            self._recall(await self._read_fills(books), books)
        source = self._source
        if isinstance(source, DepthSource):
            async with asyncio.TaskGroup() as group:
                for name in sorted(books):
                    if self._book(name) is None:
                        group.create_task(self._look(source, name))

    async def prepare_days(self, instruments: Collection[str], days: int) -> None:
        """Fetch daily closes, one more than ``days`` returns need."""
        await self._closes.refresh(sorted({asset_of(name) for name in instruments}), "1d", days + 2)

    def daily_closes(self, asset: str, count: int) -> tuple[float | None, ...]:
        """Return the daily closes up to the last midnight (UTC) of the market; None where one is missing."""
        midnight = self._market_now().replace(hour=0, minute=0, second=0, microsecond=0)
        return self._closes.closes(asset, "1d", midnight, count)

    def _market_now(self) -> datetime:
        return self._source.market_time(self._clock.now()).astimezone(UTC)

    async def _look(self, source: DepthSource, instrument: str) -> None:
        """Read one order book; without one the square-root law says what there is to say."""
        try:
            found = await source.depth(instrument)
        except ExchangeError:
            return
        if found is not None:
            self._books[instrument] = (self._clock.now(), found)

    def _recall(self, found: Iterable[Fill], instruments: Collection[str]) -> None:
        """Keep what the last fills of these instruments have slipped."""
        self._fills = {key: known for key, known in self._fills.items() if key[0] not in instruments}
        for fill in found:
            bps = slippage.slipped_bps(fill.price, fill.average, sells=fill.sells)
            self._fills.setdefault((fill.instrument, fill.mode, fill.at_once), []).append(bps)

    def _book(self, instrument: str) -> Depth | None:
        read_at, found = self._books.get(instrument, (None, None))
        return found if read_at is not None and self._clock.now() - read_at <= _BOOK_FOR else None

    def daily_volatility(self, instrument: str) -> float | None:
        """Return sigma_d: last week's realised volatility of the coin, as a fraction per day; None where too few prices are known."""
        hour = self._market_now().replace(minute=0, second=0, microsecond=0)
        sigma = realised_vol(self._closes.closes(asset_of(instrument), "1h", hour, _WEEK_H + 1), 1).sigma
        return None if sigma is None else sigma / sqrt(_DAYS_PER_YEAR)

    def impact(self, quote: Quote, value: Decimal) -> float | None:
        """Return the half spread and the impact of trading ``value``, as a fraction (domain 11.1); None where something is unknown."""
        sigma = self.daily_volatility(quote.instrument)
        if sigma is None or not quote.volume or quote.volume <= 0:
            return None
        half_spread = float((quote.ask - quote.bid) / (quote.ask + quote.bid))
        return half_spread + slippage.impact(float(value), float(quote.volume), sigma)

    def leg_bps(self, leg: Leg, quote: Quote) -> Decimal | None:
        """Return a leg's planned slippage in basis points: the visible book where it is deep enough, else the square-root law."""
        book = self._book(leg.instrument)
        if book is not None and book.bids and book.asks:
            mid = (book.bids[0][0] + book.asks[0][0]) / 2
            walked = slippage.walk_book(book.bids if leg.side == "sell" else book.asks, leg.qty, mid)
            if walked is not None:
                return walked[1] * _BPS
        share = self.impact(quote, leg.notional)
        return None if share is None else Decimal(repr(share * _BPS)).quantize(_FINEST_BPS)

    def line_cost(self, evaluation: Evaluation, shares: Mapping[str, float], trade: Decimal) -> Decimal | None:
        """Return what trading ``trade`` of quote over these coins costs, as a fraction: fee + half spread + impact (domain 11.1).

        None where one of them is unknown.
        """
        cost = Decimal(0)
        for asset, share in shares.items():
            part = Decimal(repr(share))
            lost = self.impact(evaluation.quotes[asset], part * trade)
            if lost is None:
                return None
            cost += part * (evaluation.markets[asset].taker_fee + Decimal(repr(lost)))
        return cost

    def by_line(self, evaluation: Evaluation) -> Mapping[str, Decimal] | None:
        """Return the cost of a typical trade (band x V) by line, for a plan that may choose where to trade (domain 9.10 b).

        None: one is unknown, so all count alike. The stablecoin costs nothing by itself: every trade of a coin is paid in it, and
        the coin bears the cost.
        """
        strategy = evaluation.portfolio.strategy
        if strategy.theta == 1 or evaluation.effective is None or evaluation.figures is None:
            return None
        costs = {STABLE: Decimal(0)}
        for line in evaluation.figures.lines:
            if line.band is None or line.line == STABLE:
                continue
            shares = line_shares(line.line, evaluation.effective.targets, strategy)
            cost = self.line_cost(evaluation, shares, line.band * evaluation.figures.value)
            if cost is None:
                return None
            costs[line.line] = cost.quantize(_STEP)
        return costs

    def legs(self, plan: Plan, quotes: Mapping[str, Quote], markets: Mapping[str, Market]) -> tuple[Leg, ...]:
        """Return the legs with their planned slippage: what the model says, or the last fills where those were dearer."""

        def expected(leg: Leg) -> Decimal | None:
            if leg.is_transfer or leg.instrument not in quotes:
                return None
            fills = self._fills.get((leg.instrument, plan.mode, not _rests(leg, plan, markets)), ())
            found = slippage.expected_slippage(self.leg_bps(leg, quotes[leg.instrument]), fills)
            return None if found is None else found.quantize(_FINEST_BPS)

        return tuple(replace(leg, slippage_bps=expected(leg)) for leg in plan.legs)

    def _waiting(self, plan: Plan, quotes: Mapping[str, Quote], markets: Mapping[str, Market]) -> Decimal | None:
        """Return how far prices usually move until the legs that wait are done, by value, basis points.

        A leg waits that rests, and one that goes in slices, minute by minute (domain 9.6). None: none does, or a volatility is unknown.
        """
        waits = [(leg, self._waits_s(leg, plan, quotes, markets)) for leg in kept(plan.legs) if not plan.is_by_hand]
        moves = [(leg.notional, self.daily_volatility(leg.instrument), seconds) for leg, seconds in waits if seconds]
        value, whole = sum((notional for notional, _, _ in moves), Decimal(0)), Decimal(0)
        if not value:
            return None
        for notional, sigma, seconds in moves:
            if sigma is None:
                return None
            whole += notional / value * Decimal(repr(slippage.usual_move(sigma, seconds)))
        return (whole * _BPS).quantize(Decimal("0.1"))

    def _waits_s(self, leg: Leg, plan: Plan, quotes: Mapping[str, Quote], markets: Mapping[str, Market]) -> float:
        """Return how long a leg rests before it takes, and how long it takes in slices, as far as it has the time."""
        rests = self._rests_s if _rests(leg, plan, markets) else 0.0
        share = quotes[leg.instrument].minute_share if leg.instrument in quotes else None
        if not share:
            return rests
        slices = 60.0 * float((leg.qty / share).to_integral_value(ROUND_CEILING) - 1)
        return max(rests, min(rests + slices, self._lasts_s[plan.is_urgent]))

    def priced(self, plan: Plan, quotes: Mapping[str, Quote], markets: Mapping[str, Market]) -> Plan:
        """Return a drafted plan with what it costs."""
        legs = self.legs(plan, quotes, markets)
        grown = (leg for leg in legs if leg.kind == LegKind.FUTURES_INCREASE)
        told = (self.holding(leg, quotes, markets) for leg in grown)
        held, waiting = tuple(one for one in told if one is not None), self._waiting(plan, quotes, markets)
        return replace(plan, legs=legs, slippage_bps=total_bps(legs), waiting_bps=waiting, holding=held)

    def holding(self, leg: Leg, quotes: Mapping[str, Quote], markets: Mapping[str, Market]) -> FuturesCost | None:
        """Say what holding a grown position costs against doing the same in spot (domain 11.2); None where something is unknown."""
        spot, quote, hours = asset_of(leg.instrument), quotes.get(leg.instrument), self._settlements.interval_hours(leg.instrument)
        if quote is None or quote.funding_rate is None or not hours or leg.slippage_bps is None:
            return None
        there = self.impact(quotes[spot], leg.notional) if spot in quotes and spot in markets else None
        if there is None:
            return None
        signed = -leg.notional if leg.side == "sell" else leg.notional
        yearly = annualise(quote.funding_rate, Decimal(hours), signed, Decimal(CARRY_DAYS))
        in_spot = float(markets[spot].taker_fee) + there
        in_futures = float(markets[leg.instrument].taker_fee) + float(leg.slippage_bps) / _BPS
        # what a short receives at a rate above 0, a long receives below it
        paid_8h = float(-yearly.rate_8h if signed < 0 else yearly.rate_8h)
        days = slippage.perp_horizon_days(in_spot, in_futures, paid_8h)
        return FuturesCost(
            contract=leg.instrument,
            carry=yearly.carry.quantize(Decimal("0.01")),
            days=None if days == inf else Decimal(repr(days)).quantize(Decimal("0.1")),
        )

    def risen(self, plan: Plan, quotes: Mapping[str, Quote], markets: Mapping[str, Market]) -> bool:
        """Tell whether a leg that was cheap on the card would now have to be asked about."""
        return bool(expensive(self.legs(plan, quotes, markets)) - expensive(plan.legs))


def _rests(leg: Leg, plan: Plan, markets: Mapping[str, Market]) -> bool:
    """Tell whether the first order of a leg rests."""
    market = markets.get(leg.instrument)
    return not plan.is_urgent and (market is None or market.waiting_pays)


#: the one for the quote coin of a portfolio
CostingOf: TypeAlias = "Callable[[Portfolio], Costing]"


def fee_rates(markets: Mapping[str, Market]) -> Fees:
    """Return the fees that a plan over these markets is sized with, fractions of what is traded.

    The highest taker fee of each side: a plan never promises more than it can pay for.
    """
    spot = [market.taker_fee for name, market in markets.items() if not is_perp(name)]
    futures = [market.taker_fee for name, market in markets.items() if is_perp(name)]
    return Fees(spot=max(spot, default=Decimal(0)), futures=max(futures, default=Decimal(0)))


def fees_of(legs: Iterable[Leg], markets: Mapping[str, Market]) -> Decimal:
    """Return the fees that the legs that are kept would pay, each at the taker fee of its own market, in quote."""
    return sum((leg.notional * markets[leg.instrument].taker_fee for leg in kept(legs) if not leg.is_transfer), Decimal(0))


def kept(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return the legs that would trade: neither transfers nor left out."""
    return tuple(leg for leg in legs if not leg.is_transfer and leg.state != LegState.DROPPED)


def total_bps(legs: Iterable[Leg]) -> Decimal | None:
    """Return the planned slippage of all kept legs by value, in basis points; None where one of them is unknown."""
    traded = kept(legs)
    if any(leg.slippage_bps is None for leg in traded):
        return None
    value = sum((leg.notional for leg in traded), Decimal(0))
    return sum((cost_of(leg) for leg in traded), Decimal(0)) / value * _BPS if value else Decimal(0)


def cost_of(leg: Leg) -> Decimal:
    """Return a leg's planned slippage in money; 0 where it is unknown, which the caller tells."""
    return leg.notional * (leg.slippage_bps or Decimal(0)) / _BPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What the legs of a plan came to, quote."""

    traded: Decimal
    fees: Decimal
    #: what the fills cost more (above 0) or less than the prices on the card
    over_card: Decimal
    #: what they cost beyond the middle prices that the plan was decided at, below 0 where they were better, and what the card had told of
    #: that for what was filled; None where either is unknown
    slipped: Decimal | None
    told: Decimal | None

    @property
    def fees_bps(self) -> Decimal:
        """Return the fees in basis points of what was traded; 0 where nothing was."""
        return self.fees / self.traded * _BPS if self.traded else Decimal(0)

    @property
    def over_card_bps(self) -> Decimal:
        """Return the difference from the card in basis points of what was traded; 0 where nothing was."""
        return self.over_card / self.traded * _BPS if self.traded else Decimal(0)

    @property
    def slipped_bps(self) -> Decimal:
        """Return the slippage in basis points of what was traded; 0 where it is unknown or nothing was."""
        return (self.slipped or Decimal(0)) / self.traded * _BPS if self.traded else Decimal(0)


def paid(legs: Sequence[Leg]) -> Paid:
    """Add up what was traded, paid in fees, and paid more than the card said; a buy above its price and a sale below it cost more."""
    traded = fees = over = Decimal(0)
    for leg in legs:
        fees += leg.fee
        if leg.is_transfer:
            continue
        traded += leg.traded
        more = leg.filled * ((leg.average or card_price(leg)) - card_price(leg))
        over += -more if leg.side == "sell" else more
    filled = [leg for leg in kept(legs) if leg.filled]
    known = all(leg.average is not None and leg.price and leg.slippage_bps is not None for leg in filled)
    slipped = sum((_slipped(leg) for leg in filled), Decimal(0)) if known else None
    told = sum((leg.filled * leg.price * (leg.slippage_bps or Decimal(0)) / _BPS for leg in filled), Decimal(0)) if known else None
    return Paid(traded=traded, fees=fees, over_card=over, slipped=slipped, told=told)


def _slipped(leg: Leg) -> Decimal:
    """Return what a leg cost beyond the middle price that it was decided at, quote; below 0 where it was the better price."""
    return leg.filled * ((leg.average or leg.price) - leg.price) * (-1 if leg.side == "sell" else 1)


def card_price(leg: Leg) -> Decimal:
    """Return the price that the card showed for a leg."""
    return leg.limit if leg.limit is not None else leg.price


def expensive(legs: Iterable[Leg]) -> frozenset[int]:
    """Return the numbers of the kept legs whose planned slippage is above 50 bp (domain 11.1)."""
    return frozenset(leg.index for leg in kept(legs) if leg.slippage_bps is not None and leg.slippage_bps > ASK_BPS)


def unknown(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return the kept legs whose slippage nobody knows."""
    return tuple(leg for leg in kept(legs) if leg.slippage_bps is None)
