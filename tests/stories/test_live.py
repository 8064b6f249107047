"""From the first key to the first plan with real money, told through the chat at the test exchange; and what keeps it from being one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import Side
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.matching import Wish, place
from chatbot.exchanges.testserver.server import Door
from chatbot.model import PlanState
from chatbot.store import orders
from tests.person import BEN
from tests.stories.at_exchange import SECRET, STOCK, D, agree, at_exchange, held, theirs, watch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


async def test_from_the_first_key_to_the_first_plan_with_real_money_and_its_rest(tmp_path: Path) -> None:
    """Watched, agreed to, a tenth, then the rest: each order once, under an id of this portfolio, and the books to the last unit."""
    async with at_exchange(tmp_path) as (ann, server):
        assert "WATCH · Binance" in await watch(ann)
        agreed = await agree(ann)
        assert "LIVE · Binance" in agreed
        assert "From now on I trade here with real money." in agreed
        await ann.say("/targets BTC 30 ETH 30 USDT 40")
        assert "only after a plan that you have confirmed has traded" in await ann.say("/mode auto")
        card = await ann.say("/rebalance")
        assert "LIVE · Binance" in card
        assert "a first plan on an account trades a tenth" in card
        await ann.tap("More")
        ann.sees("It would realise", "first in, first out")
        await ann.tap("Back to the plan")
        first = await ann.confirm()
        assert first.state is PlanState.DONE
        await ann.step()
        assert "today, deposits apart" in await ann.say("/status")
        assert sum(leg.notional for leg in first.legs) <= D(6500)
        rest = await ann.taps("The rest")
        assert "a first plan" not in rest.text
        second = await ann.confirm()
        assert second.state is PlanState.DONE
        async with ann.program.db.read() as tx:
            intended = [attempt for plan in (first, second) for attempt in await orders.orders(tx, plan.id)]
        sent = [(order.client_id.partition("-")[2], order.filled) for order in theirs(server).orders]
        assert sent == [(attempt.client_id, attempt.filled) for attempt in intended]
        assert len({order.client_id for order in theirs(server).orders}) == len(sent)
        there = {coin: server.venue.ledger.held(theirs(server).purse(Wallet.SPOT), coin) for coin in STOCK}
        assert await held(ann) == there
        told = {
            coin: sum((one.filled if one.side == "buy" else -one.filled for one in intended if one.instrument == coin), D(0))
            for coin in STOCK
        }
        bought = {coin: there[coin] - STOCK[coin] for coin in ("BTC", "ETH")}
        assert bought["BTC"] == told["BTC"]
        assert bought["ETH"] == pytest.approx(told["ETH"], rel=D("0.002"))  # fees are taken in the coin that is bought


async def test_an_account_that_is_not_tidy_is_valued_all_the_same(tmp_path: Path) -> None:
    """An airdrop, dust, money lent out and an order of the person's own: shown, a line each; no weight knows them, no plan touches them."""
    async with at_exchange(tmp_path) as (ann, server):
        account, venue = theirs(server), server.venue
        for coin, qty, wallet in (("AIRDROP", "1000", Wallet.SPOT), ("DOGE", "3", Wallet.SPOT), ("BTC", "2", Wallet.EARN)):
            venue.deposit(account, coin, D(qty), wallet)
        own = place(venue, account, Wish(client_id="by-hand", instrument="ETH", side=Side.SELL, qty=D(2), limit=D(9000)))
        watching = await watch(ann)
        assert "$65,000" in watching or "$64," in watching
        told = await ann.say("/status")
        for line in (
            "Lent or staked, kept out: 2 BTC",
            "Without a market here, kept out: 1,000 AIRDROP",
            "Dust, kept out: 3 DOGE",
            "In open orders: 2 ETH",
        ):
            assert line in told
        assert "DOGE" not in await ann.say("/targets")
        await agree(ann)
        await ann.say("/targets BTC 70 ETH 0 USDT 30")
        await ann.say("/rebalance")
        await ann.confirm()
        sold = sum((order.filled for order in account.orders if order is not own and order.side is Side.SELL), D(0))
        assert own.open
        assert own.left == 2
        assert 0 < sold <= D(3), "what the order holds is not sold"
        assert venue.ledger.all_of(account.purse(Wallet.EARN)) == {"BTC": D(2)}


async def test_a_key_without_the_right_to_futures_is_watched_by_its_coins(tmp_path: Path) -> None:
    """Binance hides the futures account from it: that is nothing which keeps the coins from being valued."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        theirs(server).rights = {Right.READ}
        assert "$65,000" in await watch(ann)
        assert "Cannot evaluate" not in await ann.say("/status")


async def test_a_watched_account_is_never_traded(tmp_path: Path) -> None:
    """The exchange fails whoever would change anything: not by a plan, not by Confirm, not by /panic, not in a check."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        await watch(ann)
        await ann.say("/targets BTC 30 ETH 30 USDT 40")
        assert "WATCH · Binance" in await ann.say("/rebalance")
        assert "shows no trade of this plan yet" in (await ann.tap("All done")).text
        await ann.step()
        assert (await ann.plan()).state is PlanState.PROPOSED
        told = await ann.say("/mode")
        assert told.startswith("WATCH · Binance — a real account that I only look at; you trade by hand")
        assert "real orders" not in told
        assert "I see there what comes and goes" in await ann.say("/deposit 100")
        await ann.say("/invest 500")
        assert "shows no trade of this plan yet" in (await ann.tap("All done")).text
        await ann.tap("Not done")
        assert "not done, as you said" in await ann.say("/history")
        await ann.say("/panic")
        await ann.tap("Stop")
        await ann.work()
        assert not theirs(server).orders
        assert not server.trespasses


async def test_without_the_operator_nobody_is_asked(tmp_path: Path) -> None:
    """CHATBOT_ALLOW_LIVE is off: /live says so, and a sentence that is typed all the same is only a text."""
    async with at_exchange(tmp_path, door=Door.READING, allow=False) as (ann, _):
        await watch(ann)
        assert "does not allow trading with real money" in await ann.say("/live")
        await ann.say("trade with real money")
        assert "WATCH · Binance" in await ann.say("/status")


async def test_another_sentence_keeps_watching(tmp_path: Path) -> None:
    """Yes is no consent; neither is most of the sentence."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, _):
        await watch(ann)
        for sentence in ("yes", "trade with real", "trade with real money please"):
            assert "That was not the sentence" in await agree(ann, sentence)
            assert "WATCH · Binance" in await ann.say("/status")


async def test_an_unfit_key_is_not_traded_with(tmp_path: Path) -> None:
    """What the exchange says of it now counts, at the question and at the sentence: no right to trade, hedge mode once it is futures."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        await watch(ann)
        theirs(server).hedge = True
        refused = await ann.say("/live")
        assert "I cannot trade with this key" in refused
        assert "hedge mode" in refused
        theirs(server).hedge = False
        asked = await ann.say("/live")
        assert "To agree, type" in asked
        theirs(server).rights -= {Right.SPOT}
        assert "I cannot trade with this key" in await ann.say("trade with real money")
        assert "WATCH · Binance" in await ann.say("/status")


async def test_one_tap_leads_back_to_watching(tmp_path: Path) -> None:
    """After the tap not even an old card sends anything."""
    async with at_exchange(tmp_path) as (ann, server):
        await watch(ann)
        await agree(ann)
        await ann.say("/targets BTC 30 ETH 30 USDT 40")
        await ann.say("/rebalance")
        assert "500" in await ann.say("/live 500 20% 4%")
        await ann.taps("Only watch")
        card = ann.with_button("Confirm")
        await ann.tap("Confirm", card)
        await ann.work()
        assert not theirs(server).orders
        assert "WATCH · Binance" in await ann.say("/status")


async def test_an_account_belongs_to_one_portfolio(tmp_path: Path) -> None:
    """A second one on the same key is refused in words, and on another key of the same account too, whoever has it."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        await watch(ann)
        await ann.say("/keys")
        refused = await ann.taps("Binance …0001", "Watch this account")
        assert "This account has a portfolio already" in refused.text
        server.venue.another_key(theirs(server), "another-key-of-it-0002", SECRET, Right.SPOT)
        ben = ann.beside(BEN)
        await ben.say("/start")
        connected = await give(ben, "another-key-of-it-0002")
        assert "It replaces" not in connected
        assert "This account has a portfolio already" in (await ben.taps("Watch this account")).text


async def test_another_key_of_the_account_goes_on_where_the_old_one_ended(tmp_path: Path) -> None:
    """Deleted at the exchange: told once, nothing is read; a new key takes its place, and the portfolio is valued as before."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        await watch(ann)
        server.venue.another_key(theirs(server), "another-key-of-it-0002", SECRET, Right.SPOT)
        theirs(server).revoked = True
        ann.clock.advance(86_400)
        await ann.program.keyring.tend()
        await ann.work()
        ann.sees("Your key needs you", "Binance …0001", "was deleted")
        connected = await give(ann, "another-key-of-it-0002")
        assert "It replaces …0001, a key of the same account." in connected
        assert "WATCH · Binance" in await ann.say("/status")
        assert (await held(ann))["BTC"] == STOCK["BTC"]
        assert "0001" not in await ann.say("/keys")


async def test_a_key_that_gains_the_right_to_withdraw_trades_no_more(tmp_path: Path) -> None:
    """Told once, within the hour; the card that waits sends nothing; and nothing is sent when the key is gone."""
    async with at_exchange(tmp_path) as (ann, server):
        await watch(ann)
        await agree(ann)
        await ann.say("/targets BTC 30 ETH 30 USDT 40")
        await ann.say("/rebalance")
        theirs(server).rights |= {Right.WITHDRAW}
        for _ in range(2):
            ann.clock.advance(3600)
            await ann.program.keyring.tend()
            await ann.work()
        assert sum("Your key needs you" in message.text for message in ann.messages) == 1
        await ann.say("/rebalance")
        assert "something is wrong with the key" in (await ann.tap("Confirm")).text
        await ann.say("/disconnect")
        await ann.taps("Remove")
        await ann.say("/rebalance")
        await ann.work()
        assert not theirs(server).orders
        assert "the exchange does not accept the key" in await ann.say("/status")


async def give(who: Someone, api_key: str) -> str:
    """Give a key in the chat."""
    await who.say("/connect")
    await who.taps("Binance", "Send it here")
    return await who.say(f"{api_key}\n{SECRET}")
