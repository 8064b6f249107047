"""Opening a portfolio and changing it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.errors import ShutOut
from chatbot.exchanges.base import KeptByHand
from chatbot.model import Mode, Person, PlanState, Portfolio, Strategy
from chatbot.portfolio import states
from chatbot.portfolio.revision import revision_of
from chatbot.store import accounts, plans, portfolios

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import Plan
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.store.database import Database, Tx


class Portfolios:
    """The use cases that open and change a portfolio."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        open_accounts: OpenAccounts,
        exchange: str,
        *,
        changed: Callable[[int], None],
        first_account: Callable[[dict[str, Decimal]], dict[str, Any]],
        redraw: Callable[[Tx, Plan, datetime, str], Awaitable[None]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._accounts = open_accounts
        #: name of the exchange, or price source, that new portfolios stand on
        self._exchange = exchange
        self._changed = changed
        self._first_account = first_account
        #: has a plan's card drawn again as it stands
        self._redraw = redraw

    async def open(self, person: Person, mode: Mode, strategy: Strategy, holdings: dict[str, Decimal]) -> Portfolio:
        """Create a portfolio with these spot holdings, make it the person's current one and end the set-up, in one transaction.

        Raises :class:`ShutOut` for somebody who was blocked meanwhile.
        """
        now = self._clock.now()
        async with self._db.transaction() as tx:
            await need_let_in(tx, person.id)
            stored = await portfolios.add(
                tx,
                Portfolio(
                    id=0,
                    person_id=person.id,
                    name=strategy.preset,
                    mode=mode,
                    exchange=self._exchange,
                    strategy=strategy,
                    created_at=now,
                ),
            )
            await portfolios.save_account(tx, stored.id, self._first_account(holdings))
            await accounts.change_person(tx, person.id, portfolio_id=stored.id)
            await accounts.clear_dialog(tx, person.id)  # here, so that a process killed now does not open it twice
        self._changed(stored.id)
        return stored

    async def current(self, person: Person) -> Portfolio | None:
        """Return the portfolio that the person's commands speak of."""
        if person.portfolio_id is None:
            return None
        async with self._db.read() as tx:
            return await portfolios.get(tx, person.portfolio_id)

    async def by_id(self, portfolio_id: int) -> Portfolio | None:
        """Return a portfolio; whose it is must be checked by the caller."""
        async with self._db.read() as tx:
            return await portfolios.get(tx, portfolio_id)

    async def change(self, portfolio: Portfolio, **fields: Any) -> Portfolio:  # noqa: ANN401 - fields of Portfolio
        """Store a changed portfolio; the row is read again first so that nothing else is lost."""
        async with self._db.transaction() as tx:
            latest = await portfolios.get(tx, portfolio.id) or portfolio
            changed = replace(latest, **fields)
            await portfolios.save(tx, changed)
            if _lines_of(changed.strategy) != _lines_of(latest.strategy):
                await _arm(tx, portfolio.id)
            if revision_of(changed) != revision_of(latest):
                await self._end_card(tx, portfolio.id)
        self._changed(portfolio.id)
        return changed

    async def move_zone(self, person: Person) -> None:
        """Let the schedules of a person follow them into their new time zone; the next run is worked out again from now on."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            for portfolio in await portfolios.of_person(tx, person.id):
                rule = portfolio.strategy.schedule
                if rule is not None and rule.zone != person.zone:
                    moved = replace(rule, zone=person.zone, set_at=now)
                    await portfolios.save(tx, replace(portfolio, strategy=replace(portfolio.strategy, schedule=moved)))
                    self._changed(portfolio.id)

    async def correct(self, portfolio: Portfolio, holdings: dict[str, Decimal]) -> bool:
        """Replace the spot holdings of a portfolio that is kept by hand; futures stay. False: it is not kept by hand."""
        exchange = await self._accounts.exchange(portfolio.id)
        if not isinstance(exchange, KeptByHand):
            return False
        wallet = (await exchange.balances()).futures_wallet
        book = {position.instrument: (position.qty, position.entry) for position in await exchange.positions()}
        await exchange.retype(holdings, wallet, book)
        async with self._db.transaction() as tx:
            await self._end_card(tx, portfolio.id)
        return True

    async def _end_card(self, tx: Tx, portfolio_id: int) -> None:
        """End the plan that waits for an answer: what its card rested on has changed, and Confirm must not cover that.

        A plan that the bot was to carry out itself has been shown to nobody: it is planned again, and asks, when its turn comes.
        """
        now, waiting = self._clock.now(), await plans.open_plan(tx, portfolio_id)
        if waiting is None or (waiting.stand is not None and waiting.stand.auto):
            return
        if await plans.decide(tx, waiting.id, PlanState.SUPERSEDED, now):
            await self._redraw(tx, waiting, now, "outdated")


async def need_let_in(tx: Tx, person_id: int) -> None:
    """Raise :class:`ShutOut` for somebody who may not use the bot now."""
    person = await accounts.person(tx, person_id)
    if person is None or not person.is_let_in:
        raise ShutOut


def _lines_of(strategy: Strategy) -> Strategy:
    """Return what the states of the lines rest on: targets and bands, but not the calendar, the triggers and how a plan trades."""
    return replace(strategy, schedule=None, triggers={}, tilt=Decimal(0), turnover_budget=None)


async def _arm(tx: Tx, portfolio_id: int) -> None:
    """Arm every line again: what fired under other targets or bands says nothing about these.

    The calendar, what was told of the triggers, the hedges and the tilts go on where they are.
    """
    before = await states.read(tx, portfolio_id)
    await states.write(tx, portfolio_id, before, replace(before, lines={}, margin_fired=False, rang_at=None, outage=None))
