"""From an evaluated portfolio to a numbered plan: targets, the engine's block, and its legs in words' reach."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.exact import wide
from chatbot.engine.planner import plan as planner
from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.completion import BetaGoal, target_beta
from chatbot.engine.portfolio import INDEX
from chatbot.engine.targets import Targets
from chatbot.exchanges.base import asset_of
from chatbot.model import Cause, LeftOut, Leg, LegKind, Plan, PlanState, Portfolio, Reason
from chatbot.portfolio import targets as targeting
from chatbot.portfolio import valuation as readings
from chatbot.triggers import margin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from chatbot.exchanges.base import Market, Quote
    from chatbot.model import Shape
    from chatbot.portfolio.evaluation import Evaluation


#: the flag of a block whose index contract makes up for what could not be done
_COMPLETED = "beta_completion"
#: shares of a bucket are cut here
_STEP = Decimal("1e-12")


def targets_for(found: Evaluation, costs: Mapping[str, Decimal] | None = None) -> Targets:
    """Return the targets that a plan aims at: the effective ones, or the cheapest point inside the bands (domain 3.3, 9.2, 9.10)."""
    if found.held is None or found.effective is None:
        raise ValueError("a portfolio that cannot be evaluated has no targets")
    return drop_tiny_trades(found, targeting.destination(found.held, found.portfolio.strategy, found.effective, costs))


def drop_tiny_trades(found: Evaluation, targets: Targets) -> Targets:
    """Return targets that leave a coin where it is when its difference is too small for an order, and let its bucket make up for it.

    With ``keep_mix`` the small differences that a plan leaves would be shared out again at the next look, over coins that just stood
    on their targets (domain 2.3, 9.5). Coins with fixed shares, such as those that a spike has cut, are left alone, and so are those
    that are sold off or halted.
    """
    held = found.held
    if held is None:
        return targets
    strategy = found.portfolio.strategy
    least = {h.asset: readings.smallest_trade(held.value, found.markets.get(h.asset), h.price) for h in held.snapshot.spot}
    buckets: dict[str, list[str]] = {}
    for asset, t in targets.spot.items():
        line, market = strategy.line_of(asset), found.markets.get(asset)
        if t and line != asset and asset not in found.layers.anchors and market is not None and market.trading:
            buckets.setdefault(line, []).append(asset)
    spot = dict(targets.spot)
    for assets in buckets.values():
        bucket = {asset: spot[asset] for asset in assets}
        small = {asset for asset, t in bucket.items() if abs(t * held.value - held.by_asset[asset]) < least[asset]}
        spot |= _shifted(bucket, {asset: held.by_asset[asset] / held.value for asset in small})
    return replace(targets, spot=spot)


def _shifted(bucket: dict[str, Decimal], small: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return the targets of a bucket's coins with their sum unchanged and the ``small`` ones where they are; {} where it cannot be."""
    large = sorted(bucket.keys() - small.keys(), key=lambda asset: (bucket[asset], asset))
    if not small or not large:
        return {}
    with wide():
        kept = {asset: weight.quantize(_STEP, ROUND_DOWN) for asset, weight in small.items()}
        rest = sum(bucket.values(), Decimal(0)) - sum(kept.values(), Decimal(0))
        whole = sum((bucket[asset] for asset in large), Decimal(0))
        moved = {asset: (rest * bucket[asset] / whole).quantize(_STEP, ROUND_DOWN) for asset in large}
        moved[large[-1]] += rest - sum(moved.values(), Decimal(0))
    return {**kept, **moved} if rest >= 0 else {}


def block_for(found: Evaluation, targets: Targets, *, literal: bool = False) -> Block:
    """Run the planner of domain 9 on an evaluated portfolio; raises ``engine.errors.Refused``.

    ``literal`` trades to the targets at the value before fees: what is wanted are exactly these legs, as for a hedge.
    """
    if found.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    strategy = found.portfolio.strategy
    used = {*targets.spot, *targets.futures}
    rules = {
        name: Rules(tick=market.tick, lot=market.lot, min_notional=market.min_notional)
        for name, market in found.markets.items()
        if name in used
    }
    return planner.plan(
        found.snapshot,
        targets,
        rules,
        _fees(found.markets, used),
        Config(gross_cap=strategy.gross_cap, sleeve_cap=strategy.sleeve_cap, fee_aware=not literal),
        frozenset(name for name in used if name in found.markets and not found.markets[name].trading),
        completion=None if literal else _beta_goal(found),
        emergency=margin.is_urgent(found),
    )


def _beta_goal(found: Evaluation) -> BetaGoal | None:
    """Return the beta that the effective targets mean, for a strategy that has futures to reach it with (domain 9.3)."""
    if found.effective is None or INDEX not in found.portfolio.strategy.contracts:
        return None
    underlying = {contract: asset_of(contract) for contract in found.effective.targets.futures}
    goal = target_beta(found.effective.targets, found.betas, underlying)
    return BetaGoal(goal=goal, betas=found.betas, index=INDEX)


def _fees(markets: Mapping[str, Market], used: set[str]) -> Fees:
    """Return the taker fees, the dearer side: a plan never promises more than it can pay for."""
    spot = [m.taker_fee for name, m in markets.items() if name in used and not name.endswith("-PERP")]
    futures = [m.taker_fee for name, m in markets.items() if name in used and name.endswith("-PERP")]
    return Fees(spot=max(spot, default=Decimal(0)), futures=max(futures, default=Decimal(0)))


def draft(found: Evaluation, targets: Targets, block: Block, reasons: tuple[Reason, ...], *, now: datetime, expiry: timedelta) -> Plan:
    """Return the plan that is stored and shown; id and number are given by the journal."""
    if found.shape is None or found.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    portfolio: Portfolio = found.portfolio
    legs = legs_of(block, found.quotes, _quote_asset(found))
    after = shape_after(found, legs)
    return Plan(
        id=0,
        number=0,
        portfolio_id=portfolio.id,
        mode=portfolio.mode,
        state=PlanState.PROPOSED,
        reasons=(*reasons, Reason(trigger=Cause.BETA, line=INDEX)) if _COMPLETED in block.flags else reasons,
        before=found.shape,
        after=after,
        legs=legs,
        left_out=(*(_left_out(flag, found, targets) for flag in block.flags if flag != _COMPLETED), *_postponed(found, targets)),
        fees=block.fees,
        prices={name: quote.price for name, quote in found.quotes.items()},
        targets=targets_to_json(targets),
        created_at=now,
        expires_at=now + expiry,
    )


def shape_after(found: Evaluation, legs: Iterable[Leg]) -> Shape:
    """Return what the portfolio looks like once these legs are filled at their valuation prices."""
    if found.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no shape")
    after = readings.value_of(readings.after_legs(found.snapshot, legs, found.markets), found.portfolio.strategy)
    return readings.shape(after, found.portfolio.strategy, found.markets, found.betas, found.effective)


def _quote_asset(found: Evaluation) -> str:
    return found.account.quote_asset if found.account else "USDT"


def legs_of(block: Block, quotes: Mapping[str, Quote], quote_asset: str) -> tuple[Leg, ...]:
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
    legs.sort(key=lambda leg: block.legs.index(leg.kind))
    return tuple(replace(leg, index=index) for index, leg in enumerate(legs))


def _left_out(flag: str, found: Evaluation, targets: Targets) -> LeftOut:
    """Translate a flag of domain 9.12 into what the person is told."""
    why, _, instrument = flag.partition(":")
    market = found.markets.get(instrument)
    if why != "below_minimum" or found.held is None or market is None:
        return LeftOut(why=why, instrument=instrument)
    held = {**found.held.by_asset, **found.held.book}
    wanted = targets.spot.get(instrument, targets.futures.get(instrument, Decimal(0))) * found.held.value
    return LeftOut(why=why, instrument=instrument, amount=abs(wanted - held.get(instrument, Decimal(0))), minimum=market.min_notional)


def _postponed(found: Evaluation, targets: Targets) -> tuple[LeftOut, ...]:
    """Say that the turnover budget ended the way to the targets, where it did."""
    limit = targeting.stopped_early(found.held, found.portfolio.strategy, targets) if found.held is not None else None
    return () if limit is None else (LeftOut(why="turnover", amount=limit),)


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
