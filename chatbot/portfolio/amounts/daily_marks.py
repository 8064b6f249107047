"""What is written down of a portfolio once a day: what it held, at which prices, and how far from its targets it stood (domain 12.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import is_perp
from chatbot.model import Mark

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import PortfolioFigures
    from chatbot.portfolio.evaluation import Evaluation


def mark_of(evaluation: Evaluation, market_now: datetime) -> Mark | None:
    """Return the mark of a portfolio that was evaluated at a moment of its market; None: it could not be evaluated."""
    snapshot, figures, account = evaluation.snapshot, evaluation.figures, evaluation.account
    if snapshot is None or figures is None or account is None:
        return None
    held, prices = _held(snapshot)
    aims = evaluation.effective.targets if evaluation.effective is not None else None
    return Mark(
        held=held,
        futures_cash=snapshot.wallet - sum(position.qty * position.entry for position in snapshot.positions),
        prices={name: quote.price for name, quote in evaluation.quotes.items()} | prices,
        targets={**aims.spot, **aims.futures} if aims is not None else {},
        bands={line.line: line.band for line in figures.limits if line.band},
        drift=_drift(figures),
        funding=evaluation.funding if account.balances.funding is None else account.balances.funding,
        market_at=market_now,
    )


def in_coins(mark: Mark, quote: str) -> dict[str, Decimal]:
    """Return what a mark comes to without futures: its coins, and the equity of the futures account in the quote coin; no debts."""
    found = {name: qty for name, qty in mark.held.items() if not is_perp(name)}
    book = sum((qty * mark.prices.get(name, Decimal(0)) for name, qty in mark.held.items() if is_perp(name)), Decimal(0))
    found[quote] = found.get(quote, Decimal(0)) + mark.futures_cash + book
    return {name: qty for name, qty in found.items() if qty > 0}


def _held(snapshot: Snapshot) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return what is managed, and the prices at which it counts."""
    held = {coin.asset: coin.qty for coin in snapshot.spot} | {coin.asset: coin.qty for coin in snapshot.cash}
    held |= {position.contract: position.qty for position in snapshot.positions}
    prices = {coin.asset: coin.price for coin in snapshot.spot} | {coin.asset: coin.price for coin in snapshot.cash}
    prices |= {position.contract: position.mark for position in snapshot.positions}
    return {name: qty for name, qty in held.items() if qty}, prices


def _drift(figures: PortfolioFigures) -> Decimal | None:
    """Return max |d_k| / b_k (domain 12.3); None without a band."""
    return max((abs(line.drift) / line.band for line in figures.limits if line.band), default=None)
