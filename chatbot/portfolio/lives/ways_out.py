"""What a person does about a coin without a market: leave it out, write it off, give it its new name or its new amount (domain 9.15).

Amounts, targets and the flow that tells of it are written in one transaction, or not at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import structlog

from chatbot.errors import NotEnoughMoney, Rejected, UserError
from chatbot.exchanges.abilities import Fundable, KeptByHand
from chatbot.exchanges.base import Holdings, Trade, is_perp
from chatbot.i18n import N_
from chatbot.model import Flow, FlowKind, Plan, PlanState
from chatbot.model.life import LeapAnswer, LeapWhy, StopKind, WayOut
from chatbot.portfolio import reserve
from chatbot.portfolio.amounts.undo import Undo
from chatbot.portfolio.flows import SETTLED, changed_facts
from chatbot.portfolio.lives import targets
from chatbot.portfolio.revision import revision_of
from chatbot.portfolio.stored import states
from chatbot.store import flows, plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.model import Portfolio, Strategy
    from chatbot.model.life import Leap, Stop
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.manage import Portfolios
    from chatbot.portfolio.markets import Markets
    from chatbot.store.database import Tx

_LOG = structlog.get_logger()
_ZERO = Decimal(0)
_KINDS = {
    WayOut.LEAVE_OUT: FlowKind.RESERVE,
    WayOut.WRITE_OFF: FlowKind.WRITTEN_OFF,
    WayOut.RENAME: FlowKind.RENAMED,
    WayOut.SPLIT: FlowKind.RENAMED,
    WayOut.SETTLE: FlowKind.SETTLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A coin or contract that is held and has no market, as its person decides about it."""

    asset: str
    #: all that is held of it; signed for a contract
    qty: Decimal
    #: what was paid for a contract, quote; None for a coin
    entry: Decimal | None = None
    #: what it counts at, quote; None: nobody knows
    price: Decimal | None
    #: why there is no market: the exchange says so, or the price is no price that a person has called true
    stop: Stop | None = None
    leap: Leap | None = None

    @property
    def value(self) -> Decimal | None:
        """Return what it counts for, quote: a contract its profit."""
        return None if self.price is None else self.qty * (self.price - (self.entry or _ZERO))

    def mark(self, to: str = "") -> str:
        """Return the word by which a button names the coin, the amount that was shown, and what it becomes."""
        facts = f"{self.asset} {self.qty.normalize()} {to}"
        return hashlib.sha256(facts.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to become of a coin, worked out and not done yet."""

    way: WayOut
    case: Case
    strategy: Strategy
    #: signed amounts that go and come
    changes: Mapping[str, Decimal]
    #: the new name, or the new amount; empty where there is neither
    to: str = ""
    #: price of what it becomes, quote; None where it becomes nothing, or has no price
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The question is over: the coin is traded again, another amount is held, or the settings have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A plan is being carried out, or waits half-way: its orders rest on the amounts."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is written down."""

    portfolio: Portfolio
    wish: Wish
    flow: Flow

    @property
    def can_be_undone(self) -> bool:
        """Tell whether one tap takes it back: not where a loss was more than the futures account could pay."""
        return any(way in self.flow.facts for way in ("before", "changes", SETTLED))


Outcome: TypeAlias = "Done | Busy | Gone"


class _StoppedError(Exception):
    """Something keeps it from being written; what was begun is rolled back."""

    def __init__(self, why: Busy | Gone) -> None:
        super().__init__(type(why).__name__)
        self.why = why


class WaysOut:
    """The use cases of a person with a coin that has no market."""

    def __init__(self, accounts: OpenAccounts, evaluator: Evaluator, markets: Markets, managing: Portfolios, clock: Clock) -> None:
        self._accounts = accounts
        self._evaluator = evaluator
        self._markets = markets
        self._managing = managing
        self._clock = clock

    async def cases(self, portfolio: Portfolio) -> tuple[Case, ...]:
        """Return the coins of a portfolio about which its person may decide, by name."""
        return cases_of(await self._evaluator.look(portfolio))

    async def case(self, portfolio: Portfolio, mark: str, to: str = "") -> Case | None:
        """Return the coin that a button names; None: it is traded again, or another amount is held."""
        return next((case for case in await self.cases(portfolio) if case.mark(to) == mark), None)

    async def wish(self, portfolio: Portfolio, way: WayOut, case: Case, to: str = "") -> Wish:
        """Work out what a way leads to. Raises :class:`UserError` where it leads nowhere."""
        evaluation = await self._evaluator.look(portfolio)
        strategy, gone = portfolio.strategy, {case.asset: -case.qty}
        if way is WayOut.LEAVE_OUT:
            kept = targets.left_out(strategy, case.asset)
            spot = evaluation.account.balances.spot if evaluation.account is not None else {}
            if not any(reserve.managed(kept, spot).values()):
                raise UserError(N_("That would leave nothing to keep in balance."))
            return Wish(way=way, case=case, strategy=kept, changes={})
        if way is WayOut.WRITE_OFF:
            return Wish(way=way, case=case, strategy=targets.without(strategy, case.asset), changes=gone)
        if way is WayOut.SETTLE:
            return Wish(way=way, case=case, strategy=strategy, changes={}, price=case.price)
        if way is WayOut.SPLIT:
            changes = {case.asset: Decimal(to) - case.qty}
            return Wish(way=way, case=case, strategy=strategy, changes=changes, to=to, price=case.price)
        await self._need_market(portfolio, case, to)
        price = await self._markets.of(portfolio).price(to)
        return Wish(
            way=way, case=case, strategy=targets.renamed(strategy, case.asset, to), changes={**gone, to: case.qty}, to=to, price=price
        )

    async def _need_market(self, portfolio: Portfolio, case: Case, new: str) -> None:
        """Raise :class:`UserError` for a new name under which nothing is traded."""
        exchange = await self._accounts.exchange(portfolio.id)
        market = (await exchange.markets()).get(new)
        if new in (case.asset, exchange.quote_asset) or is_perp(new) or market is None or not market.trading:
            raise UserError(N_("{name} is not traded here, so it can't be the new name of {coin}."), name=new, coin=case.asset)

    async def go(self, portfolio: Portfolio, wish: Wish) -> Outcome:
        """Do it, as it was shown: amounts, targets and the flow in one transaction."""
        evaluation = await self._evaluator.look(portfolio)
        if wish.case.mark() not in {case.mark() for case in cases_of(evaluation)}:
            return Gone()
        exchange = await self._accounts.exchange(portfolio.id)
        before = exchange.holdings if isinstance(exchange, KeptByHand) else None
        after = _after(exchange, before, wish) if isinstance(exchange, KeptByHand) and before is not None else None
        wallet = evaluation.account.balances.futures_wallet if evaluation.account is not None else _ZERO
        flow = _undoable(self._flow(portfolio, wish, evaluation), wish, before, after, wallet)
        done = [Done(portfolio=portfolio, wish=wish, flow=flow)]

        async def write(tx: Tx) -> None:
            done[0] = await self._write(tx, portfolio, wish, flow)

        try:
            if isinstance(exchange, KeptByHand) and before is not None and after is not None:
                await exchange.retype(before, after, write)
            elif wish.way is WayOut.LEAVE_OUT:
                await self._managing.together(write)
            elif not isinstance(exchange, Fundable):
                return Gone()  # an exchange keeps this account: it sees by itself what becomes of a coin
            elif wish.way is WayOut.SETTLE and wish.price is not None:
                await exchange.settle(wish.case.asset, wish.price, write)
            else:
                await exchange.receive(wish.changes, write)
        except (NotEnoughMoney, Rejected):
            return Gone()
        except _StoppedError as stopped:
            return stopped.why
        self._managing.tell_changed(portfolio.id)
        _LOG.info("coin without a market", portfolio=portfolio.id, coin=wish.case.asset, way=str(wish.way), to=wish.to)
        return done[0]

    async def _write(self, tx: Tx, shown: Portfolio, wish: Wish, flow: Flow) -> Done:
        latest, plan = await portfolios.get(tx, shown.id), await plans.open_plan(tx, shown.id)
        if latest is None or not latest.is_open or revision_of(latest) != revision_of(shown):
            raise _StoppedError(Gone())
        if plan is not None and plan.state is not PlanState.PROPOSED:
            raise _StoppedError(Busy(plan=plan))
        before = await states.read(tx, shown.id)
        await self._managing.end_card(tx, shown.id)
        changed = await self._managing.change_in(tx, latest, strategy=wish.strategy)
        if wish.way is WayOut.SPLIT and wish.case.leap is not None:
            await self._settle(tx, latest, wish.case.leap)
        targets = (latest.strategy, changed.strategy) if changed.strategy != latest.strategy else None
        undo = Undo(targets=targets, rows=states.answered(before, await states.read(tx, shown.id)))
        return Done(portfolio=changed, wish=wish, flow=await flows.add(tx, replace(flow, facts=flow.facts | undo.facts())))

    async def _settle(self, tx: Tx, portfolio: Portfolio, leap: Leap) -> None:
        """Take the price of a leap for true: the amount is now the one that fits it."""
        before = await states.read(tx, portfolio.id)
        said = LeapAnswer(why=LeapWhy.TRUE, at=self._evaluator.market_time(portfolio, self._clock.now()), price=leap.after)
        await states.write(tx, portfolio.id, before, replace(before, leaps={**before.leaps, leap.asset: said}))

    def _flow(self, portfolio: Portfolio, wish: Wish, evaluation: Evaluation) -> Flow:
        """Return what is written of it: what is left out has left the value; what is worth nothing any more is a loss, and no flow."""
        value = evaluation.figures.value if evaluation.figures is not None else None
        amount: Decimal | None = _ZERO
        if wish.way is WayOut.LEAVE_OUT:
            amount = None if wish.case.value is None else -wish.case.value
        facts = {"coin": wish.case.asset, "qty": str(wish.case.qty), "to": wish.to}
        if wish.case.price is not None:
            facts["price"] = str(wish.case.price)
        return Flow(portfolio_id=portfolio.id, at=self._clock.now(), kind=_KINDS[wish.way], value=value, amount=amount, facts=facts)


def _undoable(flow: Flow, wish: Wish, before: Holdings | None, after: Holdings | None, wallet: Decimal) -> Flow:
    """Return a flow that tells how the amounts are put back; ``wallet`` is the futures account's, quote."""
    if before is not None and after is not None:
        return replace(flow, facts=flow.facts | changed_facts(before, after))
    case = wish.case
    if wish.way is WayOut.SETTLE:
        is_paid = case.price is not None and case.entry is not None and wallet + (case.value or _ZERO) >= 0
        facts = {SETTLED: [case.asset, str(case.qty), str(case.entry), str(case.price)]} if is_paid else {}
        return replace(flow, facts=flow.facts | facts)
    return replace(flow, facts=flow.facts | {"changes": {asset: str(qty) for asset, qty in wish.changes.items()}})


def _after(exchange: KeptByHand, before: Holdings, wish: Wish) -> Holdings:
    """Return what is held once a wish is done; a loss that the futures account cannot pay stays with the exchange."""
    if wish.way is not WayOut.SETTLE or wish.price is None:
        spot = {**before.spot, **{asset: before.spot.get(asset, _ZERO) + qty for asset, qty in wish.changes.items()}}
        return replace(before, spot={asset: qty for asset, qty in spot.items() if qty})
    held, _ = exchange.traded([Trade(instrument=wish.case.asset, qty=-wish.case.qty, price=wish.price)])
    return held if held.positions else replace(held, futures_wallet=max(_ZERO, held.futures_wallet))


def is_decided(stop: Stop) -> bool:
    """Tell whether its person may decide about it: a contract comes back, unless it is gone, and a gone one was closed at a price."""
    return not is_perp(stop.instrument) or (stop.kind is StopKind.GONE and stop.price is not None)


def cases_of(evaluation: Evaluation) -> tuple[Case, ...]:
    """Return the coins that are held and have no market: by the exchange's list, or by a price that nobody has called true."""
    if evaluation.account is None:
        return ()
    spot = evaluation.account.balances.spot
    found: dict[str, Case] = {}
    for problem in evaluation.problems:
        if problem.leap is not None and (qty := spot.get(problem.leap.asset)):
            found[problem.leap.asset] = Case(asset=problem.leap.asset, qty=qty, price=problem.leap.after, leap=problem.leap)
    for stop in evaluation.held_stops:
        if qty := spot.get(stop.instrument):
            leap = found[stop.instrument].leap if stop.instrument in found else None
            found[stop.instrument] = Case(asset=stop.instrument, qty=qty, price=stop.price, stop=stop, leap=leap)
    for position in evaluation.account.positions:
        over = evaluation.stops.get(position.instrument)
        if over is not None and is_decided(over):
            found[position.instrument] = Case(
                asset=position.instrument, qty=position.qty, entry=position.entry, price=over.price, stop=over
            )
    return tuple(found[asset] for asset in sorted(found))
