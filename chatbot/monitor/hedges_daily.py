"""The part of the check that looks after open hedges: funding is booked, once a day each is asked whether its work is done."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from chatbot.hedges import life
from chatbot.model import Cause, MessageKind, OpenHedge
from chatbot.plans import hedge_draft
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from chatbot.market.funding import FundingBook
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.markets import Markets, Quoted

#: the history that a daily check may have missed
_DAYS = 31
#: BTC's daily volatility reading is waited for so long (as in chatbot.triggers.feeds), then the day counts without it
_PATIENCE = timedelta(hours=6)
_NONE: Final[Mapping[str, Decimal]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeAlert:
    """Something to tell about a hedge."""

    kind: MessageKind
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeReview:
    """What looking after the hedges of one portfolio comes to."""

    #: as they stand from now on
    hedges: tuple[OpenHedge, ...] = ()
    alerts: tuple[HedgeAlert, ...] = ()
    #: the one whose work is done: the plan that closes it comes next
    over: OpenHedge | None = None


class HedgeWatch:
    """Looks after open hedges for the monitor."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets

    async def warm(self, looked: Iterable[Evaluation]) -> None:
        """Fetch the funding and the days that hedges are judged by; never inside a transaction."""
        held: defaultdict[Quoted, set[str]] = defaultdict(set)
        for found in looked:
            for hedge in found.layers.hedges:
                if not hedge.closed:
                    held[self._markets.of(found.portfolio)].add(hedge.contract)
        for quoted, contracts in held.items():
            await quoted.funding.refresh(sorted(contracts), _DAYS)
            await quoted.candles.refresh(sorted(contracts), "1d", _DAYS)

    def review(
        self, evaluation: Evaluation, hedges: tuple[OpenHedge, ...], market_now: datetime, shorts: Mapping[str, Decimal] = _NONE
    ) -> HedgeReview:
        """Book funding and make the daily checks that are due; ``hedges`` and the ``shorts`` seen of them are those of the transaction.

        One hedge at a time: there can be one plan only, so another one that is over is told in the check after that plan.
        """
        gone = {(one.kind, one.plan_id) for one in evaluation.lost_for_sure if one.contract in shorts}
        lost = [hedge for hedge in hedges if (hedge.kind, hedge.plan_id) in gone]
        hedges = tuple(hedge for hedge in hedges if hedge not in lost)
        alerts = [HedgeAlert(kind=MessageKind.HEDGE_OVER, facts={"hedge": hedge.kind, "why": life.GONE}) for hedge in lost]
        for hedge in hedges:
            mark = _mark(evaluation, hedge)
            if hedge.closed or not hedge.settled or mark is None:
                continue
            after, costly = _funded(self._markets.of(evaluation.portfolio).funding, hedge, mark, market_now)
            after = life.checked(after, self._days(after, evaluation, mark, market_now))
            hedges = life.kept(hedges, after)
            if costly is not None:
                alerts.append(HedgeAlert(kind=MessageKind.HEDGE_FUNDING, facts={"hedge": hedge.kind, "rate": str(costly)}))
            if after.closed:
                alerts.append(HedgeAlert(kind=MessageKind.HEDGE_OVER, facts=_over(after, mark)))
                return HedgeReview(hedges=hedges, alerts=tuple(alerts), over=after)
        return HedgeReview(hedges=hedges, alerts=tuple(alerts))

    def _days(self, hedge: OpenHedge, evaluation: Evaluation, mark: Decimal, market_now: datetime) -> list[life.Day]:
        """Return the checks that are due: earlier days by their closing price, the last one by the price and volatility of now."""
        due = life.midnights(hedge, market_now)
        if not due or (_is_awaited(evaluation, due[-1]) and market_now < due[-1] + _PATIENCE):
            return []
        ratio = hedge_draft.volatility_ratio(evaluation, due[-1])
        quoted = self._markets.of(evaluation.portfolio)
        return [*((at, _close(quoted, hedge.contract, at), None) for at in due[:-1]), (due[-1], mark, ratio)]


def _close(quoted: Quoted, contract: str, at: datetime) -> Decimal | None:
    bars = quoted.candles.bars(contract, "1d", at, 1)
    return bars[-1].close if bars else None


def _funded(funding: FundingBook, hedge: OpenHedge, mark: Decimal, market_now: datetime) -> tuple[OpenHedge, Decimal | None]:
    """Book what was settled since the last look; the rate is returned where the short pays so much that it must be told."""
    paid = funding.settled(hedge.contract, hedge.funded_to or hedge.opened_at, market_now)
    costly = life.costs_much(hedge, paid)
    after = life.funded(hedge, paid, mark)
    if paid and hedge.warned and life.per_8h(paid[-1]) >= 0:
        after = replace(after, warned=False)
    return (replace(after, warned=True) if costly is not None else after), costly


def _is_awaited(evaluation: Evaluation, midnight: datetime) -> bool:
    """Tell whether BTC's volatility of that day is watched and not read yet."""
    read = [signal.at for signal in evaluation.layers.signals if signal.trigger is Cause.VOLATILITY and signal.subject == "BTC"]
    return bool(read) and read[0] is not None and read[0] < midnight


def _mark(evaluation: Evaluation, hedge: OpenHedge) -> Decimal | None:
    position = evaluation.held.position(hedge.contract) if evaluation.held is not None else None
    return position.mark if position is not None else None


def _over(hedge: OpenHedge, mark: Decimal) -> dict[str, Any]:
    return {
        "hedge": hedge.kind,
        "why": hedge.closed,
        "days": hedge.age_days,
        "price": str(hedge.price),
        "low": str(hedge.low),
        "mark": str(mark),
        "result": str(life.result(hedge, mark)),
        "funding": str(hedge.funding),
    }
