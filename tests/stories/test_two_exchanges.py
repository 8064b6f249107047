"""The program follows one exchange, an account stands on another: each portfolio is valued and traded by its own exchange's prices."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.server import Server
from chatbot.model import PlanState
from chatbot.store import portfolios
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket
from tests.stories.at_exchange import API_KEY, SECRET, doctor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Portfolio
    from handlers.loopback import Loopback
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long

D = Decimal
#: BTC costs 50,000 where the program looks, and this where the account is
THERE = D(60_000)


class Here(StillMarket):
    """The exchange of CHATBOT_MARKET."""

    name = "binance"


@asynccontextmanager
async def apart(folder: Path, server: Server, clock: ManualClock, loopback: Loopback | None = None) -> AsyncIterator[Someone]:
    """Sit down with somebody whose account is at Bybit, at a bot that follows Binance."""
    options = {"bybit": {**server.options(), "timeout_on_exit": 0, "enableRateLimit": False}}
    given: dict[str, Any] = {
        "market": "live:binance",
        "exchange_options": options,
        "secret_keys": "A" * 43,
        "allow_live": True,
        "fear_greed_url": "",
    }
    async with someone(folder, clock=clock, source=Here(clock), loopback=loopback, **given) as ann:
        ann.program.keyring._ask = doctor(clock, options["bybit"])
        yield ann


async def watch(ann: Someone) -> str:
    """Connect the key to the account at Bybit, and have it watched."""
    await ann.say("/connect")
    await ann.taps("Bybit", "Send it here")
    await ann.say(f"{API_KEY}\n{SECRET}")
    return (await ann.taps("Watch this account")).text


async def portfolio(ann: Someone) -> Portfolio:
    """Return the person's current portfolio."""
    async with ann.program.db.read() as tx:
        found = await portfolios.get(tx, await ann.portfolio_id())
    assert found is not None
    return found


async def test_an_account_elsewhere_is_valued_planned_and_traded_by_its_own_exchange(tmp_path: Path) -> None:
    """1 BTC and 20,000 USDT at Bybit, where BTC costs 60,000; the program's own market says 50,000, to everybody else."""
    clock = ManualClock(START)
    async with Server(BYBIT, clock, harshness=KIND) as server:
        account = server.venue.open_account(API_KEY, SECRET, {"USDT": D(20_000), "BTC": D(1)}, D(0))
        server.venue.move("BTC", THERE)
        async with apart(tmp_path, server, clock) as ann:
            assert len({quoted.world for quoted in ann.program.markets}) == 1, "nobody has a key yet"
            told = await watch(ann)
            assert "WATCH · Bybit" in told
            assert "$80,0" in told or "$79,9" in told, told
            await ann.say("/live")
            assert "LIVE · Bybit" in await ann.say("trade with real money")
            await ann.say("/targets BTC 60 USDT 40")
            card = await ann.say("/rebalance")
            assert "LIVE · Bybit" in card
            plan = await ann.confirm()
            assert plan.state is PlanState.DONE
            (leg,) = plan.legs
            assert abs(leg.limit / THERE - 1) < D("0.01")
            assert sum(order.filled for order in account.orders) == leg.filled
            await ann.step()
            server.venue.move("BTC", THERE * D("1.1"))
            clock.advance(120)
            await ann.step()
            assert "LIVE · Bybit" in await ann.say("/status")
            watched = ann.program.markets.of(await portfolio(ann))
            assert watched.world == "bybit"
            held = watched.board.get("BTC")
            assert held is not None
            assert abs(held.price / (THERE * D("1.1")) - 1) < D("0.001")
            machines = {one.world for one in ann.program.roster.watches}
            assert machines == {"bybit"}
        async with apart(tmp_path, server, clock, ann.loopback) as ann:  # after a restart
            assert "LIVE · Bybit" in await ann.say("/status")
            assert ann.program.markets.of(await portfolio(ann)).world == "bybit"


async def test_where_its_exchange_is_silent_nothing_is_planned_and_others_go_on(tmp_path: Path) -> None:
    """No other exchange's price stands in; whoever is not there is checked as ever."""
    clock = ManualClock(START)
    async with Server(BYBIT, clock, harshness=KIND) as server:
        server.venue.open_account(API_KEY, SECRET, {"USDT": D(20_000), "BTC": D(1)}, D(0))
        async with apart(tmp_path, server, clock) as ann:
            await watch(ann)
            await ann.say("/targets BTC 50 USDT 50")
            await server.close()
            ann.clock.advance(600)
            answer = await ann.say("/rebalance")
            assert "WATCH · Bybit" in answer
            assert "Confirm" not in ann.last.buttons
            await ann.say("/start")
            await ann.taps("Keep both", "Paper portfolio", "10,000")
            await ann.taps("Use Balanced")
            assert "PAPER" in ann.last.text
            assert (await ann.confirm()).state is PlanState.DONE
            assert (await ann.step()).portfolios == 2
