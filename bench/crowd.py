"""Ten thousand portfolios on targets, written straight into the tables: what the check looks through."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from chatbot.exchanges.base import is_perp
from chatbot.exchanges.markets.coins import COINS
from chatbot.exchanges.paper.account import AccountState
from chatbot.model import ALT, CORE, FUTURES, STABLE, BandRule, Mode, Person, Portfolio, Role, Strategy
from chatbot.store import portfolios, tables
from chatbot.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.app import Program

_VALUE = Decimal(10_000)
_MAJORS = ("BTC", "ETH")
_CHUNK = 500
#: ten coins; with cash and the futures account that makes the twelve assets of the table
STRATEGY = Strategy(
    preset="custom",
    weights={CORE: Decimal("0.4"), ALT: Decimal("0.4"), STABLE: Decimal("0.1"), FUTURES: Decimal("0.1")},
    members={CORE: _MAJORS, ALT: tuple(coin for coin in COINS if coin not in _MAJORS)},
    futures_net=Decimal(0),
    futures_split={"BTC-PERP": Decimal(1)},
    bands={line: BandRule(abs_pp=Decimal(5)) for line in (CORE, ALT, STABLE)},
    futures_band_pp=Decimal(5),
)
#: ten points off what the crowd holds: every plan sells and buys
FAR_OFF = replace(STRATEGY, weights={**STRATEGY.weights, CORE: Decimal("0.5"), ALT: Decimal("0.3")})


async def settle(program: Program, count: int, *, first: int = 1, strategy: Strategy = STRATEGY) -> None:
    """Write ``count`` people with a portfolio each, a point or so off their targets and inside their bands."""
    quotes = await program.source.quotes(tuple(COINS))
    prices = {name: (quote.bid + quote.ask) / 2 for name, quote in quotes.items() if not is_perp(name)}
    chance = random.Random(7)
    for start in range(first, first + count, _CHUNK):
        numbers = range(start, min(start + _CHUNK, first + count))
        async with program.db.transaction() as tx:
            await tx.execute(insert(tables.people), [_person(number) for number in numbers])
            await tx.execute(insert(tables.portfolios), [_portfolio(number, program, strategy) for number in numbers])
            await tx.execute(insert(tables.accounts), [_account(number, prices, chance) for number in numbers])


async def remember(program: Program) -> None:
    """Write of everybody what an exact look leaves behind: the first is looked at, and the others get its rows."""
    async with program.db.read() as tx:
        ours = await portfolios.many(tx, (1,))
    await program.monitor._examine(tuple(ours.values()))  # noqa: SLF001 - a check would look at everybody
    rest = tables.portfolios.c
    async with program.db.transaction() as tx:
        for table in (tables.states, tables.checks, tables.values):
            others = [column for column in table.c if column.name != "portfolio_id"]
            rows = select(rest.id, *others).select_from(table.join(tables.portfolios, rest.id > 1)).where(table.c.portfolio_id == 1)
            await tx.execute(insert(table).from_select(["portfolio_id", *(column.name for column in others)], rows))


def _person(number: int) -> dict[str, object]:
    person = Person(id=number, chat_id=number, name=f"P{number}", role=Role.MEMBER, portfolio_id=number)
    return {field.name: getattr(person, field.name) for field in fields(person)} | {"alerts": encode(person.alerts)}


def _portfolio(number: int, program: Program, strategy: Strategy) -> dict[str, object]:
    portfolio = Portfolio(
        id=number,
        person_id=number,
        name="bench",
        mode=Mode.DEMO,
        exchange=program.source.name,
        strategy=strategy,
        created_at=program.clock.now(),
    )
    row = {field.name: getattr(portfolio, field.name) for field in fields(portfolio)}
    return row | {"strategy": encode(portfolio.strategy), "answering": encode(portfolio.answering)}


def _account(number: int, prices: Mapping[str, Decimal], chance: random.Random) -> dict[str, object]:
    spot = {
        coin: _VALUE * STRATEGY.weights[line] / len(coins) * Decimal(str(round(chance.uniform(0.97, 1.03), 4))) / prices[coin]
        for line, coins in STRATEGY.members.items()
        for coin in coins
    }
    spot = {coin: qty.quantize(Decimal("0.00000001")) for coin, qty in spot.items()}
    cash, futures = _VALUE * STRATEGY.weights[STABLE], _VALUE * STRATEGY.weights[FUTURES]
    return {"portfolio_id": number, "body": AccountState.holding(spot | {"USDT": cash}, futures_wallet=futures).to_json()}
