"""Monthly and bands alone from a portfolio's own start, with futures: the walk of the backtest, and money that comes changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.backtest.counterfactuals import account_of, both
from chatbot.backtest.past import fetch, played
from chatbot.backtest.result import values_of, without_triggers
from chatbot.backtest.walk import walk, walk_on
from chatbot.clock import ManualClock
from chatbot.engine.errors import Refused
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.model import AnswerMode, Begun, Mode, Portfolio
from chatbot.portfolio import strategies

if TYPE_CHECKING:
    from chatbot.backtest.past import Recorded
    from chatbot.model import Strategy

D = Decimal
BEGIN = datetime(2025, 2, 1, 5, tzinfo=UTC)
END = BEGIN + timedelta(days=60)
WINDOW = timedelta(seconds=60)
NAMES = ("BTC", "ETH", "SOL", "XRP", "BTC-PERP", "ETH-PERP")
STRATEGY = without_triggers(strategies.preset("balanced", NAMES))


def portfolio(strategy: Strategy) -> Portfolio:
    """Return a portfolio of a strategy."""
    return Portfolio(id=1, person_id=1, name="", mode=Mode.PAPER, exchange="", strategy=strategy, answer=AnswerMode.ASK, created_at=BEGIN)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """Return two months of the made-up market, futures and their funding among them."""
    clock = ManualClock(BEGIN)
    source = SimulatedSource(clock, speed=1.0, script=False)
    clock.advance(timedelta(days=120).total_seconds())
    return asyncio.run(fetch(source, {*STRATEGY.spot_assets, *STRATEGY.contracts}, BEGIN, END))


def begun_of(recorded: Recorded, **more: object) -> Begun:
    """Return what the first plan of 10,000 leaves at the first hour."""
    snapshot = walk(played(recorded), STRATEGY, D(10_000), window=WINDOW).held[0].snapshot
    held = {coin.asset: coin.qty for coin in (*snapshot.spot, *snapshot.cash)} | {one.contract: one.qty for one in snapshot.positions}
    cash = snapshot.wallet - sum((one.qty * one.entry for one in snapshot.positions), D(0))
    moments = tuple(BEGIN + day * timedelta(days=1) for day in range(61))
    return replace(Begun(at=BEGIN, quantities=held, cash=cash, worth=D(10_000), moments=moments, prices=({},) * len(moments)), **more)  # type: ignore[arg-type]


def test_going_on_from_the_first_plan_gives_the_plans_of_the_backtest(recorded: Recorded) -> None:
    """Bands alone, from what the first plan left: the same hours, contracts and quantities, and the same worth in the end."""
    past = played(recorded)
    whole = walk(past, STRATEGY, D(10_000), window=WINDOW)
    on = walk_on(past, STRATEGY, account_of(past, begun_of(recorded), "USDT"), {}, WINDOW)
    assert any(one.qty for one in whole.held[0].snapshot.positions)
    assert [(one.at, [(leg.instrument, leg.qty) for leg in one.legs]) for one in on.blocks] == [
        (one.at, [(leg.instrument, leg.qty) for leg in one.legs]) for one in whole.blocks[1:]
    ]
    monthly, bands = both(recorded, portfolio(STRATEGY), begun_of(recorded), "UTC", WINDOW)
    values, _ = values_of(past, whole.held)
    assert bands[-1] == pytest.approx(values[-1] / 10_000, abs=1e-6)
    assert len(monthly) == len(bands) == 61
    assert monthly[-1] != bands[-1]


def test_another_past_is_not_taken_for_this_one(recorded: Recorded) -> None:
    """Where the portfolio was valued by other prices than the past has, nobody can say how it would have gone."""
    begun = begun_of(recorded)
    with pytest.raises(Refused, match="bad_price"):
        both(recorded, portfolio(STRATEGY), replace(begun, worth=begun.worth * 2), "UTC", WINDOW)


def test_money_that_comes_and_goes_is_no_return(recorded: Recorded) -> None:
    """A third of everything on top, in its own coins, changes the index by little; a coin that is not there is paid for in cash."""
    begun = begun_of(recorded)
    plain = both(recorded, portfolio(STRATEGY), begun, "UTC", WINDOW)
    at = BEGIN + timedelta(days=3, minutes=7)
    more = {coin: qty / 3 for coin, qty in begun.quantities.items() if not coin.endswith("-PERP")}
    richer = both(recorded, portfolio(STRATEGY), replace(begun, came=((at, more),)), "UTC", WINDOW)
    assert richer[1][:3] == plain[1][:3]
    assert richer[1][-1] == pytest.approx(plain[1][-1], abs=0.02)
    less = {"BTC": -begun.quantities["BTC"] - D("0.001")}
    poorer = both(recorded, portfolio(STRATEGY), replace(begun, came=((at, less),)), "UTC", WINDOW)
    assert poorer[1][-1] == pytest.approx(plain[1][-1], abs=0.1)
    with pytest.raises(Refused):
        both(recorded, portfolio(STRATEGY), replace(begun, came=((at, {"USDT": D(-10_000)}),)), "UTC", WINDOW)
