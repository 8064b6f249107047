"""Who is calm is read again when something else than a price may have changed, and not before; no breach is missed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.exchanges.base import Balances, Position
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.paper.account import AccountState
from chatbot.model import BandRule
from chatbot.monitor.reading import LONGEST, MOVED, steadiness
from chatbot.monitor.screen import Column, ScreenArrays, edges_of, kind_of, prices_of, quantities_of
from chatbot.portfolio import strategies
from chatbot.portfolio.layers import Layers
from chatbot.portfolio.states import PortfolioStates
from chatbot.portfolio.valuation import Account
from chatbot.store import portfolios
from tests.portfolio import moved_portfolios as moved
from tests.portfolio.moved_portfolios import MARKETS, NOW
from tests.portfolio.still_market import START, bench

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chatbot.engine.portfolio import Snapshot
    from chatbot.portfolio.evaluation import Evaluation

D = Decimal
EMPTY = Account(balances=Balances(spot={}, free={}, futures_wallet=D(0)), positions=(), quote_asset="USDT")


def on_markets(*, intervals: Mapping[str, int] | None = None, played: bool = True) -> Any:
    """Return the markets that a portfolio stands on: played ones tell a settlement at once, real ones somewhat later."""
    source = ReplaySource.__new__(ReplaySource) if played else object()
    funding = SimpleNamespace(interval_hours=(intervals or {}).get)
    return SimpleNamespace(of=lambda _: SimpleNamespace(source=source, funding=funding))


def moved_by(snap: Snapshot, factors: Mapping[str, Decimal]) -> Snapshot:
    """Return what is held at other prices; a contract moves with its coin."""
    return replace(
        snap,
        spot=tuple(replace(one, price=one.price * factors[one.asset]) for one in snap.spot),
        positions=tuple(replace(one, mark=one.mark * factors[one.asset]) for one in snap.positions),
    )


@pytest.mark.long
@moved.quick
@given(st.data())
def test_no_breach_is_missed_while_targets_follow_prices(data: st.DataObject) -> None:
    """Whatever is held down, and however prices move before they have moved far: who may be outside is suspected."""
    strategy = data.draw(moved.own_strategies())
    if data.draw(st.booleans()):  # so wide that whoever is held down is steady all the same
        strategy = replace(strategy, bands=dict.fromkeys(strategy.bands, BandRule(abs_pp=D(60))), futures_band_pp=D(60))
    snap = data.draw(moved.snapshots(strategy))
    seen = data.draw(moved.signals(strategy, snap))
    case = moved.Case(snap=snap, strategy=strategy, signals=seen, states=PortfolioStates(memory=data.draw(moved.memories(strategy, seen))))
    try:
        before = case.look()
        if data.draw(st.booleans()):  # most stand where a plan has left them
            case = moved.carried_out(case, before, moved.planned(before)[1])
        found = replace(case.look(), account=EMPTY)
    except Refused:
        assume(False)  # nothing is known of it, so nobody calls it calm
    steady = steadiness(found, on_markets(), NOW, "UTC")
    event(f"held down and steady: {steady.slack > 0}")
    assert found.snapshot is not None
    assert found.figures is not None
    sheet = ScreenArrays(kind_of(found.snapshot, strategy))
    edges = edges_of(sheet.kind.lines, found.figures)
    column = Column(quantities=quantities_of(found.snapshot), edges=edges, prices=prices_of(found.snapshot), steady=steady)
    sheet.put(1, column, seen=0.0)
    factors = st.floats(1 - 0.99 * MOVED, 1 + 0.99 * MOVED).map(lambda factor: D(str(round(factor, 6))))
    after = moved_by(case.snap, {coin: data.draw(factors) for coin in moved.PRICES})
    try:
        later = replace(case, snap=after, states=replace(case.states, memory=found.memory, mix=found.layers.mix)).look()
    except Refused:
        assume(False)
    assert later.figures is not None
    if steady.until > NOW:
        assert later.layers.mix == found.layers.mix, "a mix was reached"
        stood = {line.line: line.target for line in found.figures.limits}
        went = [abs(float(line.target - stood[line.line])) for line in later.figures.limits]
        event(f"targets moved: {max(went, default=0.0) > 0}")
        assert max(went, default=0.0) <= steady.slack + 1e-9
    if steady.until > NOW and any(line.breach for line in later.figures.limits):
        event(f"outside, with slack: {steady.slack > 0}")
        assert later.snapshot is not None
        prices = {h.asset: h.price for h in later.snapshot.spot} | {p.contract: p.mark for p in later.snapshot.positions}
        assert sheet.suspects(np.array([float(prices.get(row, 1)) for row in sheet.kind.rows])) == [1]


def calm(*contracts: str) -> Evaluation:
    """Return a look at the preset of balanced, with positions on these contracts."""
    strategy = strategies.preset("balanced", MARKETS)
    cash = moved.Cash(asset="USDT", qty=D(10_000))
    positions = tuple(Position(instrument=name, qty=D(1), entry=D(10), mark=D(10), leverage=D(1)) for name in contracts)
    return replace(moved.Case(snap=moved.Snapshot(cash=(cash,)), strategy=strategy).look(), account=replace(EMPTY, positions=positions))


@pytest.mark.parametrize(
    ("at", "zone", "contracts", "until"),
    [
        ("09:00", "UTC", (), "15:00"),
        ("19:00", "UTC", (), "00:00"),
        ("19:00", "Europe/Berlin", (), "23:00"),
        ("23:00", "Europe/Berlin", (), "05:00"),
        ("09:00", "UTC", ("BTC-PERP",), "15:00"),
        ("11:00", "UTC", ("BTC-PERP",), "16:00"),
        ("11:00", "UTC", ("BTC-PERP", "SOL-PERP"), "12:00"),
        ("12:00", "UTC", ("SOL-PERP",), "16:00"),
        ("11:20", "UTC", ("XRP-PERP",), "12:00"),
    ],
)
def test_how_long_only_prices_can_change_what_it_comes_to(at: str, zone: str, contracts: tuple[str, ...], until: str) -> None:
    """Up to a settlement of what is held, the person's next day, or six hours; settlements that are not known may come each hour."""
    now = datetime.fromisoformat(f"2026-03-02T{at}+00:00")
    steady = steadiness(calm(*contracts), on_markets(intervals={"BTC-PERP": 8, "SOL-PERP": 4}), now, zone)
    assert (f"{steady.until:%H:%M}", steady.slack) == (until, 0.0)
    assert timedelta(0) < steady.until - now <= LONGEST


def test_a_real_exchange_tells_a_settlement_later_and_not_everybody_asks_at_once() -> None:
    """Five minutes, and up to five more by portfolio; a settlement that is not told yet is still to come."""
    now = datetime(2026, 3, 2, 16, 2, tzinfo=UTC)
    until = steadiness(calm("BTC-PERP"), on_markets(intervals={"BTC-PERP": 8}, played=False), now, "UTC").until
    assert until == datetime(2026, 3, 2, 16, 5, 37, tzinfo=UTC)


@pytest.mark.parametrize(("worth", "steady"), [("12", False), ("13", True)])
def test_a_line_that_may_come_to_its_mix_by_itself_is_not_steady(worth: str, steady: bool) -> None:
    """What a coin lacks is worth little more than what would be traded, 10, or a quarter more."""
    found = calm()
    assert found.held is not None
    spot = (moved.Holding(asset="SOL", qty=D(10), price=D(1), bucket="ALT"),)
    held = replace(found.held, snapshot=replace(found.held.snapshot, spot=spot))
    found = replace(found, held=held, layers=Layers(mix={"ALT": {"SOL": D(10) + D(worth)}}))
    assert (steadiness(found, on_markets(), NOW, "UTC").until > NOW) is steady


@pytest.mark.long
async def test_a_calm_portfolio_with_futures_is_read_again_at_settlements_and_when_a_price_has_moved_far(tmp_path: Path) -> None:
    """Not every ten minutes: nobody knows when its contract settles, so once an hour; once more for a coin that costs 6 % more."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced(futures="10")
        stake = {"BTC-PERP": (D(portfolio.strategy.futures_net) * 10_000 / 50_000, D(50_000))}
        spot = {"BTC": D("0.08"), "SOL": D(40), "USDT": D(1000)}
        async with on.program.db.transaction() as tx:
            await portfolios.save_account(tx, portfolio.id, AccountState.holding(spot, futures_wallet=D(1000), positions=stake).to_json())
        on.program.accounts.forget(portfolio.id)
        looked = list[str]()
        while on.clock.now() < START + timedelta(hours=3):
            assert await on.tick(300) == (0, 0)
            assert on.program.monitor.last is not None
            looked += [str(on.clock.now() - START)] * on.program.monitor.last.examined
            if on.clock.now() == START + timedelta(minutes=90):
                on.market.move("SOL", "1.06")
        assert looked == ["0:05:00", "0:15:00", "1:15:00", "1:35:00", "2:15:00"]
