"""The simulated market against its other dollar: the same coins, every price divided by what that dollar costs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.abilities import PathSource, QuotedInSeveral
from chatbot.exchanges.base import Candle, OrderRequest, OrderStatus, Side
from chatbot.exchanges.candle_table import turned
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.paper import PaperExchange
from tests.person import START
from tests.stories.test_simulated_market import Tampered

D = Decimal


@pytest.mark.parametrize("peg", ["1", "0.88", "1.02"])
async def test_every_price_is_divided_by_what_the_dollar_costs(peg: str) -> None:
    clock = ManualClock(START)
    market = Tampered(clock)
    market.bent = {"USDC": D(peg)}
    assert isinstance(market, QuotedInSeveral)
    usdc = market.quoted_in("USDC")
    rules = await usdc.markets()
    assert rules.keys() == (await market.markets()).keys() - {"USDC"} | {"USDT"}
    here, there = await market.quotes(["BTC", "SOL-PERP"]), await usdc.quotes(["BTC", "SOL-PERP", "USDT", "USDC"])
    assert there.keys() == {"BTC", "SOL-PERP", "USDT"}
    for name, quote in there.items():
        one = here[name].price if name in here else D(1)
        assert abs(quote.price / one * D(peg) - 1) < D("0.0003"), name
        assert quote.bid < quote.ask
        assert quote.bid % rules[name].tick == quote.ask % rules[name].tick == 0


async def test_without_a_price_of_the_dollar_nothing_has_one() -> None:
    market = Tampered(ManualClock(START))
    market.bent = {"USDC": None}
    assert await market.quoted_in("USDC").quotes(["BTC", "USDT"]) == {}


async def test_the_way_of_a_price_is_that_of_the_market() -> None:
    clock = ManualClock(START)
    market = Tampered(clock)
    usdc = market.quoted_in("USDC")
    assert isinstance(usdc, PathSource)
    here, there = [await one.path("ETH", START, START + timedelta(hours=1)) for one in (market, usdc)]
    assert here is not None
    assert there is not None
    assert np.array_equal(here.at, there.at)
    assert np.allclose(here.mid, there.mid)
    dollar = await usdc.path("USDT", START, START + timedelta(hours=1))
    assert dollar is not None
    assert np.allclose(dollar.mid, 1.0)
    assert await usdc.path("USDC", START, START + timedelta(hours=1)) is None


async def test_the_bars_of_usdt_are_those_of_usdc_the_other_way_round() -> None:
    """Without them nobody could say what selling USDT costs, and a review knew no past of a portfolio that holds some."""
    market = Tampered(ManualClock(START))
    bar = Candle(at=START, open=D("0.8"), high=D(1), low=D("0.5"), close=D("0.625"), volume=D(400))
    assert turned(bar) == Candle(at=START, open=D("1.25"), high=D(2), low=D(1), close=D("1.6"), volume=D(250))
    now = market.market_time(START)
    stretch = now - timedelta(hours=48), now
    here, there = await market.candles("USDC", "1h", *stretch), await market.quoted_in("USDC").candles("USDT", "1h", *stretch)
    assert tuple(there) == tuple(map(turned, here))
    assert len(there) == 48


async def test_a_paper_account_in_usdc_pays_usdc_and_never_usdt() -> None:
    clock = ManualClock(START)
    usdc = Tampered(clock).quoted_in("USDC")

    async def save(_: AccountState, *__: object) -> None: ...

    account = PaperExchange(usdc, clock, AccountState.holding({"USDC": D(1000), "USDT": D(500)}, quote="USDC"), save=save)
    rules, quotes = await account.markets(), await account.quotes(["BTC", "USDT"])
    buy = OrderRequest(client_id="1", instrument="BTC", side=Side.BUY, qty=D("0.01"), limit=quotes["BTC"].ask, immediate=True)
    bought = await account.place(buy)
    assert bought.status is OrderStatus.FILLED
    assert bought.fees.keys() == {"USDC"}
    sell = OrderRequest(client_id="2", instrument="USDT", side=Side.SELL, qty=D(500), limit=quotes["USDT"].bid, immediate=True)
    assert (await account.place(sell)).filled == 500
    left = await account.balances()
    assert left.spot["USDT"] == 0
    paid = bought.filled * (bought.average or 0) * (1 + rules["BTC"].taker_fee)
    assert left.spot["USDC"] == 1000 - paid + 500 * quotes["USDT"].bid * (1 - rules["USDT"].taker_fee)
