"""Plans that a person carries out by hand: what they say was done is believed, whatever prices did since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import structlog

from chatbot.alerts import write
from chatbot.errors import Rejected
from chatbot.exchanges.abilities import KeptByHand, Recorded
from chatbot.exchanges.base import Holdings, Trade, is_perp
from chatbot.hedges import ending, life
from chatbot.model import Flow, FlowKind, Leg, LegKind, LegState, MessageKind, PlanState
from chatbot.plans import intended_mix
from chatbot.plans.outcomes import Confirmed, SeenInPart
from chatbot.portfolio.amounts.differences import Typed
from chatbot.portfolio.amounts.undo import Undo
from chatbot.portfolio.flows import NoEntry, noted_facts
from chatbot.portfolio.stored import states
from chatbot.store import accounts, events, messages, plans
from chatbot.store import flows as stored_flows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Market
    from chatbot.model import Plan, Portfolio
    from chatbot.model.flow import Entry
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.flows import Corrected, Flows
    from chatbot.portfolio.states import PortfolioStates
    from chatbot.store.database import Database, Tx

_LOG = structlog.get_logger()
#: what such a card says stays true until the next one comes; nobody minds a card of last month
LASTS: Final = timedelta(days=30)
_ZERO: Final = Decimal(0)
#: who has traded so much of a leg has done it: prices and steps of the exchange's own app differ a little
_ALL: Final = Decimal("0.99")


class _LateError(Exception):
    """Somebody was quicker; what was begun is rolled back."""


class ByHand:
    """The use case behind All done, and Done, other amounts: amounts, legs, hedges and the plan's end in one transaction."""

    def __init__(self, db: Database, accounts: OpenAccounts, evaluator: Evaluator, flows: Flows, clock: Clock) -> None:
        self._db = db
        self._accounts = accounts
        self._evaluator = evaluator
        self._flows = flows
        self._clock = clock

    async def all_done(self, plan: Plan, portfolio: Portfolio, person_id: int) -> Confirmed | None:
        """Note a plan as carried out just as its card says; None: it was answered already."""
        outcome = await self.note(plan, portfolio, person_id, Typed())
        return outcome if isinstance(outcome, Confirmed) else None

    async def seen(self, plan: Plan, portfolio: Portfolio, person_id: int, *, is_all: bool) -> Confirmed | SeenInPart | None:
        """Note a plan as carried out as its exchange shows it; None: it was answered already. Raises ``ExchangeError``.

        What was traded since the card was made counts. Where that is less than the card has, nothing is noted unless it ``is_all``.
        """
        exchange = await self._accounts.exchange(portfolio.id)
        if not isinstance(exchange, Recorded) or plan.state is not PlanState.PROPOSED:
            return None
        kept = [leg for leg in plan.legs if leg.state is not LegState.DROPPED]
        names = {leg.instrument for leg in kept if not leg.is_transfer}
        legs = as_seen(plan.legs, await exchange.history(plan.created_at, names), await exchange.markets())
        short = [was for was, leg in zip(plan.legs, legs, strict=True) if was in kept and leg.qty < was.qty * _ALL]
        found = SeenInPart(plan=plan, legs=legs)
        if found.is_nothing or (not is_all and (short or any(leg.state is LegState.DROPPED for leg in legs if leg.index in _of(kept)))):
            return found
        done = replace(plan, legs=legs)
        try:
            async with self._db.transaction() as tx:
                await self._write(tx, plan, done, person_id, None, None)
        except _LateError:
            return None
        return await self._measured(done, portfolio)

    async def note(self, plan: Plan, portfolio: Portfolio, person_id: int, named: Typed) -> Confirmed | NoEntry | None:
        """Note a plan as carried out at its card's prices, with the amounts that its person names; None: it was answered already."""
        exchange = await self._accounts.exchange(portfolio.id)
        if not isinstance(exchange, KeptByHand) or plan.state is not PlanState.PROPOSED:
            return None
        before = exchange.holdings
        legs, noted = _filled(as_done(plan, before, named), exchange, await exchange.markets())
        done = replace(plan, legs=legs)
        named = _made_up(noted, named)
        drafted = await self._flows.draft(portfolio, noted, named, done) if named != Typed() else None
        if isinstance(drafted, NoEntry):
            return drafted

        worth = (await self._evaluator.look(portfolio)).figures
        flow = Flow(
            portfolio_id=portfolio.id,
            at=self._clock.now(),
            kind=FlowKind.PLAN,
            value=worth.value if worth is not None else None,
            amount=_ZERO,
            facts=noted_facts(plan, before, noted),
        )

        async def also(tx: Tx) -> None:
            await self._write(tx, plan, done, person_id, flow, drafted)

        try:
            await exchange.retype(before, drafted.after if drafted is not None else noted, also)
        except (Rejected, _LateError):
            return None
        return await self._measured(done, portfolio)

    async def _measured(self, done: Plan, portfolio: Portfolio) -> Confirmed:
        figures = (await self._evaluator.look(portfolio)).figures
        async with self._db.transaction() as tx:
            if figures is not None:
                await plans.set_state(tx, done.id, PlanState.DONE, self._clock.now(), figures)
            return Confirmed(plan=await plans.plan(tx, done.id) or done)

    async def _write(self, tx: Tx, plan: Plan, done: Plan, person_id: int, noted: Flow | None, correction: Corrected | None) -> None:
        now = self._clock.now()
        if not await plans.decide(tx, done.id, PlanState.CONFIRMED, now):
            raise _LateError
        for leg in done.legs:
            await plans.save_leg(tx, done.id, leg)
        await plans.set_state(tx, done.id, PlanState.DONE, now)
        await events.add_event(tx, done.id, None, "noted", {"person": person_id}, now)
        before = await states.read(tx, done.portfolio_id)
        after = _remembered(replace(before, mix=intended_mix.confirmed(before.mix, plan)), done)
        await states.write(tx, done.portfolio_id, before, after)
        if noted is not None:
            undo = Undo(rows=states.answered(before, after), plan_id=plan.id, legs=plan.legs)
            await stored_flows.add(tx, replace(noted, facts=noted.facts | undo.facts()))
        await write.redraw_card(tx, done, now, f"noted-{now.isoformat()}")
        if correction is not None:
            flow = await stored_flows.add(tx, correction.flow)
            person = await accounts.person(tx, person_id)
            facts = {"portfolio_id": done.portfolio_id, "flow_id": flow.id}
            if person is not None and (correction.changes or correction.asks):
                await messages.ring(tx, person.chat_id, MessageKind.AMOUNTS, facts, key=f"amounts-{done.id}-{flow.id}", now=now)
        _LOG.info("plan noted as done", plan=done.id, portfolio=done.portfolio_id, corrected=correction is not None)


def _made_up(noted: Holdings, named: Typed) -> Typed:
    """Return the amounts with 0 for what a plan took more of than there was: it came from somewhere, and nobody has less than nothing."""
    short = {asset: _ZERO for asset, qty in noted.spot.items() if qty < 0}
    wallet = _ZERO if noted.futures_wallet < 0 and not noted.positions else None
    return replace(named, spot={**short, **named.spot}, futures_wallet=wallet if named.futures_wallet is None else named.futures_wallet)


def _remembered(before: PortfolioStates, done: Plan) -> PortfolioStates:
    """Return what is remembered once a plan was carried out, and that something was confirmed since a panic."""
    left = ending.after(replace(before, hedges=life.confirmed(before.hedges, done)), done)
    return replace(left, panic=replace(left.panic, over=True)) if left.panic is not None and not done.is_panic else left


def _filled(legs: Sequence[Leg], exchange: KeptByHand, markets: Mapping[str, Market]) -> tuple[tuple[Leg, ...], Holdings]:
    """Return the legs as filled at their limits for the fees that their card told, and what is held after them."""
    done = [leg for leg in legs if leg.state is not LegState.DROPPED]
    held, fees = exchange.traded([_trade(leg, exchange.quote_asset, markets) for leg in done])
    paid = {leg.index: fee for leg, fee in zip(done, fees, strict=True)}
    return tuple(_done(leg, paid[leg.index]) if leg.index in paid else leg for leg in legs), held


def _done(leg: Leg, fee: Decimal) -> Leg:
    average = None if leg.is_transfer else leg.limit or leg.price
    return replace(leg, state=LegState.FILLED, filled=leg.qty, average=average, fee=fee)


def _trade(leg: Leg, quote: str, markets: Mapping[str, Market]) -> Trade:
    if leg.is_transfer:
        return Trade(instrument=quote, qty=leg.qty if leg.kind is LegKind.TO_FUTURES else -leg.qty, price=Decimal(1))
    market = markets.get(leg.instrument)
    rate = market.taker_fee if market is not None else _ZERO
    return Trade(instrument=leg.instrument, qty=-leg.qty if leg.side == "sell" else leg.qty, price=leg.limit or leg.price, fee_rate=rate)


def lasts(portfolio: Portfolio, expiry: timedelta) -> timedelta:
    """Return how long a card waits for its answer: the bot cannot know what was traded by hand, so that one lives until the next."""
    return LASTS if portfolio.is_by_hand else expiry


def as_done(plan: Plan, before: Holdings, typed: Typed) -> tuple[Leg, ...]:
    """Return the legs with what was really done of each, told by the amounts that are held now; one of which nothing was is dropped.

    Coins that were not named went as the card says.
    """
    left = {name: _after(name, typed) - _before(name, before) for name in (*typed.spot, *typed.positions)}
    legs: list[Leg] = []
    for leg in plan.legs:
        if leg.is_transfer or leg.instrument not in left or leg.state is LegState.DROPPED:
            legs.append(leg)
            continue
        sign = -1 if leg.side == "sell" else 1
        done = min(leg.qty, max(_ZERO, sign * left[leg.instrument]))
        left[leg.instrument] -= sign * done
        legs.append(replace(leg, qty=done) if done else replace(leg, state=LegState.DROPPED))
    return tuple(legs)


def _before(name: str, held: Holdings) -> Decimal:
    return held.positions.get(name, (_ZERO, _ZERO))[0] if is_perp(name) else held.spot.get(name, _ZERO)


def _after(name: str, typed: Typed) -> Decimal:
    return typed.positions[name][0] if is_perp(name) else typed.spot[name]


def as_seen(legs: Sequence[Leg], entries: Iterable[Entry], markets: Mapping[str, Market]) -> tuple[Leg, ...]:
    """Return the legs with what an exchange says was traded of each; one of which nothing was is dropped.

    Transfers count as done: what they were for could not have been traded without them. Fees are those of the market's rules.
    """
    qty: dict[str, Decimal] = {}
    value: dict[str, Decimal] = {}
    for one in entries:
        if one.instrument:
            qty[one.instrument] = qty.get(one.instrument, _ZERO) + one.qty
            value[one.instrument] = value.get(one.instrument, _ZERO) + one.qty * one.price
    return tuple(_seen(leg, qty.get(leg.instrument, _ZERO), value.get(leg.instrument, _ZERO), markets) for leg in legs)


def _seen(leg: Leg, qty: Decimal, value: Decimal, markets: Mapping[str, Market]) -> Leg:
    if leg.state is LegState.DROPPED:
        return leg
    if leg.is_transfer:
        return replace(leg, state=LegState.FILLED, filled=leg.qty)
    done = -qty if leg.side == "sell" else qty
    if done <= 0:
        return replace(leg, state=LegState.DROPPED)
    rate = markets[leg.instrument].taker_fee if leg.instrument in markets else _ZERO
    return replace(leg, state=LegState.FILLED, qty=done, filled=done, average=value / qty, fee=abs(value) * rate)


def _of(legs: Iterable[Leg]) -> frozenset[int]:
    return frozenset(leg.index for leg in legs)
