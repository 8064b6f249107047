"""Whatever is held: a rotation's legs are the literal parts of domain 10.1 down to a lot, and nothing else trades."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot
from chatbot.exchanges.base import Balances, Market, Quote
from chatbot.hedges import sizing
from chatbot.model import ROTATION, LegKind, Mode, Portfolio
from chatbot.model.hedge import HedgeWish
from chatbot.plans import hedge_draft
from chatbot.portfolio import strategies, valuation
from chatbot.portfolio.evaluation import Evaluation, measured
from tests.portfolio.still_market import START, D

if TYPE_CHECKING:
    from decimal import Decimal

PRICES = {"BTC": D("50000.37"), "ETH": D("2500.11"), "SOL": D("99.97"), "XRP": D("0.5123"), "BTC-PERP": D("50010.91")}
LOTS = {"BTC": D("0.00001"), "ETH": D("0.0001"), "SOL": D("0.01"), "XRP": D(1), "BTC-PERP": D("0.001")}
MARKETS = {
    name: Market(instrument=name, tick=D("0.0001"), lot=lot, min_notional=D(5), max_leverage=D(20), taker_fee=D("0.001"))
    for name, lot in LOTS.items()
}


def evaluated(spot: dict[str, Decimal], cash: Decimal) -> Evaluation:
    """Return a portfolio without futures that holds this much of each coin, in quote."""
    base = strategies.preset("balanced", MARKETS)
    strategy, problems = strategies.own_weights({"BTC": D(30), "ALT": D(60), "USDT": D(10)}, MARKETS, base)
    assert strategy is not None, problems
    portfolio = Portfolio(id=1, person_id=1, name="x", mode=Mode.PAPER, exchange="still", strategy=strategy, created_at=START)
    held = {coin: value / PRICES[coin] // LOTS[coin] * LOTS[coin] for coin, value in spot.items()}
    snap = Snapshot(
        spot=tuple(Holding(asset=c, qty=q, price=PRICES[c], bucket=strategy.line_of(c)) for c, q in sorted(held.items())),
        cash=(Cash(asset="USDT", qty=cash),),
        positions=(Position(contract="BTC-PERP", asset="BTC", qty=D(0), entry=PRICES["BTC-PERP"], mark=PRICES["BTC-PERP"]),),
    )
    seen = Evaluation(
        portfolio=portfolio,
        account=valuation.Account(balances=Balances(spot={}, free={}, futures_wallet=D(0)), positions=(), quote_asset="USDT"),
        quotes={name: Quote(instrument=name, bid=price, ask=price, at=START) for name, price in PRICES.items()},
        markets=MARKETS,
    )
    return measured(seen, snap, {}, START)


amounts = st.integers(2_000, 60_000).map(D)


@given(btc=amounts, eth=amounts, sol=amounts, xrp=amounts, cash=st.integers(0, 20_000).map(D))
def test_the_legs_are_the_literal_parts(btc: Decimal, eth: Decimal, sol: Decimal, xrp: Decimal, cash: Decimal) -> None:
    """10 % of each ALT coin, 5 % of V short, the proceeds and what the liquidation needs as collateral; BTC and ETH are left alone."""
    found = evaluated({"BTC": btc, "ETH": eth, "SOL": sol, "XRP": xrp}, cash)
    assert found.snapshot is not None
    assert found.figures is not None
    size = sizing.size(found, HedgeWish(kind=ROTATION, accepted=True))
    if size.problem:
        assert size.problem in ("too_small", "no_room")
        return
    plan = hedge_draft.draft_opening(found, size, (), (START, START), timedelta(minutes=5))
    traded = {leg.instrument: leg for leg in plan.legs if not leg.is_transfer}
    held = {holding.asset: holding.qty for holding in found.snapshot.spot}
    least = max(D(10), found.figures.value * D("0.0005"))
    for coin in ("SOL", "XRP"):
        part = held[coin] / 10
        if part * PRICES[coin] >= 2 * max(least, 2 * LOTS[coin] * PRICES[coin]):
            assert traded[coin].kind is LegKind.SPOT_SELL
            assert part - LOTS[coin] < traded[coin].qty <= part
    assert not {"BTC", "ETH"} & traded.keys()
    short = traded["BTC-PERP"]
    assert short.sells
    # at the very edge of the leverage caps the fees of the sales may cost the last lot, and the card says that caps were at work
    at_the_cap = "cap_scaled" in {left.why for left in plan.left_out}
    assert short.qty == -size.qty or (at_the_cap and short.qty == -size.qty - LOTS["BTC-PERP"])
    wanted = found.figures.value * D("0.05")
    if not size.capped and not at_the_cap:
        assert short.qty * PRICES["BTC-PERP"] <= wanted < (short.qty + LOTS["BTC-PERP"]) * PRICES["BTC-PERP"]
    assert plan.hedge is not None
    assert abs(sum(line.weight for line in plan.after.lines) - 1) < D("1e-20")
    assert "cash_limited" not in {left.why for left in plan.left_out}
