"""From an evaluated portfolio to a numbered plan: targets, the engine's block, and its legs in words' reach."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.cash import PEG_MARGIN, is_spendable
from chatbot.engine.errors import Refused
from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.completion import BetaGoal, target_beta
from chatbot.engine.planner.plan import plan
from chatbot.engine.planner.scoped import scoped_plan
from chatbot.engine.planner.smallest_trade import MIN_TRADE, MIN_TRADE_BPS
from chatbot.engine.portfolio import INDEX, hold_out
from chatbot.engine.targets import Targets
from chatbot.exchanges.base import asset_of
from chatbot.model import (
    INFO,
    NO_REASON,
    Cause,
    LeftOut,
    LeftOutWhy,
    Leg,
    LegKind,
    Plan,
    PlanState,
    Portfolio,
    Problem,
    Reason,
    takes_at_once,
)
from chatbot.plans import intended_mix
from chatbot.plans.costs import fee_rates, fees_of
from chatbot.plans.outcomes import CannotEvaluate, NothingToDo, SmallDifference
from chatbot.portfolio import targets as targeting
from chatbot.portfolio import valuation
from chatbot.portfolio.evaluation import measured
from chatbot.triggers import causes, held_targets, market, tilt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from chatbot.engine.portfolio import Snapshot
    from chatbot.exchanges.base import Quote
    from chatbot.model import PortfolioFigures
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.layers import Effective

#: causes whose plans aim at every line and contract (domain 9.13)
OF_EVERYTHING = frozenset({Cause.DRIFT, Cause.SCHEDULE, Cause.MANUAL, Cause.EVERYTHING, Cause.START, Cause.TARGETS, Cause.AGAIN})
#: the flag of a block whose index contract makes up for what could not be done
_COMPLETED = "beta_completion"
#: where a plan's targets tell what each of its triggers would have traded alone
ALONE = "alone"
_SEVERAL = 2
#: this share of the portfolio off its target is told where no order does anything about it
_WELL_OFF = Decimal("0.01")


def drafted(
    evaluation: Evaluation,
    reasons: tuple[Reason, ...],
    *,
    at: tuple[datetime, datetime],
    joined: datetime,
    costs: Mapping[str, Decimal] | None,
    expiry: timedelta,
) -> Plan | NothingToDo | CannotEvaluate:
    """Return the plan that an evaluated portfolio gets for ``reasons``, or why there is none; raises ``engine.errors.Refused``.

    ``at`` is now, by the process and by the market; ``joined`` the market time at which the portfolio was opened; ``costs`` by line
    what trading it costs, None where all count alike.
    """
    if evaluation.snapshot is None or evaluation.figures is None:
        return CannotEvaluate(portfolio=evaluation.portfolio, problems=evaluation.problems)
    portfolio, figures, (now, market_now) = evaluation.portfolio, evaluation.figures, at
    if any(reason.trigger is Cause.MARGIN for reason in reasons):
        evaluation = beside_untargeted(evaluation, joined)
    elif asked := open_questions(evaluation):
        return CannotEvaluate(portfolio=portfolio, problems=asked)
    evaluation, tilts = tilt.for_block(evaluation, market_now)
    targets = targets_for(evaluation, costs)
    block = block_for(evaluation, targets, (*reasons, *tilts))
    if block.empty:
        undone = left_out(block, evaluation, targets)
        named = {left.instrument for left in undone}
        undone += tuple(left for left in too_small(evaluation, targets) if left.instrument not in named)
        small = small_difference(evaluation, targets) if any(reason.trigger is Cause.MANUAL for reason in reasons) else None
        return NothingToDo(portfolio=portfolio, figures=figures, left_out=undone, small=small)
    told = market.aged(tilt.told(reasons, tilts), market_now)
    made = draft(evaluation, targets, block, told, now=now, expiry=expiry)
    named_too = _named_and_small(evaluation, targets, made, reasons)
    return replace(made, left_out=(*made.left_out, *named_too), standing=held_targets.beside(told, evaluation))


def _named_and_small(evaluation: Evaluation, targets: Targets, made: Plan, reasons: Iterable[Reason]) -> tuple[LeftOut, ...]:
    """Return the coins that a plan is about and that are too small to be traded: its card says why they stay.

    One that aims at everything is about all of them, any other about those that its signals name.
    """
    aims_at_all = any(reason.trigger in OF_EVERYTHING for reason in reasons)
    named = {reason.line for reason in reasons if reason.trigger in INFO}
    there = {leg.instrument for leg in made.legs} | {left.instrument for left in made.left_out}
    small = (left for left in too_small(evaluation, targets) if left.instrument not in there)
    return tuple(left for left in small if aims_at_all or left.instrument in named)


def targets_for(evaluation: Evaluation, costs: Mapping[str, Decimal] | None = None) -> Targets:
    """Return the targets that a plan aims at: the effective ones, or the cheapest point inside the bands (domain 3.3, 9.2, 9.10)."""
    if evaluation.held is None or evaluation.effective is None:
        raise ValueError("a portfolio that cannot be evaluated has no targets")
    return targeting.destination(evaluation.held, evaluation.portfolio.strategy, evaluation.effective, costs)


def block_for(evaluation: Evaluation, targets: Targets, reasons: tuple[Reason, ...]) -> Block:
    """Plan on an evaluated portfolio inside the scope of ``reasons`` (domain 9.13); raises ``engine.errors.Refused``."""
    if evaluation.snapshot is None or evaluation.held is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    converted = convertible(evaluation)
    line_of = evaluation.portfolio.strategy.line_of
    urgent = takes_at_once(reasons, by_hand=evaluation.portfolio.is_by_hand)
    return scoped_plan(
        *_given(evaluation, evaluation.snapshot, targets, converted, urgent=urgent),
        causes=causes.block_causes(evaluation, reasons),
        lines={holding.asset: frozenset({line_of(holding.asset)}) for holding in evaluation.snapshot.spot},
        moved=causes.moved(evaluation, reasons),
        outside=causes.outside(evaluation),
        started=valuation.has_begun(evaluation.held),
        completion=_beta_goal(evaluation),
        convertible=converted,
    )


def literal_block(evaluation: Evaluation, targets: Targets, *, least: Decimal | None = None) -> Block:
    """Plan exactly the legs that lead to ``targets`` at the value before fees, as for a hedge; raises ``engine.errors.Refused``.

    ``least`` is the smallest trade, quote; None: the usual.
    """
    if evaluation.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    return plan(*_given(evaluation, evaluation.snapshot, targets, frozenset(), literal=True, least=least))


def _given(
    evaluation: Evaluation,
    snapshot: Snapshot,
    targets: Targets,
    converted: frozenset[str],
    *,
    literal: bool = False,
    least: Decimal | None = None,
    urgent: bool = False,
) -> tuple[Snapshot, Targets, Mapping[str, Rules], Fees, Config, frozenset[str]]:
    """Return what the planner is given of a portfolio and its market."""
    strategy, used = evaluation.portfolio.strategy, {*targets.spot, *targets.futures, *converted}
    markets = {name: market for name, market in evaluation.markets.items() if name in used}
    config = Config(
        gross_cap=strategy.gross_cap,
        sleeve_cap=strategy.sleeve_cap,
        cash_buffer=valuation.unconverted(snapshot, converted),
        fee_aware=not literal,
        min_trade=MIN_TRADE if least is None else least,
        min_trade_bps=MIN_TRADE_BPS if least is None else least,
    )
    rests = evaluation.portfolio.is_by_hand  # who trades by hand has the time
    rules = {
        name: Rules(tick=market.tick, lot=market.lot, min_notional=market.min_notional, takes=urgent or not (rests or market.waiting_pays))
        for name, market in markets.items()
    }
    halted = frozenset(name for name, market in markets.items() if not market.trading)
    return snapshot, targets, rules, fee_rates(markets), config, halted


def open_questions(evaluation: Evaluation) -> tuple[Problem, ...]:
    """Return what the person must say before anything is planned.

    What becomes of coins without a target, and of targets whose coins would disappear in what is kept out as they are bought.
    """
    if evaluation.figures is None or evaluation.snapshot is None:
        return ()
    strategy = evaluation.portfolio.strategy
    held = {one.asset: one.qty for one in evaluation.snapshot.kept}
    short = [asset for asset in strategy.spot_assets if (wish := strategy.kept.get(asset)) and wish > held.get(asset, Decimal(0))]
    return (
        *(Problem(code="missing_target", instrument=asset) for asset in evaluation.figures.untargeted),
        *(Problem(code="kept_short", instrument=asset) for asset in short),
    )


def beside_untargeted(evaluation: Evaluation, joined: datetime) -> Evaluation:
    """Return the portfolio as if its coins without a target were kept out: margin in danger does not wait for an answer about them."""
    if evaluation.figures is None or evaluation.snapshot is None or not evaluation.figures.untargeted:
        return evaluation
    asked: dict[str, Decimal | None] = dict.fromkeys(evaluation.figures.untargeted)
    strategy = replace(evaluation.portfolio.strategy, kept={**evaluation.portfolio.strategy.kept, **asked})
    seen = replace(evaluation, portfolio=replace(evaluation.portfolio, strategy=strategy))
    return measured(seen, hold_out(evaluation.snapshot, asked), evaluation.betas, joined)


def small_difference(evaluation: Evaluation, targets: Targets) -> SmallDifference | None:
    """Return what is furthest off of all that a plan without a mind for small things would trade; raises ``engine.errors.Refused``."""
    block = block_for(evaluation, targets, (Reason(trigger=Cause.EVERYTHING),))
    largest = max(block.orders, key=lambda order: order.notional, default=None)
    return None if largest is None else SmallDifference(instrument=largest.instrument, weight=largest.notional / block.value_before)


def convertible(evaluation: Evaluation) -> frozenset[str]:
    """Return the dollars that a plan may sell for the quote coin where its buys need more (domain 9.5).

    They are on their peg, trade here, and their bid and ask stand close together.
    """
    if evaluation.snapshot is None:
        return frozenset()
    others = [coin for coin in evaluation.snapshot.cash[1:] if coin.qty and is_spendable(coin.asset, coin.price)]
    return frozenset(coin.asset for coin in others if _trades_closely(evaluation, coin.asset))


def _trades_closely(evaluation: Evaluation, asset: str) -> bool:
    market, quote = evaluation.markets.get(asset), evaluation.quotes.get(asset)
    return market is not None and market.trading and quote is not None and quote.ask - quote.bid <= PEG_MARGIN * quote.mid


def _beta_goal(evaluation: Evaluation) -> BetaGoal | None:
    """Return the beta that the effective targets mean, for a strategy that has futures to reach it with (domain 9.3).

    None while a coin or contract that is not traded stands off its target: no other instrument stands in for it (domain 0).
    """
    if (
        evaluation.effective is None
        or INDEX not in evaluation.portfolio.strategy.contracts
        or _stands_off(evaluation, evaluation.effective)
    ):
        return None
    underlying = {contract: asset_of(contract) for contract in evaluation.effective.targets.futures}
    goal = target_beta(evaluation.effective.targets, evaluation.betas, underlying)
    hedged = any(hedge.contract == INDEX and not hedge.closed for hedge in evaluation.layers.hedges)
    return BetaGoal(goal=goal, betas=evaluation.betas, index=INDEX, sells_only=hedged)


def _stands_off(evaluation: Evaluation, effective: Effective) -> bool:
    """Tell whether something that is not traded is away from its target by as much as an order is worth."""
    held = evaluation.held
    if held is None:
        return False
    here = {**held.by_asset, **held.book}
    for name, target in (*effective.targets.spot.items(), *effective.targets.futures.items()):
        market, quote = evaluation.markets.get(name), evaluation.quotes.get(name)
        if (market is not None and market.trading) or quote is None or name == INDEX:
            continue
        if abs(target * held.value - here.get(name, Decimal(0))) >= valuation.smallest_trade(held.value, market, quote.price):
            return True
    return False


def left_out(block: Block, evaluation: Evaluation, targets: Targets) -> tuple[LeftOut, ...]:
    """Return what a block leaves undone of what was wanted, and why."""
    flagged = (_left_out(flag, evaluation, targets) for flag in block.flags if flag != _COMPLETED)
    return (*flagged, *_waiting(evaluation), *_postponed(evaluation, targets))


def too_small(evaluation: Evaluation, targets: Targets) -> tuple[LeftOut, ...]:
    """Name what stands well off its target and is too little for an order all the same, as in a small portfolio."""
    held = evaluation.held
    if held is None:
        return ()
    here, found = {**held.by_asset, **held.book}, []
    for name, target in (*targets.spot.items(), *targets.futures.items()):
        market, quote = evaluation.markets.get(name), evaluation.quotes.get(name)
        off = abs(target * held.value - here.get(name, Decimal(0)))
        if market is None or quote is None or not market.trading or off < _WELL_OFF * held.value:
            continue
        least = valuation.smallest_trade(held.value, market, quote.price)
        if off < market.min_notional:
            found.append(LeftOut(why=LeftOutWhy.BELOW_MINIMUM, instrument=name, amount=off, minimum=market.min_notional))
        elif off < least:
            found.append(LeftOut(why=LeftOutWhy.SMALL, instrument=name, amount=off, minimum=least))
    return tuple(found)


def _waiting(evaluation: Evaluation) -> tuple[LeftOut, ...]:
    """Name the coins that can be bought no more and whose line has nothing else: its target waits as cash."""
    strategy, figures = evaluation.portfolio.strategy, evaluation.figures
    waiting = figures.waiting if figures is not None else {}
    dead = [name for name in sorted(evaluation.stops) if name in strategy.spot_assets and strategy.line_of(name) in waiting]
    return tuple(LeftOut(why=LeftOutWhy.HALTED, instrument=name) for name in dead)


def draft(evaluation: Evaluation, targets: Targets, block: Block, reasons: tuple[Reason, ...], *, now: datetime, expiry: timedelta) -> Plan:
    """Return the plan that is stored and shown; id and number are given by the journal."""
    if evaluation.figures is None or evaluation.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    portfolio: Portfolio = evaluation.portfolio
    legs = legs_of(block, evaluation.quotes, evaluation.portfolio.quote)
    after = figures_after(evaluation, legs)
    return Plan(
        id=0,
        number=0,
        portfolio_id=portfolio.id,
        mode=portfolio.mode,
        watched=portfolio.is_watched,
        state=PlanState.PROPOSED,
        reasons=(*reasons, Reason(trigger=Cause.BETA, line=INDEX)) if _COMPLETED in block.flags else reasons,
        before=evaluation.figures,
        after=after,
        legs=legs,
        left_out=left_out(block, evaluation, targets),
        fees=fees_of(legs, evaluation.markets),
        prices={name: quote.price for name, quote in evaluation.quotes.items()},
        targets=targets_to_json(targets)
        | intended_mix.on_plan(evaluation, targets, block.value_target, legs)
        | {ALONE: _alone(evaluation, targets, reasons)},
        created_at=now,
        expires_at=now + expiry,
    )


def _alone(evaluation: Evaluation, targets: Targets, reasons: tuple[Reason, ...]) -> dict[str, dict[str, str]]:
    """Return what each of several triggers would trade alone, signed base units as text: what its trades bring is split by it (12.4)."""
    triggers = dict.fromkeys(reason.trigger for reason in reasons if reason.trigger not in NO_REASON)
    if len(triggers) < _SEVERAL:
        return {}
    found: dict[str, dict[str, str]] = {}
    for trigger in triggers:
        try:
            block = block_for(evaluation, targets, tuple(reason for reason in reasons if reason.trigger is trigger))
        except Refused:
            return {}
        found[trigger.value] = {order.instrument: f"{order.qty if order.side == 'buy' else -order.qty:f}" for order in block.orders}
    return found


def figures_after(evaluation: Evaluation, legs: Iterable[Leg]) -> PortfolioFigures:
    """Return what the portfolio looks like once these legs are filled at their valuation prices."""
    if evaluation.snapshot is None:
        raise ValueError("a portfolio that cannot be evaluated has no shape")
    after = valuation.value_of(valuation.after_legs(evaluation.snapshot, legs, evaluation.markets), evaluation.portfolio.strategy)
    return valuation.figures(after, evaluation.portfolio.strategy, evaluation.markets, evaluation.betas, evaluation.effective)


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


def _left_out(flag: str, evaluation: Evaluation, targets: Targets) -> LeftOut:
    """Translate a flag of domain 9.12 into what the person is told."""
    word, _, instrument = flag.partition(":")
    why = LeftOutWhy(word)
    market = evaluation.markets.get(instrument)
    if why is not LeftOutWhy.BELOW_MINIMUM or evaluation.held is None or market is None:
        return LeftOut(why=why, instrument=instrument)
    held = {**evaluation.held.by_asset, **evaluation.held.book}
    wanted = targets.spot.get(instrument, targets.futures.get(instrument, Decimal(0))) * evaluation.held.value
    return LeftOut(why=why, instrument=instrument, amount=abs(wanted - held.get(instrument, Decimal(0))), minimum=market.min_notional)


def _postponed(evaluation: Evaluation, targets: Targets) -> tuple[LeftOut, ...]:
    """Say that the turnover budget ended the way to the targets, where it did."""
    limit = targeting.stopped_early(evaluation.held, evaluation.portfolio.strategy, targets) if evaluation.held is not None else None
    return () if limit is None else (LeftOut(why=LeftOutWhy.TURNOVER, amount=limit),)


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
