"""Play money and holdings that were typed in never knock at an exchange's private door, and a watched account is only read.

The exchange is a server that fails the test for any such request, whoever makes it and whatever comes of it.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.server import Door, Server
from chatbot.model import Mode, PlanState
from chatbot.store import portfolios
from chatbot.vault import new_master_key
from handlers.bot import COMMANDS
from tests.person import START, someone
from tests.stories.at_exchange import API_KEY, NAMES, SECRET, doctor, key_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long

DIALECTS: dict[str, Any] = {"binance": BINANCE, "bybit": BYBIT, "bingx": BINGX, "mexc": MEXC, "weex": WEEX}
#: each door is tried at one exchange in the long run, and at the other one in the soak
_LATER = [pytest.param(one, marks=pytest.mark.slow) for one in ("bingx", "mexc", "weex")]
on_binance = pytest.mark.parametrize("venue", ["binance", pytest.param("bybit", marks=pytest.mark.slow), *_LATER])
on_bybit = pytest.mark.parametrize("venue", [pytest.param("binance", marks=pytest.mark.slow), *_LATER, "bybit"])
STOCK = {"USDT": Decimal(20_000), "BTC": Decimal("0.5"), "ETH": Decimal(5)}
#: what a command is given, where it is given something: whatever could lead to an order, or to a look at an account
GIVEN = {
    "targets": ("BTC 30 ETH 30 USDT 40", "BTC 60 USDT 40"),
    "mode": ("auto", "ask"),
    "invest": ("500",),
    "deposit": ("200",),
    "withdraw": ("100",),
    "keep": ("BTC 0.01",),
    "hedge": ("50",),
    "live": ("", "500 20% 4%"),
}
#: taps that send an order, or take one back
ORDERS = ("Confirm", "All done", "Cancel orders and stop", "Stop")
#: commands of a run besides those that rebalance
OTHERS = 8
#: their data and its deletion: nothing would be left to trade
LEFT_OUT = {"privacy", "start"}


@asynccontextmanager
async def behind(venue: str, folder: Path, door: Door) -> AsyncIterator[tuple[Someone, Server]]:
    """Sit down with somebody whose program follows an exchange that lets nobody further in than this."""
    clock = ManualClock(START)
    async with Server(DIALECTS[venue], clock, harshness=KIND, door=door) as server:
        server.venue.open_account(API_KEY, SECRET, dict(STOCK), Decimal(0))
        options = {venue: {**server.options(), "timeout_on_exit": 0, "enableRateLimit": False}}
        settings: dict[str, Any] = {
            "market": f"live:{venue}",
            "exchange_options": options,
            "secret_keys": new_master_key(),
            "allow_live": True,
            "fear_greed_url": "",
        }
        async with someone(folder, clock=clock, source=CcxtSource(venue, options[venue], clock=clock), **settings) as ann:
            ann.program.keyring._ask = doctor(clock, options[venue])
            yield ann, server


async def do_everything(ann: Someone, server: Server, seed: int) -> None:
    """Rebalance, and give other commands; tap what they offer, confirm what is asked, and let days pass while prices move."""
    chance = random.Random(seed)
    commands = sorted(f"/{name} {given}".strip() for name in COMMANDS.keys() - LEFT_OUT for given in GIVEN.get(name, ("",)))
    for command in ("/targets BTC 30 ETH 30 USDT 40", "/rebalance", *chance.sample(commands, OTHERS)):
        await ann.say(command)
        await ann.say("trade with real money, please")
        buttons = ann.last.buttons
        for label in (*chance.sample(buttons, min(2, len(buttons))), *ORDERS):
            if any(label in message.buttons for message in ann.messages):
                await ann.tap(label)
                await ann.work()
        for asset in ("BTC", "ETH"):
            server.venue.move(asset, server.venue.price(asset) * Decimal(chance.choice(("0.9", "1.12"))))
        await ann.step(chance.choice((60, 3600, 90_000)))


async def connect(ann: Someone, venue: str) -> None:
    """Give the key of the account in the chat."""
    await ann.say("/connect")
    await ann.taps(NAMES[venue], "Send it here")
    await ann.say(key_of(venue))


async def set_up(ann: Someone) -> None:
    """Open a portfolio of play money."""
    await ann.say("/start")
    await ann.taps("Paper portfolio", "10,000", "Use Balanced")


async def mode_of(ann: Someone) -> Mode:
    """Return how real the portfolio is."""
    async with ann.program.db.read() as tx:
        portfolio = await portfolios.get(tx, await ann.portfolio_id())
    assert portfolio is not None
    return portfolio.mode


@on_bybit
async def test_play_money_and_typed_holdings_need_no_key_for_anything(venue: str, tmp_path: Path) -> None:
    async with behind(venue, tmp_path / "paper", Door.PUBLIC) as (ann, server):
        await set_up(ann)
        assert await mode_of(ann) is Mode.PAPER
        await do_everything(ann, server, seed=1)
        assert any(plan.state is PlanState.DONE for plan in await ann.plans())
    async with behind(venue, tmp_path / "manual", Door.PUBLIC) as (ann, server):
        await ann.type_in("BTC 0.5 ETH 4 USDT 10000")
        assert await mode_of(ann) is Mode.MANUAL
        await do_everything(ann, server, seed=2)
        assert any(plan.state is PlanState.DONE for plan in await ann.plans())


@on_binance
async def test_a_watched_account_is_read_and_no_more(venue: str, tmp_path: Path) -> None:
    """The key may trade, the operator allows it, and the person presses everything: they have never typed the sentence."""
    async with behind(venue, tmp_path, Door.READING) as (ann, server):
        await connect(ann, venue)
        await ann.taps("Watch this account")
        assert await mode_of(ann) is Mode.LIVE
        await do_everything(ann, server, seed=3)
        assert not any(plan.state is PlanState.DONE for plan in await ann.plans())
        assert not server.venue.accounts[API_KEY].orders


@on_bybit
async def test_a_key_beside_a_portfolio_of_play_money_is_not_used_for_it(venue: str, tmp_path: Path) -> None:
    async with behind(venue, tmp_path, Door.READING) as (ann, server):
        await connect(ann, venue)
        server.door = Door.PUBLIC
        await set_up(ann)
        await do_everything(ann, server, seed=4)
        assert any(plan.state is PlanState.DONE for plan in await ann.plans())
