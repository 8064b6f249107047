"""What a hedge would be at the present prices: its short, the collateral behind it, what it wins and what it takes away (domain 10).

Legend: V value, E futures equity, N notional of a contract (short below 0), m mark.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.hedges.sizing import SHORT_FRACTION, hedge_effect, hedge_size, is_too_close, rotate
from chatbot.engine.hedges.sizing import HedgeSize as Sizes
from chatbot.engine.liquidation import liquidation
from chatbot.engine.margin import HEDGE_DISTANCE, equity_for, room_beside
from chatbot.engine.portfolio import INDEX, default_bucket
from chatbot.hedges import shocks as hedge_shocks
from chatbot.model import ALT, COVER, MIN_VARIANCE, ROTATION, STABLE
from chatbot.model.hedge import BY_BETA, FALL, HedgeProblem, HedgeSize, HedgeWish, Room
from chatbot.portfolio import valuation
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.base import Market
    from chatbot.model import Strategy
    from chatbot.portfolio.evaluation import Evaluation

#: which part of the loss is covered when nothing else is said (domain 10.2)
COVERAGE = Decimal("0.5")
#: what is kept free of a limit, so that rounding to lots and cents never crosses it
_KEPT = Decimal("0.999")
#: so much more is to be sold for room than it takes, for fees and for prices that move meanwhile
_AMPLE = Decimal("1.01")
#: of V: what a target is set to
_TENTH_POINT = Decimal("0.001")
_CENT, _STEP = Decimal("0.01"), Decimal("1e-12")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeInputs:
    """The figures of a portfolio that a hedge is sized with, quote."""

    value: Decimal
    #: by coin
    spot: Mapping[str, Decimal]
    cash: Decimal
    equity: Decimal
    #: signed notional of the index contract, and the sum of |N| and of the maintenance margins of all others
    held: Decimal
    others: Decimal
    other_mm: Decimal
    mark: Decimal
    market: Market
    spot_fee: Decimal
    betas: Mapping[str, Decimal]
    strategy: Strategy
    #: by coin; the rules of the coins too
    prices: Mapping[str, Decimal]
    markets: Mapping[str, Market]

    @property
    def alts(self) -> dict[str, Decimal]:
        """Return the coins that a rotation sells: everything risky but BTC and ETH (domain 1.3)."""
        return {coin: v for coin, v in self.spot.items() if v > 0 and default_bucket(coin) == ALT}


def inputs_of(evaluation: Evaluation) -> HedgeInputs | None:
    """Return the figures of an evaluated portfolio; None where the index contract is not traded here."""
    held, market = evaluation.held, evaluation.markets.get(INDEX)
    if held is None:
        raise ValueError("a portfolio that cannot be evaluated has no figures")
    index = held.position(INDEX)
    if market is None or not market.trading or index is None:
        return None
    rest = [position for position in held.snapshot.positions if position.contract != INDEX]
    return HedgeInputs(
        value=held.value,
        spot=held.by_asset,
        cash=held.cash - valuation.other_cash(held.snapshot),
        equity=held.equity,
        held=held.book[INDEX],
        others=sum((abs(position.notional) for position in rest), _ZERO),
        other_mm=valuation.maintenance_of(rest, evaluation.markets),
        mark=index.mark,
        market=market,
        spot_fee=max((evaluation.markets[asset].taker_fee for asset in held.by_asset if asset in evaluation.markets), default=_ZERO),
        betas=evaluation.betas,
        strategy=evaluation.portfolio.strategy,
        prices={holding.asset: holding.price for holding in held.snapshot.spot},
        markets=evaluation.markets,
    )


def size(evaluation: Evaluation, wish: HedgeWish) -> HedgeSize:
    """Size a hedge for an evaluated portfolio; what it cannot be is said in ``problem``. Raises ``engine.errors.Refused``."""
    there = next((hedge for hedge in evaluation.layers.hedges if hedge.kind == wish.kind), None)
    if there is not None:
        problem = HedgeProblem.STILL_SHORT if there.closed else HedgeProblem.OPEN_ALREADY
        return HedgeSize(wish=wish, contract=there.contract, problem=problem)
    inputs = inputs_of(evaluation)
    if inputs is None or evaluation.held is None:
        return HedgeSize(wish=wish, contract=INDEX, problem=HedgeProblem.NO_CONTRACT)
    asked, sells = _asked(inputs, wish)
    drop = wish.drop if wish.drop is not None else FALL
    blank = HedgeSize(wish=wish, contract=INDEX, mark=inputs.mark, asked=asked, sells=sells, drop=drop)
    without = hedge_shocks.in_fall(evaluation, evaluation.held, drop)
    if without >= 0:
        return replace(blank, problem=HedgeProblem.NOT_SHORT)
    if wish.kind == ROTATION and not sells:
        return replace(blank, problem=HedgeProblem.NO_ALT)
    if asked <= 0:
        return replace(
            blank, problem=HedgeProblem.NO_HISTORY if wish.ratio is None and wish.kind == MIN_VARIANCE else HedgeProblem.NOT_SHORT
        )
    judged = _judged(inputs, _with_short(inputs, blank))
    return replace(
        judged,
        without=without,
        hedged=hedge_shocks.with_hedge(evaluation, evaluation.held, judged),
    )


def _asked(inputs: HedgeInputs, wish: HedgeWish) -> tuple[Decimal, dict[str, Decimal]]:
    """Return the notional that is asked for, and what is sold of each coin."""
    if wish.kind == ROTATION:
        rotation = rotate(value=inputs.value, alt=inputs.alts, mark=inputs.mark, lot=inputs.market.lot, betas=inputs.betas)
        return SHORT_FRACTION * inputs.value, {coin: sold for coin, v in rotation.sells.items() if (sold := _in_lots(inputs, coin, v))}
    if wish.kind == COVER:
        sized = _sizes(inputs, wish.coverage if wish.coverage is not None else COVERAGE, wish.drop if wish.drop is not None else FALL)
        return (sized.beta_notional if wish.size == BY_BETA else sized.literal_notional), {}
    return (wish.ratio or _ZERO) * inputs.value, {}


def _in_lots(inputs: HedgeInputs, coin: str, value: Decimal) -> Decimal:
    """Return how much of ``value`` an order can sell: whole lots, and nothing where that is not worth an order (domain 9.5)."""
    market, price = inputs.markets.get(coin), inputs.prices[coin]
    if market is None or not market.trading:
        return _ZERO
    whole = (value / price).quantize(_STEP, ROUND_DOWN) // market.lot * market.lot * price
    return whole if whole >= valuation.smallest_trade(inputs.value, market, price) else _ZERO


def _sizes(inputs: HedgeInputs, coverage: Decimal, drop: Decimal) -> Sizes:
    return hedge_size(
        value=inputs.value, coverage=coverage, drop=drop, mark=inputs.mark, lot=inputs.market.lot, spot=inputs.spot, betas=inputs.betas
    )


def _with_short(inputs: HedgeInputs, blank: HedgeSize) -> HedgeSize:
    """Cut the short to whole lots and to the leverage limits, and find its collateral (domain 2.4, 10.4)."""
    sold = sum(blank.sells.values(), _ZERO)
    proceeds = sold * (1 - inputs.spot_fee)
    most = _most(inputs, blank.asked, sold, proceeds)
    qty = _lots(inputs, min(blank.asked, most))
    sized = replace(blank, qty=-qty, capped=blank.asked > most, proceeds=proceeds)
    top_up = _top_up(inputs, sized)
    return replace(sized, top_up=top_up, distance=_distance(inputs, sized, top_up))


def _most(inputs: HedgeInputs, asked: Decimal, sold: Decimal, proceeds: Decimal) -> Decimal:
    """Return the largest short that both leverage limits allow once coins were sold and every order's fee was paid (domain 2.4)."""
    fees, most = sold * inputs.spot_fee, asked
    for paid in (_ZERO, inputs.market.taker_fee):
        spent = fees + min(asked, most) * paid
        room = room_beside(
            value=inputs.value - spent,
            spot=sum(inputs.spot.values(), _ZERO) - sold,
            equity=inputs.equity + (proceeds + inputs.cash) * _KEPT - spent,
            others=inputs.others,
            gross_cap=inputs.strategy.gross_cap,
            sleeve_cap=inputs.strategy.sleeve_cap,
        )
        most = max(_ZERO, inputs.held + room * _KEPT)
    return most


def _lots(inputs: HedgeInputs, notional: Decimal) -> Decimal:
    """Return the whole lots of the index contract in a value, base units."""
    return (notional / inputs.mark).quantize(_STEP, ROUND_DOWN) // inputs.market.lot * inputs.market.lot


def _top_up(inputs: HedgeInputs, sized: HedgeSize) -> Decimal:
    """Return what must come from the stablecoins for the short to live through a rise; at most what is there.

    Its liquidation stays 1.5 times the fall away, and the leverage limit holds while BTC rises by as much as it was to fall: else
    a bounce would have the margin emergency (domain 9.8) close the hedge.
    """
    after = inputs.held - sized.notional
    short, cap = max(_ZERO, -after), inputs.strategy.sleeve_cap
    kept_alive = equity_for(short=short, distance=HEDGE_DISTANCE * sized.drop, mmr=inputs.market.mmr, other_mm=inputs.other_mm)
    risen = (max(abs(after), short * (1 + sized.drop)) + inputs.others) / cap / _KEPT + short * sized.drop if cap else _ZERO
    fees = 2 * sized.notional * inputs.market.taker_fee
    lacking = max(kept_alive, risen) + fees - inputs.equity - sized.proceeds
    return max(_ZERO, min(lacking.quantize(_CENT, ROUND_UP), (inputs.cash * _KEPT).quantize(_CENT, ROUND_DOWN)))


def _distance(inputs: HedgeInputs, sized: HedgeSize, top_up: Decimal) -> Decimal | None:
    """Return how far the liquidation of the contract's position is from the mark once the hedge is open (domain 1.6)."""
    after = inputs.held - sized.notional
    if after >= 0:
        return None  # no short is left over
    equity = inputs.equity + sized.proceeds + top_up - sized.notional * inputs.market.taker_fee
    brackets = valuation.brackets_of(inputs.market)
    found = liquidation(brackets, qty=after / inputs.mark, entry=inputs.mark, collateral=equity, other_mm=inputs.other_mm)
    return found.distance


def _judged(inputs: HedgeInputs, sized: HedgeSize) -> HedgeSize:
    """Put the figures to a size that are told beside it, and say what speaks against it."""
    drop = sized.drop
    net_change, beta_change = hedge_effect(value=inputs.value, sells=sized.sells, short=sized.notional, betas=inputs.betas)
    least = valuation.smallest_trade(inputs.value, inputs.market, inputs.mark)
    problem = HedgeProblem.NONE
    if sized.notional < least:
        problem = HedgeProblem.NO_ROOM if _lots(inputs, sized.asked) * inputs.mark >= least else HedgeProblem.TOO_SMALL
    elif is_too_close(sized.distance, drop) and not sized.wish.accepted:
        problem = HedgeProblem.TOO_CLOSE
    return replace(
        sized,
        net_change=net_change,
        beta_change=beta_change,
        problem=problem,
        minimum=least if problem is HedgeProblem.TOO_SMALL else None,
        room=_room(inputs, sized.asked) if sized.capped and problem is not HedgeProblem.TOO_SMALL else None,
    )


def _room(inputs: HedgeInputs, asked: Decimal) -> Room:
    """Return the tighter of both limits (domain 2.4), and how many coins to sell for stablecoins until a short of ``asked`` fits."""
    strategy, spot, position = inputs.strategy, sum(inputs.spot.values(), _ZERO), abs(inputs.held)
    behind = inputs.equity + inputs.cash * _KEPT
    gross = Room(gross=True, times=strategy.gross_cap, most=strategy.gross_cap * inputs.value, used=spot + inputs.others + position)
    sleeve = Room(gross=False, times=strategy.sleeve_cap, most=strategy.sleeve_cap * behind, used=inputs.others + position)
    wanted, spent = asked / _KEPT - inputs.held, asked * inputs.market.taker_fee
    lacking = max(
        wanted + gross.used - position - gross.most + gross.times * spent,
        (wanted + inputs.others) / sleeve.times - behind + spent if sleeve.times else spot * 2,
    )
    weight = (lacking * _AMPLE / inputs.value).quantize(_TENTH_POINT, ROUND_UP)
    sell = weight * inputs.value
    tighter = min(gross, sleeve, key=lambda limit: limit.most - limit.used)
    return replace(tighter, sell=sell, sell_weight=weight) if sell < spot else tighter


def moved(value: Decimal, sized: HedgeSize) -> dict[str, Decimal]:
    """Return the capital weights that go to the futures account, by coin and STABLE."""
    weights = {coin: (amount / value).quantize(_STEP, ROUND_DOWN) for coin, amount in sized.sells.items()}
    if sized.top_up:
        weights[STABLE] = (sized.top_up / value).quantize(_STEP, ROUND_DOWN)
    return weights
