"""What /panic leaves of any book: no futures, then no coins; nothing bought, nothing lost but fees and the spread."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from chatbot.durable import enqueue_plan
from chatbot.exchanges.markets.coins import perp_market, spot_market
from chatbot.exchanges.paper.account import AccountState
from chatbot.model import LegState, PlanState, Portfolio, Problem
from chatbot.plans import panic_draft
from chatbot.portfolio.evaluation import Evaluation
from chatbot.portfolio.valuation import Account
from chatbot.store import plans
from chatbot.store.database import Database
from tests.examples import examples
from tests.execution.lab import PRICES, Lab, open_lab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.base import Market, Quote
    from chatbot.model import Plan

COINS = tuple(PRICES)
D, ZERO = Decimal, Decimal(0)
_FEES = st.sampled_from(["0", "0.0002", "0.0005", "0.001", "0.0033"]).map(D)


@st.composite
def books(draw: Any) -> dict[str, Any]:
    """Return an account: longs and shorts, odd quantities down to parts of a lot, dust; its fees, and how much a minute can take."""
    contracts = draw(st.lists(st.sampled_from(COINS), unique=True))
    book = {}
    for coin in contracts:
        lots = draw(st.integers(1, 3000))
        part = draw(st.sampled_from(["0", "0", "0.37", "0.5"]))
        qty = perp_market(coin).lot * (lots + D(part))
        entry = PRICES[coin] * draw(st.sampled_from([D("0.9"), D(1), D("1.07")]))
        book[f"{coin}-PERP"] = (qty * draw(st.sampled_from([1, -1])), entry)
    spot = {}
    for coin in draw(st.lists(st.sampled_from(COINS), unique=True)):
        spot[coin] = spot_market(coin).lot * D(draw(st.sampled_from(["0.4", "1", "7.25", "1000", "31415.9"])))
    gross = sum((abs(qty) * PRICES[name.removesuffix("-PERP")] for name, (qty, _) in book.items()), ZERO)
    return {
        "spot": spot | {"USDT": D(draw(st.sampled_from(["0", "12.345678", "5000"])))},
        "book": book,
        "wallet": gross / 2 + 10,
        "fees": {name: (draw(_FEES), draw(_FEES)) for name in (*COINS, *(f"{coin}-PERP" for coin in COINS))},
        # quote volume of a day: in a thin market a leg fills in many pieces
        "volume": draw(st.sampled_from([None, D("5e9"), D("4e8")])),
    }


async def laboratory(db: Database, case: dict[str, Any]) -> Lab:
    """Open an account like this on a market with these fees and this depth."""
    state = AccountState.holding(case["spot"], futures_wallet=case["wallet"], positions=case["book"])
    lab = await open_lab(db, state=state)
    market: Any = lab.market
    known, quoted = await market.markets(), market.quotes

    async def markets() -> Mapping[str, Market]:
        return {name: replace(one, maker_fee=case["fees"][name][0], taker_fee=case["fees"][name][1]) for name, one in known.items()}

    async def quotes(instruments: Any) -> Mapping[str, Quote]:
        return {name: replace(quote, volume=case["volume"]) for name, quote in (await quoted(instruments)).items()}

    market.markets, market.quotes = markets, quotes
    return lab


async def look(lab: Lab, portfolio: Portfolio, *, without: str = "") -> Evaluation:
    """Look at the account; ``without``: this instrument has no price."""
    account = Account(balances=await lab.account.balances(), positions=await lab.account.positions(), quote_asset="USDT")
    markets = await lab.market.markets()
    quotes = await lab.market.quotes([name for name in markets if name != without])
    problems = (Problem(code="missing_price", instrument=without),) if without else ()
    return Evaluation(portfolio=portfolio, account=account, quotes=quotes, markets=markets, problems=problems)


async def carried_out(lab: Lab, drafted: Plan) -> Plan:
    """Store, confirm and carry out a plan of a panic."""
    async with lab.db.transaction() as tx:
        made = await plans.add_plan(tx, drafted)
        assert await plans.decide(tx, made.id, PlanState.CONFIRMED, lab.clock.now())
        await enqueue_plan(lab.work, tx, made)
    await lab.finish()
    return await lab.read(made.id)


def worth(lab: Lab) -> Decimal:
    """Return what the account is worth at the middle of the book."""
    state = lab.account.state
    spot = sum((qty * PRICES.get(asset, D(1)) for asset, qty in state.spot.items()), ZERO)
    book = sum((one.qty * PRICES[name.removesuffix("-PERP")] - one.cost for name, one in state.positions.items()), ZERO)
    return spot + state.futures_wallet + book


async def hold(case: dict[str, Any], folder: Path) -> None:
    """Panic, look at what is left, sell, look again."""
    db = Database(f"sqlite+aiosqlite:///{folder / 'lab.db'}")
    await db.migrate()
    try:
        lab = await laboratory(db, case)
        before, began = lab.account.state, worth(lab)
        markets = await lab.market.markets()
        first = panic_draft.closing(panic_draft.of_what_is_known(await look(lab, lab.portfolio)), lab.clock.now())
        assert {leg.instrument for leg in first.legs} | {left.instrument for left in first.left_out} == set(case["book"])
        if first.legs:
            done = await carried_out(lab, first)
            assert {leg.state for leg in done.legs} == {LegState.FILLED}, [(leg.instrument, leg.filled, leg.note) for leg in done.legs]
        after = lab.account.state
        for name, stake in after.positions.items():
            assert abs(stake.qty) < markets[name].lot, name
        assert after.spot == before.spot
        assert all(order.request.reduce_only for order in after.orders.values())
        traded = sum((order.value for order in after.orders.values()), ZERO)
        lost = began - worth(lab) - (after.fees_paid - before.fees_paid)
        assert ZERO <= lost <= traded * D("0.0002"), "half a spread of what was traded, and nothing else"

        second = panic_draft.selling(panic_draft.of_what_is_known(await look(lab, lab.portfolio)), lab.clock.now())
        if second.legs:
            done = await carried_out(lab, second)
            assert {leg.state for leg in done.legs} == {LegState.FILLED}, [(leg.instrument, leg.filled, leg.note) for leg in done.legs]
        last = lab.account.state
        named = {left.instrument for left in second.left_out}
        for asset, qty in last.spot.items():
            if asset == "USDT" or not qty:
                continue
            rules = markets[asset]
            smallest = max(rules.lot, rules.min_qty, rules.min_notional / PRICES[asset] * D("1.01"))
            assert qty < smallest, asset
            assert asset in named or qty < rules.lot, "what is left is named, but for less than a lot of what was sold"
        assert last.futures_wallet < D("0.01") or last.positions
        assert all(order.request.side == "sell" for name, order in last.orders.items() if name not in after.orders)
        lost = began - worth(lab) - (last.fees_paid - before.fees_paid)
        traded = sum((order.value for order in last.orders.values()), ZERO)
        assert ZERO <= lost <= traded * D("0.0002")
    finally:
        await db.close()


@pytest.mark.long
@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow])
@given(case=books())
def test_a_panic_leaves_no_futures_and_its_second_step_no_coins(case: dict[str, Any]) -> None:
    """Every position is zero or below one lot, spot is untouched, then only the quote coin and named dust; money is conserved."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(hold(case, Path(folder)))
