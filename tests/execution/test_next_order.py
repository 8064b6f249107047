"""The next order of a leg in a world that is not smooth: unequal fees, odd balances, large lots, minimums met to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Market, Quote, Side
from chatbot.exchanges.markets.coins import spot_market
from chatbot.execution import next_order, sizing
from chatbot.execution.lifecycle import Cross, Patience, Requote, Tried, Wait, next_step
from chatbot.execution.next_order import MarketNow, draft
from chatbot.execution.pace import Pace
from chatbot.execution.record import fell_short
from chatbot.model import LegKind, LegState
from tests.execution.lab import START, books, fresh_block, legs, open_lab, rich, states

if TYPE_CHECKING:
    from chatbot.exchanges.base import OrderRequest
    from chatbot.model import Leg
    from chatbot.store.database import Database

D = Decimal
#: ten cents a tick, tenths of a coin, ten dollars at least, and a taker who pays four times as much as a maker
ODD = Market(instrument="SOL", tick=D("0.1"), lot=D("0.1"), min_notional=D(10), maker_fee=D("0.0005"), taker_fee=D("0.002"))
#: bid, ask and mid of 150
QUOTE = Quote(instrument="SOL", bid=D("149.9"), ask=D("150.1"), at=START)
PACE = Pace(offset_bps=D(5), bound_bps=D(30))


def at(market: Market = ODD, quote: Quote = QUOTE, **free: str) -> MarketNow:
    """Return what one look at the exchange says."""
    return MarketNow(market=market, quote=quote, free={name: D(qty) for name, qty in free.items()}, money="USDT")


def a_leg(words: str, **changes: Any) -> Leg:
    """Read one leg, with its limit and price at 150."""
    (leg,) = legs(words)
    return replace(leg, **{"price": D(150), "limit": D(150), **changes})


def asked(leg: Leg, seen: MarketNow, *, attempt: int = 1, cross: bool = False, cap_bps: str = "130") -> OrderRequest | str:
    """Return the next order of a leg."""
    return draft(leg, seen, PACE, plan_id=9, attempt=attempt, cross=cross, cap_bps=D(cap_bps))


def qty_of(order: OrderRequest | str) -> Decimal | str:
    """Return the quantity of an order, or why there is none."""
    return order if isinstance(order, str) else order.qty


# --- how much ---

BUYS = [
    # 1 SOL at 150 and the taker's 0.2 %: the dearer fee is counted, although the order rests
    ("150.3", D(1), "1 SOL at 150 and 0.2 %"),
    ("150.29", D("0.9"), "a cent less"),
    ("1503", D(2), "more than is wanted"),
    ("15.03", D("0.1"), "one lot, worth 15"),
    ("15.02", "not_enough_money", "less than a lot"),
    ("0", "not_enough_money", "nothing"),
]


@pytest.mark.parametrize(("free", "qty", "_name"), BUYS, ids=[name for *_, name in BUYS])
def test_a_buy_is_cut_to_what_the_money_pays_with_the_dearer_fee(free: str, qty: Decimal | str, _name: str) -> None:
    """In whole lots, never a cent more than is free; whichever of maker and taker pays more."""
    leg = a_leg("buy 2 SOL")
    cheap_taker = replace(ODD, maker_fee=ODD.taker_fee, taker_fee=ODD.maker_fee)
    for market in (ODD, cheap_taker):
        assert qty_of(asked(leg, at(market, USDT=free))) == qty


@pytest.mark.parametrize(
    ("held", "wanted", "qty"),
    [
        ("2", "2", D(2)),
        ("1.9999", "2", D("1.9")),
        ("0.07", "2", "not_enough_money"),
        ("2", "0.07", "below_minimum"),
        ("5", "0.16", D("0.1")),
    ],
)
def test_a_sale_is_cut_to_what_is_free_and_to_whole_lots(held: str, wanted: str, qty: Decimal | str) -> None:
    """Coins that are locked or gone are not sold; what the lots leave is told apart from what is not there."""
    assert qty_of(asked(a_leg(f"sell {wanted} SOL"), at(SOL=held))) == qty


def test_what_has_been_filled_is_not_ordered_again() -> None:
    """The remainder, cut to lots."""
    assert qty_of(asked(a_leg("sell 2 SOL", filled=D("0.75")), at(SOL="9"))) == D("1.2")
    assert qty_of(asked(a_leg("buy 2 SOL", filled=D("1.95")), at(USDT="9000"))) == "below_minimum"


@pytest.mark.parametrize(("least", "qty"), [("15", D("0.1")), ("15.01", "below_minimum")])
def test_an_order_of_exactly_the_minimum_is_sent(least: str, qty: Decimal | str) -> None:
    """One lot at 150 is worth 15: the exchange takes it at a minimum of 15, and not a cent above."""
    market = replace(ODD, min_notional=D(least))
    assert qty_of(asked(a_leg("buy 0.1 SOL"), at(market, USDT="9000"))) == qty


def test_several_minimums_hold_together() -> None:
    """Too few coins, or too little money: either is too small; a reduction is asked for its coins only."""
    market = replace(ODD, min_qty=D("0.3"))
    for qty, small in (("0.3", False), ("0.2", True)):
        assert market.is_too_small(D(qty), D(150)) is small
        assert market.is_too_small(D(qty), D(150), exempt=True) is small
    assert market.is_too_small(D("0.3"), D(33)), "9.90 are under the minimum of 10"
    assert not market.is_too_small(D("0.3"), D(33), exempt=True)
    assert market.is_too_small(D("-0.3"), D(150), exempt=True)


def test_a_reduction_is_sent_to_the_last_digit_and_may_be_small() -> None:
    """What is left of a position need not be whole lots, and is exempt from the minimum value."""
    leg = a_leg("reduce sell 0.0123 BTC-PERP", price=D(150), limit=D(150))
    order = asked(leg, at(replace(ODD, instrument="BTC-PERP", min_notional=D(100))))
    assert not isinstance(order, str)
    assert (order.qty, order.reduce_only) == (D("0.0123"), True)


# --- at what price ---

LIMITS = [
    ("buy 1 SOL", "150.05", 1, D("150.0"), "the card's limit, rounded down to the tick while it rests"),
    ("buy 1 SOL", "150.1", 1, D("149.9"), "at the ask it would take: 5 bp below the middle"),
    ("buy 1 SOL", "150.05", 2, D("149.9"), "a later quote goes by the middle"),
    ("sell 1 SOL", "149.95", 1, D("150.0"), "rounded up"),
    ("sell 1 SOL", "149.9", 1, D("150.1"), "at the bid it would take"),
    ("sell 1 SOL", "149.95", 2, D("150.1"), "a later quote"),
]


@pytest.mark.parametrize(("words", "limit", "attempt", "price", "_name"), LIMITS, ids=[name for *_, name in LIMITS])
def test_a_resting_order_has_the_cards_limit_at_first_and_the_middle_later(
    words: str, limit: str, attempt: int, price: Decimal, _name: str
) -> None:
    """It never takes, and the tick never makes it worse than it says."""
    order = asked(a_leg(words, limit=D(limit)), at(USDT="9000", SOL="9"), attempt=attempt)
    assert not isinstance(order, str)
    assert (order.limit, order.post_only, order.immediate) == (price, True, False)


@pytest.mark.parametrize(
    ("words", "cap_bps", "price"),
    [("buy 1 SOL", "30", "150.4"), ("buy 1 SOL", "10", "150.1"), ("sell 1 SOL", "30", "149.6"), ("sell 1 SOL", "10", "149.9")],
)
def test_the_last_order_crosses_as_far_as_the_bound_and_what_confirm_covers(words: str, cap_bps: str, price: str) -> None:
    """30 bp from the middle, or less far from the card's price where that is nearer."""
    order = asked(a_leg(words), at(USDT="9000", SOL="9"), attempt=3, cross=True, cap_bps=cap_bps)
    assert not isinstance(order, str)
    assert (order.limit, order.post_only, order.immediate) == (D(price), False, True)
    assert order.client_id == next_order.client_id(9, 0, 3)


FIRST_TAKES = [
    ("buy 1 SOL", "150.2", "150.2", "the card's, nearer than the bound"),
    ("buy 1 SOL", "151", "150.4", "the bound: the market has come down since"),
    ("buy 1 SOL", "150.1", "150.1", "the card's, just what is asked"),
    ("buy 1 SOL", "150", "150.4", "the bound: at the card's price nobody sells any more"),
    ("sell 1 SOL", "149.8", "149.8", "the card's"),
    ("sell 1 SOL", "149", "149.6", "the bound"),
    ("sell 1 SOL", "150", "149.6", "the bound again"),
]


@pytest.mark.parametrize(("words", "limit", "price", "_name"), FIRST_TAKES, ids=[name for *_, name in FIRST_TAKES])
def test_the_first_order_that_takes_keeps_to_the_limit_of_the_card(words: str, limit: str, price: str, _name: str) -> None:
    """While that takes; the later ones go as far as the bound."""
    leg, seen = a_leg(words, limit=D(limit)), at(USDT="9000", SOL="9")
    first, second = (asked(leg, seen, attempt=number, cross=True) for number in (1, 2))
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    assert (first.limit, first.immediate) == (D(price), True)
    assert second.limit == D("150.4" if first.side is Side.BUY else "149.6")


@given(
    side=st.sampled_from(["buy", "sell"]), card=st.decimals(140, 160, places=1), bound_bps=st.integers(10, 60), cap_bps=st.integers(10, 200)
)
def test_no_order_that_takes_goes_beyond_the_bound_or_what_confirm_covers(side: str, card: Decimal, bound_bps: int, cap_bps: int) -> None:
    """The first one beyond the card's limit only where that would take nothing."""
    leg, seen = a_leg(f"{side} 1 SOL", limit=card), at(USDT="9000", SOL="9")
    sign = 1 if side == "buy" else -1
    for number in (1, 2):
        order = draft(leg, seen, Pace(bound_bps=D(bound_bps)), plan_id=9, attempt=number, cross=True, cap_bps=D(cap_bps))
        assert not isinstance(order, str)
        assert sign * (order.limit - 150) <= D(150) * min(bound_bps, cap_bps) / 10_000
        takes = sign * (card - (QUOTE.ask if side == "buy" else QUOTE.bid)) >= 0
        assert number == 2 or not takes or sign * (order.limit - card) <= 0


# --- when ---


def test_a_quote_rests_for_its_time_to_the_second_and_is_quoted_again_as_often_as_it_may() -> None:
    """Then it takes."""
    patience = Patience(quotes=3, rest_s=60, pause_s=5, tries=3, limit_s=1800)

    def step(seconds: float, **tried: Any) -> object:
        return next_step(Tried(**tried), START + timedelta(seconds=seconds), patience)

    assert step(0, quotes=1, working_since=START) == Wait(seconds=60)
    assert step(59.5, quotes=1, working_since=START) == Wait(seconds=0.5)
    assert step(60, quotes=1, working_since=START) == Requote()
    assert [step(0, quotes=quotes) for quotes in range(4)] == [Requote(), Requote(), Requote(), Cross()]
    assert step(60, quotes=3, working_since=START) == Cross()


def test_pauses_of_execution_follow_the_market_and_end() -> None:
    """A market that runs twenty times faster is looked at as much oftener, but never in a spin; after the last pause it is over."""
    pace = Pace(poll_s=1.0, requote_s=60.0, speed=20.0, retries_s=(1, 2, 4))
    patience = pace.patience(urgent=False)
    assert (patience.rest_s, patience.pause_s, patience.limit_s, pace.poll_pause_s) == (3.0, 0.25, 90.0, 0.05)
    assert Pace(poll_s=1.0, speed=600.0).poll_pause_s == 0.02
    assert [pace.retry_pause_s(failures) for failures in (1, 2, 3, 4)] == [1, 2, 4, None]


@pytest.mark.parametrize(
    ("urgent", "waiting_pays", "quotes", "limit_s"),
    [(False, True, 4, 1800), (False, False, 0, 1800), (True, True, 0, 600), (True, False, 0, 600)],
)
def test_how_a_leg_is_worked_follows_the_table(*, urgent: bool, waiting_pays: bool, quotes: int, limit_s: float) -> None:
    """Domain 9.6: quoted and re-quoted three times every 20 s, then taken every 5 s, or that at once."""
    patience = Pace().patience(urgent=urgent, waiting_pays=waiting_pays)
    assert patience == Patience(quotes=quotes, rest_s=20, pause_s=5, tries=3, limit_s=limit_s)


# --- money between the legs ---


@given(
    free=st.decimals(0, 20_000, places=5),
    maker=st.sampled_from(["0", "0.0002", "0.001", "0.006"]),
    taker=st.sampled_from(["0", "0.0005", "0.001", "0.004"]),
    lot=st.sampled_from(["0.1", "0.07", "0.0001", "3"]),
)
def test_what_is_affordable_is_paid_by_either_fee_and_a_lot_more_is_not(free: Decimal, maker: str, taker: str, lot: str) -> None:
    """Whichever side fills: the wallet never goes below zero, and nothing is left that would pay for another lot."""
    market = replace(ODD, maker_fee=D(maker), taker_fee=D(taker), lot=D(lot))
    qty = sizing.affordable(free, D(150), market)
    most = 1 + max(D(maker), D(taker))
    assert qty % D(lot) == 0
    assert qty * 150 * most <= free < (qty + D(lot)) * 150 * most


@pytest.mark.parametrize(
    ("average", "fee", "missing"),
    [
        # planned: 0.5 at min(price, limit) = 60,000 less the dearer fee of 0.1 %: 29,970
        ("60000", "30", "0"),
        ("60030", "15", "0"),
        ("59940.06", "30", "0"),
        ("59940", "30", "30"),
        ("59000", "29.5", "499.5"),
    ],
)
def test_a_tenth_of_a_per_cent_is_what_the_reserve_bears(average: str, fee: str, missing: str) -> None:
    """29.97 short is crossing the spread, a cent more is money that did not arrive; better prices enlarge nothing."""
    (sold,) = legs("sell 0.5 BTC")
    done = replace(sold, filled=D("0.5"), average=D(average), fee=D(fee), state=LegState.FILLED)
    markets = {"BTC": replace(spot_market("BTC"), maker_fee=D("0.0002"), taker_fee=D("0.001"))}
    assert sizing.missing_inflow([done], markets) == D(missing)


def test_buys_that_the_money_pays_for_exactly_are_not_touched() -> None:
    """A cent less shrinks all of them by one factor."""
    markets = {name: replace(spot_market(name), maker_fee=D("0.003"), taker_fee=D("0.001")) for name in ("BTC", "ETH", "SOL")}
    buys = legs("buy 0.5 BTC; buy 4 ETH; buy 30 SOL")
    costs = sum(leg.needs(markets[leg.instrument].dearer_fee) for leg in buys)
    assert costs == D("0.5") * 60_000 * D("1.003") + 4 * 3_000 * D("1.003") + 30 * 150 * D("1.003")
    wanted = {leg.index: leg.qty for leg in buys}
    assert sizing.shrink(buys, markets, D(0), costs) == wanted
    assert sizing.shrink(buys, markets, D(0), costs + 1) == wanted
    assert sizing.shrink(buys, markets, D("0.01"), costs + 5_000) != wanted, "what did not arrive is not taken from the reserve"
    assert all(qty < wanted[index] for index, qty in sizing.shrink(buys, markets, D(0), costs - D("0.01")).items())
    assert set(sizing.shrink(buys, markets, costs, D(10**9)).values()) == {D(0)}


@pytest.mark.parametrize(
    ("state", "filled", "note", "short"),
    [
        (LegState.PARTIAL, "99.5", "", False),
        (LegState.PARTIAL, "99.49", "", True),
        (LegState.PARTIAL, "100", "shrunk", True),
        (LegState.FILLED, "100", "", False),
        (LegState.FILLED, "100", "shrunk", True),
        (LegState.REJECTED, "0", "halted", True),
        (LegState.DROPPED, "0", "", False),
        (LegState.DROPPED, "0", "below_minimum", True),
    ],
)
def test_half_a_per_cent_of_a_leg_is_dust(state: LegState, filled: str, note: str, short: bool) -> None:
    """What the person left out is no failure; what was cut to the money is one, however well it was filled."""
    leg = a_leg("buy 100 SOL", state=state, filled=D(filled), note=note)
    assert fell_short(leg) is short


# --- through the executor ---


def unequal(name: str) -> Market:
    """Return rules of the laboratory with unequal fees, a large lot and minimums of their own."""
    usual = spot_market(name)
    return replace(
        usual,
        lot={"BTC": D("0.003"), "ETH": D("0.07"), "SOL": D("1.3")}[name],
        min_notional={"BTC": D(5), "ETH": D(50), "SOL": D(500)}[name],
        maker_fee=D("0.0002"),
        taker_fee=D("0.004"),
    )


async def test_a_plan_over_odd_balances_and_unequal_fees_never_overdraws_and_keeps_to_lots(db: Database) -> None:
    """Every fill is in whole lots, the money adds up, and the buys stop where it ends."""
    lab = await open_lab(db, state=rich(BTC="0.2371", USDT="17.03"))
    rules = {**await lab.market.markets(), **{name: unequal(name) for name in ("BTC", "ETH", "SOL")}}

    async def markets() -> dict[str, Market]:
        return rules

    lab.market.markets = markets  # type: ignore[method-assign]
    lab.services.block = fresh_block()
    plan = await lab.run("sell 0.2371 BTC; buy 2.8 ETH; buy 39 SOL")
    sale, eth, sol = plan.legs
    assert sale.filled == D("0.237"), "79 lots"
    cash = D("17.03") + sale.filled * (sale.average or D(0)) - sale.fee
    for leg in (eth, sol):
        assert leg.filled % rules[leg.instrument].lot == 0
        cash -= leg.filled * (leg.average or D(0)) + leg.fee
        assert leg.fee == leg.filled * (leg.average or D(0)) * D("0.004"), "nobody came to the resting price: it was taken"
    assert lab.account.state.spot["USDT"] == cash >= 0
    assert cash < rules["ETH"].lot * 3_000 + rules["SOL"].lot * 150, "less than another lot of each is left"
    assert eth.note == sol.note == "shrunk"


async def test_a_buy_whose_lot_no_money_pays_for_is_left_out_and_said(db: Database) -> None:
    """One lot of SOL is worth 195, its minimum 500: what shrank below that is not sent."""
    lab = await open_lab(db, state=rich(USDT="450"))
    rules = {**await lab.market.markets(), "SOL": unequal("SOL")}

    async def markets() -> dict[str, Market]:
        return rules

    lab.market.markets = markets  # type: ignore[method-assign]
    before = books(lab.account)
    plan = await lab.run("buy 5.2 SOL")
    assert states(plan) == [LegState.DROPPED]
    assert plan.legs[0].note == "below_minimum"
    assert books(lab.account) == before


def test_sides_of_the_book() -> None:
    """At the other side's price an order would take, a tick away it rests."""
    for side, price, takes in (
        (Side.BUY, "150.1", True),
        (Side.BUY, "150.0", False),
        (Side.SELL, "149.9", True),
        (Side.SELL, "150.0", False),
    ):
        assert sizing.would_take(side, D(price), QUOTE) is takes
    assert a_leg("buy 1 SOL").kind is LegKind.SPOT_BUY


# --- the largest order that was agreed to for real money ---


@given(
    qty=st.integers(1, 5_000),
    largest=st.integers(20, 3_000),
    moved_bps=st.integers(-130, 130),
    cross=st.booleans(),
    words=st.sampled_from(["buy", "sell", "reduce sell"]),
)
def test_no_order_is_larger_than_agreed_whatever_the_price_does(qty: int, largest: int, moved_bps: int, words: str, *, cross: bool) -> None:
    """A leg planned inside the limit is sent in more orders when its price has moved, each inside it, until only dust is left."""
    price = D(150) * (1 + D(moved_bps) / 10_000)
    quote = replace(QUOTE, bid=price - D("0.1"), ask=price + D("0.1"))
    side, reduces = words.rsplit(maxsplit=1)[-1], words.startswith("reduce")
    kind = LegKind.FUTURES_REDUCE if reduces else LegKind.SPOT_BUY if side == "buy" else LegKind.SPOT_SELL
    leg = replace(a_leg("sell 1 SOL" if side == "sell" else "buy 1 SOL"), qty=D(qty) / 10, kind=kind, reduce_only=reduces)
    seen = replace(at(quote=quote, SOL="1000", USDT="1000000"), largest=D(largest))
    for _ in range(2 + 8 * qty * 15 // largest):
        order = asked(leg, seen, attempt=2, cross=cross, cap_bps="500")
        if isinstance(order, str):
            assert order in ("below_minimum", "live_order")
            break
        assert order.qty * order.limit <= largest
        leg = replace(leg, filled=leg.filled + order.qty)
        if leg.filled == leg.qty:
            break
    else:
        raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("largest", "qty"),
    [("1500", D(10)), ("1499.9", D(5)), ("749.9", D("3.4")), ("10", "live_order")],
    ids=["exact", "under", "half", "too small"],
)
def test_a_leg_at_its_limit_goes_in_one_order_and_a_cent_less_makes_two(largest: str, qty: Decimal | str) -> None:
    """Equal parts, so that no rest is left that the exchange would refuse."""
    assert qty_of(asked(a_leg("sell 10 SOL"), replace(at(SOL="10"), largest=D(largest)))) == qty
