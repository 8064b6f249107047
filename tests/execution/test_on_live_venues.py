"""A plan carried out on each venue that takes keys, down to the test exchange, harsh as it is: whatever is lost on the way, it ends."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import Unreachable
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.faults import faults_of
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.server import Server
from chatbot.execution.transfers import WrittenTransfers
from chatbot.model import Cause, Credentials, LegState, OrderState, PlanState, Reason
from tests.execution.lab import FIGURES, QUICK, Lab, open_lab, states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from chatbot.execution.pace import Pace
    from chatbot.model import Plan, PortfolioFigures
    from chatbot.store.database import Database

DIALECTS: dict[str, Any] = {"binance": BINANCE, "bybit": BYBIT, "bingx": BINGX, "mexc": MEXC, "weex": WEEX}
#: the same as parameters; what is carried out is the same for all, so that the three later ones are tried in the slow run
LIVE = [pytest.param(one, marks=pytest.mark.slow) if one in ("bingx", "mexc", "weex") else one for one in DIALECTS]
#: a bit of everything: spot both ways, money between the wallets, a contract opened and one reduced
WORDS = "reduce sell 0.05 BTC-PERP; sell 0.1 BTC; to_futures 500; buy 0.5 ETH; increase sell 0.4 ETH-PERP"
FILLED = LegState.FILLED


@asynccontextmanager
async def on(venue: str, db: Database, pace: Pace = QUICK) -> AsyncIterator[tuple[Lab, Server]]:
    """Return the laboratory with an account with keys in the place of its paper one."""
    lab = await open_lab(db, pace=pace)

    def prepare(made: Any) -> None:
        made.ssl_context = False
        made.timeout, made.timeout_on_exit = 250, 0
        made.enableRateLimit = False  # the server is our own; what is asked of a real one is counted elsewhere

    async with Server(DIALECTS[venue], lab.clock) as server:
        theirs = server.venue.open_account("key", "secret", {"BTC": Decimal(1), "USDT": Decimal(20_000)}, Decimal(9_000))
        accounts = Accounts(lab.clock, {venue: server.options()}, prepare=prepare)
        keys = Credentials(api_key="key", secret="secret", passphrase="passphrase")
        lab.account = accounts.account(venue, keys, tag="t", journal=WrittenTransfers(db, lab.portfolio.id))
        theirs.stake("BTC-PERP").trade(Decimal("0.25"), Decimal(52_000))
        lab.somebody = _who_moves_money(lab, server)
        yield lab, server
        await accounts.close()


def ours(client_id: str) -> str:
    """Return an id of ours as we write it: BingX takes no hyphens in one."""
    return client_id.replace("_", "-")


def _who_moves_money(lab: Lab, server: Server) -> Callable[[], Awaitable[bool]]:
    """Return somebody who moves money wherever they are asked to; the plan goes on by itself at a later look of a minute."""

    async def moves() -> bool:
        kind, facts = (await lab.told() or [("", {})])[-1]
        if (kind, facts.get("why")) != ("plan_parked", "by_hand"):
            return False
        plan_id = int(facts["plan_id"])
        asked = next((one for one in await lab.attempts(plan_id) if one.state is OrderState.UNKNOWN), None)
        if asked is None or (await lab.read(plan_id)).state is not PlanState.PARKED:
            return False
        ways = (Wallet.SPOT, Wallet.FUTURES) if asked.side == "to_futures" else (Wallet.FUTURES, Wallet.SPOT)
        server.venue.transfer(server.venue.accounts["key"], *ways, "USDT", asked.qty)
        for _ in range(30):
            lab.clock.advance(60)  # type: ignore[attr-defined]
            await lab.executor.recovery.reconcile()
            if (await lab.read(plan_id)).state is not PlanState.PARKED:
                return True
        return False

    return moves


def agrees(plan: Plan, server: Server) -> None:
    """Hold that what the journal says was filled is what the server says, leg by leg, and that no order works any more."""
    theirs = server.venue.accounts["key"]
    for leg in plan.legs:
        if not leg.is_transfer:
            sent = [one for one in theirs.orders if ours(one.client_id).startswith(f"t-b{plan.id}-{leg.index}-")]
            assert sum((one.filled for one in sent), Decimal(0)) == leg.filled, leg
    assert not theirs.open_orders


@pytest.mark.long
@pytest.mark.parametrize("venue", LIVE)
async def test_a_plan_is_done_as_it_was_confirmed(db: Database, venue: str) -> None:
    async with on(venue, db) as (lab, server):
        plan = await lab.run(WORDS)
        assert plan.state == PlanState.DONE, await lab.told()
        assert states(plan) == [FILLED] * 5
        agrees(plan, server)
        balances = await lab.account.balances()
        assert balances.futures_wallet > 0
        assert {one.instrument: one.qty for one in await lab.account.positions()} == {
            "BTC-PERP": Decimal("0.2"),
            "ETH-PERP": Decimal("-0.4"),
        }


@pytest.mark.long
@pytest.mark.parametrize("venue", LIVE)
async def test_money_that_a_sale_has_brought_is_waited_for_where_balances_lag(db: Database, venue: str) -> None:
    """Two coins are bought with what another is sold for: neither is cut because the account does not show the money yet."""
    async with on(venue, db) as (lab, server):
        server.venue.harshness = Harshness(balance_lag_s=6, lookup_lag_s=0, level_quote=Decimal(10_000_000))
        server.venue.withdraw(server.venue.accounts["key"], "USDT", Decimal(28_000) if server.venue.traits.one_wallet else Decimal(19_000))
        plan = await lab.run("sell 0.05 BTC; buy 0.5 ETH; buy 8 SOL", Reason(trigger=Cause.PANIC))
        assert [(leg.state, leg.note) for leg in plan.legs] == [(FILLED, "")] * 3
        agrees(plan, server)


@pytest.mark.long
@pytest.mark.parametrize("venue", LIVE)
async def test_what_would_take_although_it_shall_rest_is_quoted_again_and_taken_at_last(db: Database, venue: str) -> None:
    """The price comes to each quote on its way: refused, or ended at once, it has cost nothing; where it may take, it is done."""
    async with on(venue, db) as (lab, server):
        server.venue.harshness = Harshness(meets_quotes=True)
        btc = server.venue.market("BTC")
        server.venue.list_market(replace(btc, maker_fee=btc.taker_fee / 2))
        words = "sell 0.01 BTC; increase sell 0.1 ETH-PERP; reduce sell 0.05 BTC-PERP"
        plan = await lab.run(words if (await lab.account.markets())["BTC"].waiting_pays else words.partition("; ")[2])
        assert (plan.state, {*states(plan)}) == (PlanState.DONE, {FILLED})
        agrees(plan, server)
        for leg in plan.legs:
            *quotes, last = [one for one in await lab.attempts(plan.id) if one.leg_index == leg.index]
            assert (len(quotes), last.immediate) == ((0, False) if venue == "weex" else (QUICK.requotes + 1, True))
            assert all(one.post_only and not one.filled for one in quotes)


@pytest.mark.parametrize("venue", LIVE)
async def test_a_plan_ends_when_the_account_shows_what_it_has_done(db: Database, venue: str) -> None:
    """Before that the next plan would sell, and open, the same once more: it is made from what the account shows."""
    async with on(venue, db) as (lab, server):
        server.venue.harshness = Harshness(balance_lag_s=90, lookup_lag_s=0, level_quote=Decimal(10_000_000))
        seen: list[tuple[Decimal, list[Decimal]]] = []

        async def measure(_: int) -> PortfolioFigures:
            spot = (await lab.account.balances()).spot["BTC"]
            seen.append((spot, sorted(one.qty for one in await lab.account.positions())))
            return FIGURES

        lab.services.measure = measure  # type: ignore[method-assign]
        plan = await lab.run("sell 0.01 BTC; reduce sell 0.05 BTC-PERP; increase sell 0.1 ETH-PERP", Reason(trigger=Cause.PANIC))
        assert (plan.state, states(plan)) == (PlanState.DONE, [FILLED] * 3)
        assert seen == [(Decimal("0.99"), [Decimal("-0.1"), Decimal("0.2")])]


@pytest.mark.parametrize("told", [True, False], ids=["priced", "no price"])
async def test_a_fee_in_a_coin_that_the_plan_knows_nothing_of_is_told_in_money(db: Database, *, told: bool) -> None:
    """BNB for fees lies beside the portfolio, so no plan has its price; where it cannot be asked for, the order is booked too."""
    async with on("binance", db) as (lab, server):
        theirs = server.venue.accounts["key"]
        theirs.pays_in = "BNB"
        server.venue.deposit(theirs, "BNB", Decimal(5))
        quotes = lab.account.quotes

        async def none_of_bnb(names: Any) -> Any:
            if "BNB" in names:
                raise Unreachable("no price")
            return await quotes(names)

        lab.account.quotes = quotes if told else none_of_bnb
        plan = await lab.run("sell 0.01 BTC", Reason(trigger=Cause.PANIC))
        (leg,) = plan.legs
        (fill,) = theirs.orders[-1].fills
        price = (await quotes(["BNB"]))["BNB"].price
        assert (leg.state, fill.fee_asset) == (FILLED, "BNB")
        assert leg.fee == (fill.fee * price if told else 0)


async def outcome(lab: Lab, server: Server, call: str, fault: str) -> str:
    """Carry a small plan out under one fault, hold its books against the server's, and say how it ended."""
    server.faults.add(call=call, fault=fault)
    plan = await lab.run("sell 0.01 BTC; to_futures 10; buy 0.1 ETH")
    told = [kind for kind, _ in await lab.told()]
    if plan.state == PlanState.PARKED:
        assert told[-1] == "plan_parked", (call, fault, told)
        lab.clock.advance(700)
        assert await lab.executor.recovery.carry_on(plan.id)
        await lab.finish()
        plan = await lab.read(plan.id)
        if plan.state is PlanState.PARKED and lab.account.late_window_s is None:
            assert await lab.executor.recovery.close(plan.id)  # nothing is ever sent again there: its person ends it at last
            await lab.finish()
            plan = await lab.read(plan.id)
        assert plan.state == PlanState.DONE, (call, fault)
        agrees(plan, server)
        return "parked, then done"
    assert plan.state == PlanState.DONE, (call, fault)
    agrees(plan, server)
    return "done" if states(plan) == [FILLED] * 3 else "done, short"


@pytest.mark.long
@pytest.mark.parametrize(("call", "fault"), [("place", "reset_after"), ("place", "late"), ("find", "bad_gateway_after")])
@pytest.mark.parametrize("venue", LIVE)
async def test_an_order_is_there_once_whatever_is_lost(db: Database, venue: str, call: str, fault: str) -> None:
    """The last: a look at an order that was just taken fails, which says nothing of the order."""
    async with on(venue, db) as (lab, server):
        assert await outcome(lab, server, call, fault) == "done"


@pytest.mark.slow
@pytest.mark.parametrize(
    "call", ["place", "cancel", *(pytest.param(one, marks=pytest.mark.slow) for one in ("find", "transfer", "fills", "balances"))]
)
@pytest.mark.parametrize("venue", LIVE)
async def test_every_fault_at_every_call_ends_in_done_or_is_told(db: Database, venue: str, call: str) -> None:
    """Never silence, never a stuck plan, never an order that nobody booked; the table is printed (``pytest -s``)."""
    async with on(venue, db) as (lab, server):
        for fault in faults_of(call):
            if fault == "revoked":
                continue  # it stays so
            ended = await outcome(lab, server, call, fault)
            print(f"{venue:8} {call:10} {fault:20} {ended}")  # noqa: T201 - the table
            lab.clock.advance(700)
