"""A coin that its exchange halts or delists: told once, counted at its last price, never traded, and nothing else stops with it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.markets.listings import Listings
from chatbot.model import LeftOutWhy
from chatbot.model.life import StopKind
from chatbot.portfolio import strategies
from chatbot.store import accounts
from tests.moments import after
from tests.person import START, Someone, someone
from tests.portfolio.still_market import StillMarket, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from chatbot.exchanges.base import Quote
    from chatbot.model import PortfolioFigures
    from handlers.loopback import Loopback

D = Decimal
HELD = {"BTC": D("0.04"), "ETH": D("0.8"), "SOL": D(20), "XRP": D(4000), "USDT": D(2000)}


def at_chat(folder: Path, source: StillMarket, loopback: Loopback | None = None) -> AbstractAsyncContextManager[Someone]:
    source.name = "simulated"  # its prices are made up
    return someone(folder, clock=source._clock, source=source, loopback=loopback, fear_greed_url="")


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down before a market that moves when it is told to."""
    async with at_chat(tmp_path, StillMarket(ManualClock(START))) as opened:
        yield opened


async def paper(ann: Someone) -> None:
    """Open a paper portfolio that holds its coins, and stands on its targets."""
    await ann.say("/start")
    markets = await market(ann).markets()
    lines = {"CORE": D(40), "ALT": D(40), "USDT": D(20)}
    strategy, problems = strategies.own_weights(lines, markets, strategies.preset("balanced", markets))
    assert strategy is not None, problems
    (person,) = [one for one in await ann.program.access.everybody() if one.id == ann.user.id]
    await ann.program.portfolios.open(person, ann.program.mode, strategy, dict(HELD))
    await ann.step()


async def manual(ann: Someone, amounts: str = "BTC 0.04 ETH 0.8 SOL 20 XRP 4000 USDT 2000") -> None:
    """Type in holdings, and keep their mix or near to it."""
    await ann.say("/start")
    await ann.tap("Type in my holdings")
    await ann.say(amounts)
    await ann.taps("That is right", "Yes", "Balanced", "Use Balanced")
    await ann.step()


def market(ann: Someone) -> StillMarket:
    assert isinstance(ann.program.source, StillMarket)
    return ann.program.source


def listings(ann: Someone) -> Listings:
    """Return what the exchange lists, to be changed."""
    return market(ann).listings


async def figures(ann: Someone) -> PortfolioFigures:
    """Return how the portfolio stands, which must be known."""
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    looked = await ann.program.evaluator.look(portfolio)
    assert looked.figures is not None, looked.problems
    return looked.figures


def told(ann: Someone, fragment: str) -> list[str]:
    """Return what the bot wrote with this in it."""
    return [message.text for message in ann.messages if fragment in message.text]


@pytest.mark.long
@pytest.mark.parametrize("opened", [paper, manual])
async def test_a_halted_coin_is_told_once_and_counts_at_its_last_price(ann: Someone, opened: object) -> None:
    """Alert with since when and the last price; status with the price's age; value goes on with the other coins; orders leave it out."""
    await (paper if opened is paper else manual)(ann)
    price, qty = ann.program.markets.usual.board.get("SOL").price, (await ann.books())["spot"]["SOL"]
    listings(ann).halted |= {"SOL", "SOL-PERP"}
    await ann.step()
    (alert,) = told(ann, "The exchange has halted SOL, since 5 Jan 2026")
    assert f"Last price {price:,.2f}" in alert
    for _ in range(10):
        await ann.step(1800)
    assert len(told(ann, "The exchange has halted SOL")) == 1, "told once"
    assert not told(ann, "Cannot evaluate")
    status = await ann.say("/status")
    assert "Cannot evaluate" not in status
    assert "SOL halted since 5 Jan 2026" in status
    assert f"last price {price:,.2f}, 5 hr old" in status
    await ann.tap("Coins")
    assert len(told(ann, "SOL halted since")) >= 1
    assert "SOL halted since 5 Jan 2026" in await ann.say("/exposure")
    stands = await figures(ann)
    assert stands.values["SOL"] == qty * price, "nobody assumes anything else"
    assert stands.value == sum(stands.values.values())
    before = len(await ann.plans())
    card = await ann.say("/rebalance")
    for plan in (await ann.plans())[before:]:
        assert "SOL" not in {leg.instrument for leg in plan.legs}
        assert "SOL halted since" in card
    listings(ann).halted.clear()
    await ann.step()
    (again,) = told(ann, "traded again")
    assert "SOL" in again
    await ann.step()
    assert (await figures(ann)).stopped == ()
    assert len(told(ann, "traded again")) == 1


async def test_the_rest_of_a_portfolio_is_checked_and_planned_beside_a_halted_coin(ann: Someone) -> None:
    """A fall of everything else rings, and its plan trades the others, back to their targets, without SOL and without a future for it."""
    await paper(ann)
    listings(ann).halted |= {"SOL", "SOL-PERP"}
    await ann.step()
    held = (await ann.books())["spot"]["SOL"]
    market(ann).move("BTC", "1.4")
    market(ann).move("ETH", "1.4")
    await ann.until_card(step_s=60)
    plan = await ann.plan()
    assert plan.legs
    assert not {"SOL", "SOL-PERP"} & {leg.instrument for leg in plan.legs}
    assert "SOL halted since" in ann.with_button("Confirm").text
    await ann.confirm()
    assert (await ann.plan()).state == "done"
    assert (await ann.books())["spot"]["SOL"] == held


@pytest.mark.long
@pytest.mark.parametrize("weights", ["BTC 20 SOL 60 USDT 10 FUTURES 10", "BTC 60 SOL 10 USDT 20 FUTURES 10"])
async def test_no_future_stands_in_for_a_halted_coin(ann: Someone, weights: str) -> None:
    """Far under and far over its target, the BTC future goes to its own target and not to the beta that SOL leaves open."""
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 30 USDT 20 FUTURES 10")
    await ann.say("/rebalance")
    await ann.confirm()
    listings(ann).halted |= {"SOL", "SOL-PERP"}
    await ann.step()
    await ann.say(f"/targets {weights}")
    await ann.say("/rebalance")
    plan = await ann.plan()
    assert any(left.why is LeftOutWhy.HALTED and left.instrument == "SOL" for left in plan.left_out)
    assert "beta" not in {reason.trigger for reason in plan.reasons}
    own = D("0.05")  # half of the base of 10 %, on BTC
    future = plan.after.book.get("BTC-PERP", D(0)) / plan.after.value
    assert abs(future - own) < D("0.01"), future


async def test_nothing_to_trade_beside_a_halted_coin_says_so(ann: Someone) -> None:
    """Fifty points off, and all of it in a halted market: not "close to its target"."""
    await ann.set_up()
    listings(ann).halted |= {"SOL", "SOL-PERP"}
    await ann.say("/targets SOL 50 USDT 50")
    answer = await ann.say("/rebalance")
    assert "close to its target" not in answer
    assert "SOL: the exchange has stopped trading it" in answer


async def test_a_version_that_kept_no_last_prices_leaves_those_of_the_levels(tmp_path: Path) -> None:
    """A coin that is gone at the first start of this version counts at the last price that was written down for another purpose."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        async with on.program.db.transaction() as tx:
            await accounts.set_meta(tx, "stops", "")
    on.market.listings.gone.add("SOL")
    async with bench(tmp_path, clock=on.clock, market=on.market) as on:
        for _ in range(3):
            await on.tick()
        (stop,) = (await on.program.evaluator.look(portfolio)).held_stops
        assert (stop.price, stop.kind) == (D(100), StopKind.GONE)


class StillQuoting(StillMarket):
    """A market that goes on quoting what it has halted, as the books of some exchanges do."""

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return every price, whatever the list says."""
        listed, self.listings = self.listings, Listings()
        try:
            return await super().quotes(instruments)
        finally:
            self.listings = listed


async def test_the_book_of_a_halted_market_is_no_price(tmp_path: Path) -> None:
    """A calm portfolio, which nobody looks at exactly, is told in the next check all the same; the old book moves no value."""
    async with at_chat(tmp_path, StillQuoting(ManualClock(START))) as ann:
        await manual(ann)
        await ann.step()
        before = await figures(ann)
        listings(ann).halted.add("SOL")
        market(ann).prices["SOL"] *= D("0.7")
        await ann.step()
        assert told(ann, "The exchange has halted SOL")
        assert (await figures(ann)).values == before.values


async def test_a_price_that_is_only_missing_blocks_as_before(ann: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says that SOL is traded: nobody takes its last price for one of now."""
    await paper(ann)
    source, quotes = ann.program.source, ann.program.source.quotes

    async def without(instruments: object) -> dict[str, object]:
        return {name: quote for name, quote in (await quotes(instruments)).items() if name != "SOL"}

    monkeypatch.setattr(source, "quotes", without)
    for _ in range(5):
        await ann.step()
    assert "Cannot evaluate" in await ann.say("/status")
    assert not told(ann, "halted")


async def test_a_delisted_coin_is_told_once_it_is_certain(ann: Someone) -> None:
    """A list that misses it for a minute is a bad answer; one that goes on missing it has delisted it."""
    await paper(ann)
    price = ann.program.markets.usual.board.get("SOL").price
    listings(ann).gone |= {"SOL", "SOL-PERP"}
    await ann.step()
    listings(ann).gone.clear()
    await ann.step()
    listings(ann).gone |= {"SOL", "SOL-PERP"}
    await ann.step()
    assert not told(ann, "no longer lists")
    await ann.step()
    await ann.step()
    (alert,) = told(ann, "The exchange no longer lists SOL, since 5 Jan 2026")
    assert "Last price" in alert
    assert "Cannot evaluate" not in await ann.say("/status")
    stands = await figures(ann)
    assert abs(stands.values["SOL"] / (await ann.books())["spot"]["SOL"] / price - 1) < D("0.01")


async def test_the_last_price_outlives_a_restart(tmp_path: Path) -> None:
    """A coin that went in a night without the bot counts in the morning at its last price, with that price's own age."""
    clock = ManualClock(START)
    source = StillMarket(clock)
    async with at_chat(tmp_path, source) as ann:
        await paper(ann)
        at = clock.now()
        await ann.program.markets.keep(at, at_once=True)
    clock.advance(8 * 3600)
    source.listings.gone |= {"SOL", "SOL-PERP"}
    async with at_chat(tmp_path, source, ann.loopback) as ann:
        for _ in range(3):
            await ann.step()
        (stop,) = (await figures(ann)).stopped
        assert (stop.price, stop.priced_at) == (D(100), at)
        assert len(told(ann, "The exchange no longer lists SOL")) == 1
    async with at_chat(tmp_path, source, ann.loopback) as ann:
        await ann.step()
        assert (await figures(ann)).stopped == (stop,)
        assert len(told(ann, "The exchange no longer lists SOL")) == 1, "neither told again nor forgotten"


@pytest.mark.long
@pytest.mark.parametrize("gone", [False, True])
async def test_a_stopped_contract_cannot_be_closed_and_the_others_can(tmp_path: Path, gone: bool) -> None:
    """Told as a future; it counts at its last mark; the rest of the book is traded; /panic closes what it can and names the other."""
    async with after(Someone.settle, tmp_path, source=StillMarket, fear_greed_url="") as ann:
        held = (await ann.books())["book"]
        (listings(ann).gone if gone else listings(ann).halted).add("ETH-PERP")
        for _ in range(3):
            await ann.step()
        assert len(told(ann, "ETH futures")) == 1
        stands = await figures(ann)
        assert [stop.instrument for stop in stands.stopped] == ["ETH-PERP"]
        assert stands.book["ETH-PERP"] == held["ETH-PERP"] * 2500
        assert "ETH futures" in await ann.say("/status")
        market(ann).move("BTC", "1.4")
        await ann.step()
        await ann.say("/rebalance")
        plan = await ann.plan()
        assert "BTC-PERP" in {leg.instrument for leg in plan.legs}
        assert "ETH-PERP" not in {leg.instrument for leg in plan.legs}
        assert all(leg.state == "filled" for leg in (await ann.confirm()).legs)
        await ann.say("/panic")
        assert "ETH" in ann.last.text
        await ann.tap("Close all futures and stop")
        await ann.work()
        for _ in range(3):
            await ann.step()
        assert (await ann.books())["book"] == {"ETH-PERP": held["ETH-PERP"]}


@pytest.mark.parametrize("dropped", [False, True])
async def test_a_card_by_hand_with_an_order_in_a_coin_that_stops_is_named(tmp_path: Path, dropped: bool) -> None:
    """It is not priced again before it is done: somebody would look for a market that is not there. Left out already, nothing is said."""
    async with after(manual, tmp_path, source=StillMarket, fear_greed_url="") as ann:
        market(ann).move("BTC", "1.5")
        await ann.say("/rebalance")
        if dropped:
            await ann.tap("Edit")
            await ann.tap(next(label for label in ann.last.buttons if "SOL" in label))
        listings(ann).gone |= {"SOL", "SOL-PERP"}
        for _ in range(3):
            await ann.step()
        (message,) = told(ann, "no longer lists SOL")
        named = "Plan 2 has an order in SOL, which can't be traded now: leave it out under “Edit”."
        assert (named in message) is not dropped
