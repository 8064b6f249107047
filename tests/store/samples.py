"""Small valid values to store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.model import (
    BandRule,
    Cause,
    Leg,
    LegKind,
    LineReading,
    Mode,
    Person,
    Plan,
    PlanState,
    Portfolio,
    PortfolioFigures,
    Reason,
    Role,
    Strategy,
)
from chatbot.store import accounts, plans, portfolios

if TYPE_CHECKING:
    from chatbot.store.database import Database, Tx

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

STRATEGY = Strategy(
    preset="balanced",
    weights={"CORE": Decimal("0.4"), "ALT": Decimal("0.4"), "STABLE": Decimal("0.1"), "FUTURES": Decimal("0.1")},
    members={"CORE": ("BTC", "ETH"), "ALT": ("SOL",)},
    futures_net=Decimal("0.1"),
    futures_split={"BTC-PERP": Decimal(1)},
    bands={"CORE": BandRule(abs_pp=Decimal(5)), "ALT": BandRule(rel=Decimal("0.25"))},
    futures_band_pp=Decimal(5),
)

FIGURES = PortfolioFigures(
    value=Decimal("98412.070"),
    lines=(LineReading(line="CORE", weight=Decimal("0.462"), target=Decimal("0.4"), band=Decimal("0.05"), breach="over"),),
    net=Decimal("0.91"),
    gross=Decimal("0.91"),
    futures_net=Decimal("0.1"),
    beta=Decimal("1.02"),
    leverage=None,
    values={"BTC": Decimal("45000.10")},
)


def portfolio(person_id: int, **changes: Any) -> Portfolio:
    """Return a portfolio that was not stored yet."""
    fields: dict[str, Any] = {"id": 0, "name": "main", "mode": Mode.PAPER, "exchange": "simulated", "strategy": STRATEGY, "created_at": NOW}
    return Portfolio(person_id=person_id, **fields | changes)


def plan(portfolio_id: int, **changes: Any) -> Plan:
    """Return a plan of two legs that was not stored yet and waits five minutes for an answer."""
    legs = (
        Leg(index=0, kind=LegKind.SPOT_SELL, instrument="BTC", qty=Decimal("0.0731"), limit=Decimal("60030.00"), price=Decimal(60000)),
        Leg(index=1, kind=LegKind.SPOT_BUY, instrument="SOL", qty=Decimal("31.20"), limit=Decimal("149.92"), price=Decimal(150)),
    )
    fields: dict[str, Any] = {
        "id": 0,
        "number": 0,
        "mode": Mode.PAPER,
        "state": PlanState.PROPOSED,
        "reasons": (Reason(trigger=Cause.DRIFT, line="CORE", weight=Decimal("0.462")),),
        "before": FIGURES,
        "after": FIGURES,
        "legs": legs,
        "fees": Decimal("9.60"),
        "prices": {"BTC": Decimal("60000.00")},
        "targets": {"spot": {"BTC": "0.4"}, "stable": "0.1"},
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
    }
    return Plan(portfolio_id=portfolio_id, **fields | changes)


async def a_person(tx: Tx, person_id: int = 7, **changes: Any) -> Person:
    """Store a person whose private chat has the person's own id; of one that is known, change what was given."""
    person = Person(id=person_id, chat_id=person_id, **{"name": f"Person {person_id}", "role": Role.MEMBER, **changes})
    if not await accounts.add_person(tx, person) and changes:
        await accounts.change_person(tx, person_id, **changes)
    return person


async def a_portfolio(db: Database, person_id: int = 7, **changes: Any) -> Portfolio:
    """Store a person with a portfolio."""
    async with db.transaction() as tx:
        await a_person(tx, person_id)
        return await portfolios.add(tx, portfolio(person_id, **changes))


async def a_plan(db: Database, portfolio_id: int, **changes: Any) -> Plan:
    """Store a plan."""
    async with db.transaction() as tx:
        return await plans.add_plan(tx, plan(portfolio_id, **changes))
