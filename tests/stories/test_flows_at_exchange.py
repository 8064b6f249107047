"""What a person does at the exchange beside the bot, told through the chat: it is seen, told apart from profit, or asked about."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.base import Side
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.live.venues import has_passphrase
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.ledger import WORLD, Wallet
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.server import Server
from chatbot.exchanges.testserver.words import Force
from chatbot.model import PlanState
from chatbot.reports.tax import entries
from chatbot.reports.tax.books import books
from chatbot.reports.tax.entries import BookKind
from chatbot.store import flows
from chatbot.vault import new_master_key
from tests.person import START, someone
from tests.stories.at_exchange import API_KEY, SECRET, at_order, doctor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.venue import Venue
    from chatbot.model import Flow, Performance
    from chatbot.reports.tax.books import Books
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long

DIALECTS: dict[str, Any] = {"Binance": BINANCE, "Bybit": BYBIT, "BingX": BINGX, "MEXC": MEXC, "WEEX": WEEX}
D = Decimal
both = pytest.mark.parametrize("venue", ["Binance", *(pytest.param(one, marks=pytest.mark.slow) for one in ("Bybit", "BingX"))])
five = pytest.mark.parametrize("venue", ["Binance", *(pytest.param(one, marks=pytest.mark.slow) for one in DIALECTS if one != "Binance")])


@dataclass
class Room:
    """Somebody whose account at an exchange is watched, and the exchange."""

    ann: Someone
    venue: Venue
    server: Server

    @property
    def account(self) -> Account:
        """Return her account there."""
        return self.venue.accounts[API_KEY]

    async def minute(self, seconds: float = 60.0) -> str:
        """Let time pass, and return what the bot wrote meanwhile."""
        before = self.ann.newest
        await self.ann.step(seconds)
        return self.ann.since(before)

    async def flows(self) -> list[Flow]:
        """Return what the bot has taken for money from outside."""
        async with self.ann.program.db.read() as tx:
            return [flow for flow in await flows.of_portfolio(tx, await self.ann.portfolio_id()) if flow.amount != 0]

    async def report(self) -> Books:
        """Return the books that /report writes."""
        portfolio = await self.ann.program.portfolios.by_id(await self.ann.portfolio_id())
        assert portfolio is not None
        async with self.ann.program.db.read() as tx:
            return books(await entries.read(tx, portfolio), UTC)

    async def earned(self) -> Performance:
        """Return what /status tells of today."""
        portfolio = await self.ann.program.portfolios.by_id(await self.ann.portfolio_id())
        person = next(one for one in await self.ann.program.access.everybody() if one.id == self.ann.user.id)
        assert portfolio is not None
        return (await self.ann.program.reports.status(person, portfolio)).performance

    async def trade_by_hand(self, symbol: str, side: str, qty: str) -> None:
        """Trade in the exchange's own app."""
        wish = Wish(client_id="", instrument=symbol, side=Side(side), qty=D(qty), limit=None, force=Force.IOC)
        place(self.venue, self.account, wish)


@asynccontextmanager
async def watching(folder: Path, venue: str, *, live: bool = False, futures: int = 0) -> AsyncIterator[Room]:
    """Sit down with somebody who has 0.5 BTC, 5 ETH and 20,000 USDT at an exchange, and has the account watched."""
    clock, name = ManualClock(START), venue.lower()
    async with Server(DIALECTS[venue], clock, harshness=KIND) as server:
        stock = {"USDT": D(20_000), "BTC": D("0.5"), "ETH": D(5)}
        server.venue.open_account(API_KEY, SECRET, stock, D(futures))
        options = {name: {**server.options(), "timeout_on_exit": 0, "enableRateLimit": False}}
        settings: dict[str, Any] = {
            "market": f"live:{name}",
            "exchange_options": options,
            "secret_keys": new_master_key(),
            "allow_live": live,
            "fear_greed_url": "",
        }
        source = CcxtSource(name, options[name], clock=clock)
        async with someone(folder, clock=clock, source=source, **settings) as ann:
            ann.program.keyring._ask = doctor(clock, options[name])
            await ann.say("/connect")
            await ann.taps(venue, "Send it here")
            await ann.say("\n".join([API_KEY, SECRET, *(["passphrase"] if has_passphrase(name) else [])]))
            await ann.taps("Watch this account")
            if live:
                await ann.say("/live")
                await ann.say("trade with real money")
            await ann.step()
            yield Room(ann, server.venue, server)


@both
async def test_a_deposit_is_no_gain_and_a_withdrawal_no_loss(tmp_path: Path, venue: str) -> None:
    """Both are told, each with its worth; today's return is what prices made."""
    async with watching(tmp_path, venue, live=True) as room:
        room.venue.deposit(room.account, "USDT", D(10_000))
        told = await room.minute()
        assert "Came in at your exchange\n+10,000 USDT\nWorth $10,000.00 now." in told
        assert abs((await room.earned()).today or 0) < D("0.0001")
        room.venue.withdraw(room.account, "BTC", D("0.4"), D("0.0005"))
        assert "Left your exchange\n−0.4005 BTC" in await room.minute()
        assert [flow.kind.value for flow in await room.flows()] == ["deposit", "withdrawal"]
        assert abs((await room.earned()).today or 0) < D("0.0001")
        assert "LIVE" in await room.ann.say("/status")
        assert not (await room.ann.program.portfolios.by_id(await room.ann.portfolio_id())).paused
        room.venue.move("BTC", D(60_000) * D("1.1"))
        await room.ann.step()
        assert (await room.earned()).profit == pytest.approx(D("0.0995") * D(6_000), rel=D("0.01"))


@both
async def test_a_trade_by_hand_is_no_flow(tmp_path: Path, venue: str) -> None:
    async with watching(tmp_path, venue, futures=2000) as room:
        await room.trade_by_hand("BTC", "sell", "0.2")
        await room.trade_by_hand("BTC-PERP", "sell", "0.05")
        assert "exchange" not in await room.minute() + await room.minute(600)
        assert await room.flows() == []
        assert abs((await room.earned()).today or 0) < D("0.002")


@both
async def test_what_came_while_nobody_looked_is_worth_what_it_was_then(tmp_path: Path, venue: str) -> None:
    """Half of the way up came before the deposit, half after: the return knows both."""
    async with watching(tmp_path, venue) as room:
        room.ann.clock.advance(3600)
        room.venue.move("BTC", D(66_000))
        room.venue.deposit(room.account, "BTC", D(1))
        room.ann.clock.advance(3600)
        room.venue.move("BTC", D(72_000))
        await room.ann.step()
        (flow,) = await room.flows()
        assert flow.amount == pytest.approx(D(66_000), rel=D("0.001"))
        assert flow.value == pytest.approx(D(20_000) + D("0.5") * 66_000 + 15_000, rel=D("0.001"))
        first, then = D(65_000), flow.value + flow.amount
        today = flow.value / first * (then + D("1.5") * 6_000) / then - 1
        assert (await room.earned()).today == pytest.approx(today, rel=D("0.01"))


@both
async def test_what_nobody_can_explain_is_asked_about(tmp_path: Path, venue: str) -> None:
    """Until it is answered it counts as a withdrawal, so that nothing stops for it; as a trade, it is a loss."""
    async with watching(tmp_path, venue, live=True) as room:
        room.venue.ledger.move("ETH", room.account.purse(Wallet.SPOT), WORLD, D(3))
        await room.ann.step()
        assert (await room.earned()).today is None
        told = "".join([await room.minute() for _ in range(4)])
        assert "Amounts changed at your exchange" in told
        assert "Did you withdraw the 3 ETH, or sell it?" in told
        assert abs((await room.earned()).today or 0) < D("0.0001")
        await room.ann.tap("Sold")
        assert (await room.earned()).profit == pytest.approx(D(-9_000), rel=D("0.01"))


@both
async def test_a_watched_plan_is_answered_by_what_the_exchange_shows(tmp_path: Path, venue: str) -> None:
    """Nothing yet, a part, then that is all: no amount is typed, and what was paid is the exchange's."""
    async with watching(tmp_path, venue) as room:
        await room.ann.say("/targets BTC 30 ETH 30 USDT 40")
        await room.ann.say("/rebalance")
        card = room.ann.with_button("All done")
        assert "WATCH" in card.text
        assert "Done, other amounts" not in card.buttons
        assert "shows no trade of this plan yet" in (await room.ann.tap("All done")).text
        plan = await room.ann.plan()
        assert {leg.instrument for leg in plan.legs} == {"BTC", "ETH"}
        bought = next(leg for leg in plan.legs if leg.instrument == "ETH")
        await room.trade_by_hand("BTC", "sell", "0.05")
        await room.ann.tap("All done")
        asked = room.ann.with_button("That is all")
        assert "BTC: sold 0.05 of" in asked.text
        assert "ETH: bought 0 of" in asked.text
        await room.trade_by_hand("ETH", "buy", str(bought.qty))
        await room.ann.tap("Look again")
        await room.ann.tap("That is all")
        done = await room.ann.plan()
        assert done.state is PlanState.DONE
        assert [(leg.instrument, leg.filled) for leg in done.legs] == [("BTC", D("0.05")), ("ETH", bought.qty)]
        await room.minute()
        assert await room.flows() == []


@five
async def test_what_the_exchange_does_by_itself_is_told_once(tmp_path: Path, venue: str) -> None:
    """A liquidation is a loss and no flow, and funding is silent."""
    async with watching(tmp_path, venue, futures=2000) as room:
        await room.trade_by_hand("ETH-PERP", "buy", "0.5")
        await room.trade_by_hand("BTC-PERP", "buy", "0.05")
        await room.minute()
        room.venue.settle_funding("BTC-PERP", D("0.0001"))
        assert "exchange" not in await room.minute(600)
        room.venue.deleverage(room.account, "BTC-PERP", D("0.02"))
        told = await room.minute()
        # WEEX has been seen to tell of it in no words, so that it may have been her, and nobody says that it was
        assert ("Position reduced by the exchange: BTC futures" in told) is (venue != "WEEX")
        assert ("Position closed, not by one of my plans: BTC futures" in told) is (venue == "WEEX")
        assert "Long 0.02 closed at" in told
        room.venue.liquidate(room.account)
        told = await room.minute()
        assert told.count("Liquidated") == 2
        assert "Long 0.03 closed at" in told
        assert "Liquidated" not in await room.minute() + await room.minute(600)
        assert await room.flows() == []
        earned = await room.earned()
        assert earned.profit is not None
        assert earned.profit < 0
        rows = [row for row in (await room.report()).rows if row.entry.kind is BookKind.FUTURES]
        assert sorted((row.entry.instrument, row.qty) for row in rows) == [
            *(("BTC-PERP", qty) for qty in (D("-0.03"), D("-0.02")) if venue != "WEEX" or qty != D("-0.02")),  # as what she closes herself
            ("ETH-PERP", D("-0.5")),
        ]
        assert all(row.gain is not None and row.gain < 0 for row in rows), "out of what was opened there by hand"


async def test_what_an_exchange_pays_is_income_at_the_price_of_the_moment(tmp_path: Path) -> None:
    """A rebate is earned: it is in /report, is no deposit, and stands there once however often its history is read again."""
    async with watching(tmp_path, "Binance", futures=2000) as room:
        ledger, account = room.venue.ledger, room.account
        ledger.move("USDT", WORLD, account.purse(Wallet.FUTURES), D(5))
        room.venue.note_income(account, "API_REBATE", "BTC-PERP", D(5))
        for _ in range(3):
            await room.minute(600)
        assert await room.flows() == []
        told = await room.report()
        assert [(row.entry.kind, row.qty, row.gain) for row in told.rows if row.realises] == [(BookKind.INCOME, D(5), D(5))]
        assert told.years[-1].income == 5
        earned = await room.earned()
        assert earned.profit is not None
        assert abs(earned.profit - 5) < D("0.01")


@pytest.mark.slow
@pytest.mark.parametrize("venue", DIALECTS)
async def test_funding_at_an_exchange_is_told_with_its_day(tmp_path: Path, venue: str) -> None:
    """What the exchange paid stands in /report once, under the day that it is of; it was a dash."""
    async with watching(tmp_path, venue, futures=2000) as room:
        await room.trade_by_hand("BTC-PERP", "sell", "0.05")
        await room.minute()
        room.venue.settle_funding("BTC-PERP", D("0.0001"))
        for _ in range(3):
            await room.minute(600)
        first = room.ann.clock.now().date()
        for _ in range(2):
            await room.minute(86_400)
            await room.minute(600)
        rows = [row for row in (await room.report()).rows if row.entry.kind is BookKind.FUNDING]
        assert [row.entry.at.date() for row in rows] == [first, first.replace(day=first.day + 1)]
        told = sum(row.gain for row in rows if row.gain is not None)
        paid = sum(one.amount for one in room.account.income if one.kind == "FUNDING_FEE")
        assert told > 0
        assert abs(told - paid) < D("0.01")


async def test_what_is_lent_to_the_exchange_has_left_and_dust_is_nothing(tmp_path: Path) -> None:
    """A coin that is lent stands beside the portfolio: it went without a loss and without a question, as dust came without a gain."""
    async with watching(tmp_path, "Binance") as room:
        room.venue.ledger.move("ETH", room.account.purse(Wallet.SPOT), room.account.purse(Wallet.EARN), D(3))
        room.venue.deposit(room.account, "SOL", D("0.001"))
        told = await room.minute() + await room.minute()  # the price of a new coin comes with the second
        assert "Left your exchange" not in told
        assert "Went to a wallet that I do not count\n−3 ETH" in told
        assert abs((await room.earned()).today or 0) < D("0.0001")


@both
async def test_money_that_comes_and_goes_under_a_plan_is_a_flow_and_no_profit(tmp_path: Path, venue: str) -> None:
    """A deposit and a withdrawal while orders are on their way: counted when the plan has ended, each once, at its own worth."""
    async with watching(tmp_path, venue, live=True) as room:
        await room.ann.say("/targets BTC 42 ETH 25 USDT 33")
        await room.ann.say("/rebalance")
        before = await room.earned()

        async def comes_and_goes() -> None:
            room.venue.deposit(room.account, "USDT", D(7_000))
            room.venue.withdraw(room.account, "ETH", D(1))

        at_order(room.server, 1, comes_and_goes)
        plan = await room.ann.confirm()
        assert plan.state is PlanState.DONE
        for _ in range(3):
            await room.minute()
        booked = sorted((flow.kind, flow.facts["changes"]) for flow in await room.flows())
        assert booked == [("deposit", {"USDT": "7000"}), ("withdrawal", {"ETH": "-1"})]
        after = await room.earned()
        assert before.profit is not None
        assert after.profit is not None
        paid = sum((leg.fee for leg in plan.legs), D(0))
        assert abs(after.profit - before.profit + paid) < 5, "the fees, and what the book's other side was worth"
        assert "Stopped for today" not in room.ann.since(0)
        await room.minute(600)
        assert len(await room.flows()) == 2
