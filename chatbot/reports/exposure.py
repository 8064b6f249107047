"""How exposed a portfolio is, coin by coin and contract by contract: what /exposure shows (domain 1.4, 1.6, 7.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS
from chatbot.engine.portfolio import INDEX, prior_beta
from chatbot.engine.triggers.funding import annualise
from chatbot.exchanges.base import asset_of
from chatbot.model import ContractReading, ExposureReport
from chatbot.portfolio import valuation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.engine.portfolio import Snapshot
    from chatbot.exchanges.base import Quote
    from chatbot.market.funding import FundingBook
    from chatbot.portfolio.evaluation import Evaluation

#: the last settlement lies within this time at every interval in use
LOOK_BACK_DAYS = 2


def report(evaluation: Evaluation, hours: Mapping[str, int], price_age_s: float | None) -> ExposureReport:
    """Put an evaluation into the figures of /exposure; ``hours`` is the funding interval by contract, without those that are unknown."""
    if evaluation.held is None:
        return ExposureReport(portfolio=evaluation.portfolio, problems=evaluation.problems, price_age_s=price_age_s)
    return ExposureReport(
        portfolio=evaluation.portfolio,
        figures=evaluation.figures,
        assets=valuation.exposures(evaluation.held),
        contracts=_contracts(evaluation, evaluation.held.snapshot, hours),
        hedged=_hedged(evaluation, evaluation.held.snapshot),
        assumed=_assumed(evaluation, evaluation.held.snapshot),
        price_age_s=price_age_s,
    )


def _assumed(evaluation: Evaluation, snap: Snapshot) -> tuple[str, ...]:
    """Return the coins whose beta is the one assumed without an estimate; BTC's is 1 by its meaning."""
    held = {*(coin.asset for coin in snap.spot if coin.qty), *(asset_of(one.contract) for one in snap.positions if one.qty)} - {
        asset_of(INDEX),
        *CASH_COINS,
    }
    return tuple(sorted(asset for asset in held if evaluation.betas.get(asset, prior_beta(asset)) == prior_beta(asset)))


def _contracts(evaluation: Evaluation, snap: Snapshot, hours: Mapping[str, int]) -> tuple[ContractReading, ...]:
    ours = valuation.liquidations(snap, evaluation.markets)
    held = evaluation.account.positions if evaluation.account else ()
    # what the exchange reports wins (domain 1.6)
    reported = {p.instrument: abs(p.mark - p.liquidation) / p.mark for p in held if p.liquidation is not None and p.mark}
    return tuple(
        ContractReading(
            contract=position.contract,
            notional=position.notional,
            liquidation=reported.get(position.contract, ours[position.contract]),
            funding_day=funding_day(position.notional, evaluation.quotes.get(position.contract), hours.get(position.contract)),
        )
        for position in snap.positions
        if position.qty
    )


def _hedged(evaluation: Evaluation, snap: Snapshot) -> Decimal:
    """Return what the open hedges are short: a long of the strategy's own may hide it in the position."""
    marks = {position.contract: position.mark for position in snap.positions}
    return sum((-hedge.qty * marks.get(hedge.contract, hedge.price) for hedge in evaluation.layers.hedges if not hedge.closed), Decimal(0))


def funding_day(notional: Decimal, quote: Quote | None, hours: int | None) -> Decimal | None:
    """Return what a signed notional earns (above 0) or pays in a day at the rate that is due next; None where something is unknown."""
    if quote is None or quote.funding_rate is None or not hours:
        return None
    return annualise(quote.funding_rate, Decimal(hours), notional, Decimal(1)).carry


async def funding_hours(book: FundingBook, evaluation: Evaluation) -> dict[str, int]:
    """Return the hours between settlements of every contract that is held, read from the last one: they differ and change (domain 7.1).

    A contract is asked for at most once a settlement, however many people look; an unknown one is left out.
    """
    held = [position.contract for position in evaluation.snapshot.positions if position.qty] if evaluation.snapshot else []
    await book.refresh(held, LOOK_BACK_DAYS)
    return {contract: hours for contract in held if (hours := book.interval_hours(contract)) is not None}
