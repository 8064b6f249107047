"""From an evaluated portfolio to a numbered plan: targets, the engine's block, and its legs in words' reach."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine import bands, planner
from chatbot.engine.targets import Targets, split
from chatbot.model import FUTURES, STABLE, LeftOut, Leg, LegKind, Plan, PlanState, Portfolio, Reason
from chatbot.services import readings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from chatbot.engine.portfolio import Snapshot
    from chatbot.exchanges.base import Market, Quote
    from chatbot.model import Strategy
    from chatbot.services.evaluation import Evaluation

#: the legs of domain 9.8 in their order
_ORDER = (LegKind.SPOT_SELL, LegKind.TO_SPOT, LegKind.SPOT_BUY, LegKind.TO_FUTURES, LegKind.FUTURES_REDUCE, LegKind.FUTURES_INCREASE)


def targets_for(snap: Snapshot, strategy: Strategy) -> Targets:
    """Return the effective targets by asset: the destination of domain 3.3, then the split of 2.3."""
    values = readings.line_values(snap, strategy)
    total = sum(values.values(), Decimal(0))
    weights = {line: value / total for line, value in values.items()}
    wanted = {line: strategy.weights.get(line, Decimal(0)) for line in values}
    if strategy.theta == 1:
        destination = wanted
    else:
        # A line without a band, as FUTURES, is left out of the bands: it goes to its target.
        edges = {line: band for line, band in readings.engine_bands(strategy).items() if line in values}
        destination = dict(bands.destination(weights, wanted, edges, strategy.theta, force=True).weights)
    holdings = {holding.asset: holding.qty * holding.price for holding in snap.spot}
    members = _members(snap, strategy)
    futures_net = strategy.futures_net if readings.contracts(strategy) else Decimal(0)
    shares = {contract: strategy.futures_split[contract] for contract in readings.contracts(strategy)}
    found = split(destination, members, holdings, futures_net, shares)
    extra = {p.contract: Decimal(0) for p in snap.positions if p.contract not in found.futures}
    return Targets(spot=found.spot, stable=found.stable, collateral=found.collateral, futures={**found.futures, **extra})


def _members(snap: Snapshot, strategy: Strategy) -> dict[str, tuple[str, ...]]:
    """Return the members of each bucket line, with the coins that are held but named nowhere in the line that took them."""
    members = {line: list(assets) for line, assets in strategy.members.items()}
    for holding in snap.spot:
        known = members.setdefault(holding.bucket, [])
        if holding.asset not in known:
            known.append(holding.asset)
    return {line: tuple(assets) for line, assets in members.items() if line not in (STABLE, FUTURES)}


def block_for(found: Evaluation, targets: Targets) -> planner.Block:
    """Run the planner of domain 9 on an evaluated portfolio; raises ``engine.errors.Refused``."""
    if found.snapshot is None:
        raise ValueError("a portfolio that can not be evaluated has no plan")
    strategy = found.portfolio.strategy
    used = {*targets.spot, *targets.futures}
    rules = {
        name: planner.Rules(tick=market.tick, lot=market.lot, min_notional=market.min_notional)
        for name, market in found.markets.items()
        if name in used
    }
    return planner.plan(
        found.snapshot,
        targets,
        rules,
        _fees(found.markets, used),
        planner.Config(gross_cap=strategy.gross_cap, sleeve_cap=strategy.sleeve_cap),
        frozenset(name for name in used if name in found.markets and not found.markets[name].trading),
    )


def _fees(markets: Mapping[str, Market], used: set[str]) -> planner.Fees:
    """Return the taker fees, the dearer side: a plan never promises more than it can pay for."""
    spot = [m.taker_fee for name, m in markets.items() if name in used and not name.endswith("-PERP")]
    futures = [m.taker_fee for name, m in markets.items() if name in used and name.endswith("-PERP")]
    return planner.Fees(spot=max(spot, default=Decimal(0)), futures=max(futures, default=Decimal(0)))


def draft(
    found: Evaluation, targets: Targets, block: planner.Block, reasons: tuple[Reason, ...], *, now: datetime, expiry: timedelta
) -> Plan:
    """Return the plan that is stored and shown; id and number are given by the journal."""
    if found.shape is None or found.snapshot is None:
        raise ValueError("a portfolio that can not be evaluated has no plan")
    portfolio: Portfolio = found.portfolio
    legs = legs_of(block, found.quotes, _quote_asset(found))
    after = readings.shape(readings.after_legs(found.snapshot, legs, found.markets), portfolio.strategy, found.markets, found.betas)
    return Plan(
        id=0,
        number=0,
        portfolio_id=portfolio.id,
        mode=portfolio.mode,
        state=PlanState.PROPOSED,
        reasons=reasons,
        before=found.shape,
        after=after,
        legs=legs,
        left_out=tuple(_left_out(flag, found, targets) for flag in block.flags),
        fees=block.fees,
        slippage_bps=slippage_bps(legs, found.quotes),
        prices={name: quote.price for name, quote in found.quotes.items()},
        targets=targets_to_json(targets),
        created_at=now,
        expires_at=now + expiry,
    )


def _quote_asset(found: Evaluation) -> str:
    return found.account.quote_asset if found.account else "USDT"


def legs_of(block: planner.Block, quotes: Mapping[str, Quote], quote_asset: str) -> tuple[Leg, ...]:
    """Return the block's orders and transfers as legs in the order of domain 9.8."""
    legs = [
        Leg(
            index=0,
            kind=LegKind(order.leg),
            instrument=order.instrument,
            qty=order.qty,
            limit=order.limit,
            reduce_only=order.reduce_only,
            sells=order.side == "sell",
            price=quotes[order.instrument].price,
        )
        for order in block.orders
    ]
    legs += [Leg(index=0, kind=LegKind(t.direction), instrument=quote_asset, qty=t.amount) for t in block.transfers]
    legs.sort(key=lambda leg: _ORDER.index(leg.kind))
    return tuple(replace(leg, index=index) for index, leg in enumerate(legs))


def slippage_bps(legs: tuple[Leg, ...], quotes: Mapping[str, Quote]) -> Decimal:
    """Estimate slippage as half the spread, weighted by value: what crossing now would cost (domain 11.1, small orders)."""
    traded = [(leg.notional, quotes[leg.instrument]) for leg in legs if not leg.is_transfer]
    total = sum((notional for notional, _ in traded), Decimal(0))
    if not total:
        return Decimal(0)
    paid = sum((notional * (q.ask - q.bid) / (q.ask + q.bid) for notional, q in traded), Decimal(0))
    return paid / total * 10_000


def _left_out(flag: str, found: Evaluation, targets: Targets) -> LeftOut:
    """Translate a flag of domain 9.12 into what the person is told."""
    why, _, instrument = flag.partition(":")
    market = found.markets.get(instrument)
    if why != "below_minimum" or found.snapshot is None or found.shape is None or market is None:
        return LeftOut(why=why, instrument=instrument)
    held = {h.asset: h.qty * h.price for h in found.snapshot.spot} | {p.contract: p.qty * p.mark for p in found.snapshot.positions}
    wanted = targets.spot.get(instrument, targets.futures.get(instrument, Decimal(0))) * found.shape.value
    return LeftOut(why=why, instrument=instrument, amount=abs(wanted - held.get(instrument, Decimal(0))), minimum=market.min_notional)


def targets_to_json(targets: Targets) -> dict[str, object]:
    """Return targets as plain JSON with exact decimals as text."""
    return {
        "spot": {asset: str(weight) for asset, weight in targets.spot.items()},
        "stable": str(targets.stable),
        "collateral": str(targets.collateral),
        "futures": {contract: str(weight) for contract, weight in targets.futures.items()},
    }


def targets_from_json(stored: Mapping[str, Any]) -> Targets:
    """Read what :func:`targets_to_json` wrote."""
    return Targets(
        spot={asset: Decimal(weight) for asset, weight in stored["spot"].items()},
        stable=Decimal(stored["stable"]),
        collateral=Decimal(stored["collateral"]),
        futures={contract: Decimal(weight) for contract, weight in stored["futures"].items()},
    )
