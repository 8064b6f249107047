"""The part of the check that looks after open hedges: funding is booked, once a day each is asked whether its work is done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.alerts import quiet_hours as quiet
from chatbot.alerts import write as alerting
from chatbot.hedges import life as hedge_life
from chatbot.model import VOLATILITY, AlertKind, Answer, OpenHedge, Plan
from chatbot.plans import autonomy as answering
from chatbot.plans import hedge_draft as hedge_plans
from chatbot.plans.rebalancing import Proposed, post_card
from chatbot.store import journal
from chatbot.triggers import market as triggers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from chatbot.market.candles import CandleBook
    from chatbot.market.funding import FundingBook
    from chatbot.model import Person
    from chatbot.plans.rebalancing import Rebalancing
    from chatbot.portfolio.evaluator import Evaluation, Evaluator
    from chatbot.store.database import Tx

#: the history that a daily check may have missed
_DAYS = 31
#: BTC's daily volatility reading is waited for so long (as in chatbot.triggers.signals), then the day counts without it
_PATIENCE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """What looking after the hedges of one portfolio came to."""

    #: keys of the hedges that are over, as /why knows them
    over: tuple[str, ...] = ()
    alerts: int = 0
    plans: int = 0


class HedgeWatch:
    """Looks after open hedges for the monitor."""

    def __init__(self, evaluator: Evaluator, rebalancing: Rebalancing, candles: CandleBook, funding: FundingBook) -> None:
        self._evaluator = evaluator
        self._rebalancing = rebalancing
        self._candles = candles
        self._funding = funding

    async def warm(self, looked: Iterable[Evaluation]) -> None:
        """Fetch the funding and the days that hedges are judged by; never inside a transaction."""
        contracts = sorted({hedge.contract for found in looked for hedge in found.layers.hedges if not hedge.closed})
        if contracts:
            await self._funding.refresh(contracts, _DAYS)
            await self._candles.refresh(contracts, "1d", _DAYS)

    async def attend(self, tx: Tx, found: Evaluation, states: Mapping[str, Mapping[str, Any]], person: Person, now: datetime) -> Attended:
        """Book funding, make the daily checks that are due, tell what is over and propose the plan that takes it off.

        ``states`` are those of the transaction. One hedge at a time: there can be one plan only, so another one that is over is
        told in the check after that plan.
        """
        market_now = self._evaluator.market_time(now)
        alerts = 0
        for hedge in triggers.hedges_of(states):
            mark = _mark(found, hedge)
            if hedge.closed or not hedge.settled or mark is None:
                continue
            after, costly = self._funded(hedge, mark, market_now)
            after = hedge_life.checked(after, self._days(after, found, mark, market_now))
            if after != hedge:
                await hedge_life.keep(tx, found.portfolio.id, after)
            if costly is not None:
                await _tell(tx, found, person, "hedge_funding", {"hedge": hedge.kind, "rate": str(costly)}, now)
                alerts += 1
            if after.closed:
                await _tell(tx, found, person, "hedge_over", _over(after, mark), now)
                return Attended(
                    over=(triggers.HEDGE + hedge.kind,), alerts=alerts + 1, plans=await self._take_off(tx, found, after, person, now)
                )
        return Attended(alerts=alerts)

    def _funded(self, hedge: OpenHedge, mark: Decimal, market_now: datetime) -> tuple[OpenHedge, Decimal | None]:
        """Book what was settled since the last look; the rate is returned where the short pays so much that it must be told."""
        paid = self._funding.settled(hedge.contract, hedge.funded_to or hedge.opened_at, market_now)
        costly = hedge_life.costs_much(hedge, paid)
        after = hedge_life.funded(hedge, paid, mark)
        if paid and hedge.warned and hedge_life.per_8h(paid[-1]) >= 0:
            after = replace(after, warned=False)
        return (replace(after, warned=True) if costly is not None else after), costly

    def _days(self, hedge: OpenHedge, found: Evaluation, mark: Decimal, market_now: datetime) -> list[hedge_life.Day]:
        """Return the checks that are due: earlier days by their closing price, the last one by the price and volatility of now."""
        due = hedge_life.midnights(hedge, market_now)
        if not due or (_is_awaited(found, due[-1]) and market_now < due[-1] + _PATIENCE):
            return []
        ratio = hedge_plans.volatility_ratio(found, due[-1])
        return [*((at, self._close(hedge.contract, at), None) for at in due[:-1]), (due[-1], mark, ratio)]

    def _close(self, contract: str, at: datetime) -> Decimal | None:
        bars = self._candles.bars(contract, "1d", at, 1)
        return bars[-1].close if bars else None

    async def _take_off(self, tx: Tx, found: Evaluation, hedge: OpenHedge, person: Person, now: datetime) -> int:
        """Propose the plan that takes a hedge off; whoever only wants to be told asks for it with the alert's button."""
        if found.portfolio.answer == Answer.NOTIFY:
            return 0
        drafted = self._rebalancing.draft(found, (hedge_plans.reason_for(hedge.kind, hedge_plans.END),), hedge)
        if not isinstance(drafted, Plan):
            return 0
        stored = await self._rebalancing.store(tx, await answering.prepared(tx, found.portfolio, person, drafted, now))
        if not isinstance(stored, Proposed):
            return 0
        if stored.instead_of is not None:
            await post_card(tx, stored.instead_of, now, "replaced")
        if stored.plan.stand is None or not stored.plan.stand.auto:  # else it is shown when it was carried out or not
            await alerting.show_card(tx, stored.plan, person, now, silent=True)
        return 1


def _is_awaited(found: Evaluation, midnight: datetime) -> bool:
    """Tell whether BTC's volatility of that day is watched and not read yet."""
    read = [signal.at for signal in found.layers.signals if signal.trigger == VOLATILITY and signal.subject == "BTC"]
    return bool(read) and read[0] is not None and read[0] < midnight


def _mark(found: Evaluation, hedge: OpenHedge) -> Decimal | None:
    positions = found.snapshot.positions if found.snapshot else ()
    return next((position.mark for position in positions if position.contract == hedge.contract), None)


def _over(hedge: OpenHedge, mark: Decimal) -> dict[str, Any]:
    return {
        "hedge": hedge.kind,
        "why": hedge.closed,
        "days": hedge.age_days,
        "price": str(hedge.price),
        "low": str(hedge.low),
        "mark": str(mark),
        "result": str(hedge_life.result(hedge, mark)),
        "funding": str(hedge.funding),
    }


async def _tell(tx: Tx, found: Evaluation, person: Person, kind: str, facts: Mapping[str, Any], now: datetime) -> None:
    alert = await journal.add_alert(tx, found.portfolio.id, "hedge", str(facts["hedge"]), dict(facts), now)
    told = {"portfolio_id": found.portfolio.id, **facts}
    await quiet.post(tx, person, kind, told, key=f"alert-{alert}", now=now, about=(AlertKind.HEDGE,))
