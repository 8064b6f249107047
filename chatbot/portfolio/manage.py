"""Opening a portfolio, changing it, and reading how it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from chatbot.exchanges.base import KeptByHand
from chatbot.model import Answer, Check, ExposureReport, Mode, OpenTilt, Person, Portfolio, StatusReport, Strategy
from chatbot.plans import autonomy as answering
from chatbot.reports import exposure
from chatbot.reports import status as standing
from chatbot.store import accounts, journal, portfolios
from chatbot.triggers import market as triggers
from chatbot.triggers import schedule as scheduling
from chatbot.triggers import tilt as tilting

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.market.funding import FundingBook
    from chatbot.market.quotes import QuoteBoard
    from chatbot.monitor.roster import Roster
    from chatbot.portfolio.accounts import Desk
    from chatbot.portfolio.evaluator import Evaluation, Evaluator
    from chatbot.store.database import Database, Tx

_FUNDING_CONTRACT = "BTC-PERP"


class Portfolios:
    """The use cases around one portfolio that are not about a plan."""

    def __init__(
        self,
        db: Database,
        evaluator: Evaluator,
        board: QuoteBoard,
        funding: FundingBook,
        source: PriceSource,
        clock: Clock,
        roster: Roster,
        desk: Desk,
        *,
        next_check: Callable[[], datetime | None],
        open_account: Callable[[dict[str, Decimal]], dict[str, Any]],
        mood_source: str = "",
    ) -> None:
        self._db = db
        self._evaluator = evaluator
        self._board = board
        self._funding_book = funding
        self._source = source
        self._clock = clock
        self._roster = roster
        self._desk = desk
        self._next_check = next_check
        self._open_account = open_account
        self._mood_source = mood_source

    async def open(self, person: Person, mode: Mode, strategy: Strategy, holdings: dict[str, Decimal]) -> Portfolio:
        """Create a portfolio with these spot holdings, make it the person's current one and end the set-up, in one transaction."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            stored = await portfolios.add(
                tx,
                Portfolio(
                    id=0,
                    person_id=person.id,
                    name=strategy.preset,
                    mode=mode,
                    exchange=self._source.name,
                    strategy=strategy,
                    created_at=now,
                ),
            )
            await portfolios.save_account(tx, stored.id, self._open_account(holdings))
            await accounts.save_person(tx, replace(person, portfolio_id=stored.id))
            await accounts.clear_dialog(tx, person.id)  # here, so that a process killed now does not open it twice
        self._roster.forget(stored.id)
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
        self._roster.forget(portfolio.id)
        return changed

    async def move_zone(self, person: Person) -> None:
        """Let the schedules of a person follow them into their new time zone; the next run is worked out anew from now on."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            for portfolio in await portfolios.of_person(tx, person.id):
                rule = portfolio.strategy.schedule
                if rule is not None and rule.zone != person.zone:
                    moved = replace(rule, zone=person.zone, set_at=now)
                    await portfolios.save(tx, replace(portfolio, strategy=replace(portfolio.strategy, schedule=moved)))
                    self._roster.forget(portfolio.id)

    async def tilts(self, portfolio: Portfolio) -> tuple[OpenTilt, ...]:
        """Return the tilts that stand, those that no plan has traded yet among them."""
        async with self._db.read() as tx:
            return tilting.tilts_of(await portfolios.states(tx, portfolio.id))

    async def calendar(self, portfolio: Portfolio) -> tuple[datetime | None, scheduling.Mark]:
        """Return when the calendar asks next, and how far it has come."""
        async with self._db.read() as tx:
            mark = scheduling.mark_of(await portfolios.states(tx, portfolio.id))
        return scheduling.upcoming(portfolio.strategy.schedule, mark, self._clock.now()), mark

    async def correct(self, portfolio: Portfolio, holdings: dict[str, Decimal]) -> bool:
        """Replace the spot holdings of a portfolio that is kept by hand; futures stay. False: it is not kept by hand."""
        exchange = await self._desk.exchange(portfolio.id)
        if not isinstance(exchange, KeptByHand):
            return False
        wallet = (await exchange.balances()).futures_wallet
        book = {position.instrument: (position.qty, position.entry) for position in await exchange.positions()}
        await exchange.retype(holdings, wallet, book)
        return True

    async def status(self, person: Person, portfolio: Portfolio, *, fresh: bool = False) -> StatusReport:
        """Read how the portfolio stands now; what is unknown stays unknown."""
        found = await self._evaluator.look(portfolio, fresh=fresh, patient=True)
        return await self.report(person, found)

    async def exposure(self, portfolio: Portfolio, *, fresh: bool = False) -> ExposureReport:
        """Read how exposed the portfolio is now, coin by coin; what is unknown stays unknown."""
        found = await self._evaluator.look(portfolio, fresh=fresh, patient=True)
        now = self._clock.now()
        hours = await exposure.funding_hours(self._funding_book, found)
        return exposure.report(found, hours, self._board.oldest_age(tuple(found.quotes), now))

    async def report(self, person: Person, found: Evaluation) -> StatusReport:
        """Turn an evaluation into what /status shows."""
        now = self._clock.now()
        portfolio = found.portfolio
        async with self._db.read() as tx:
            open_plan = await journal.open_plan(tx, portfolio.id)
            alone = portfolio.answer == Answer.AUTO
            used = await answering.turnover(tx, portfolio.id, person.zone, now) if alone else None
            opened = await portfolios.open_value(tx, portfolio.id, now.astimezone(ZoneInfo(person.zone)).date())
            last = await portfolios.check(tx, portfolio.id)
            mark = scheduling.mark_of(await portfolios.states(tx, portfolio.id))
        market_time = self._source.market_time(now)
        next_check = self._next_check()
        return StatusReport(
            portfolio=portfolio,
            check=Check(
                at=now,
                shape=found.shape,
                problems=found.problems,
                fired=last.fired if last else (),
                held_back=last.held_back if last else "",
            ),
            positions={p.instrument: p.qty for p in found.account.positions} if found.account else {},
            price_age_s=self._board.oldest_age(tuple(found.quotes), now),
            next_check_s=max(0.0, (next_check - now).total_seconds()) if next_check else None,
            market_time=market_time if abs(market_time - now) > timedelta(seconds=1) else None,
            today=found.shape.value / opened - 1 if found.shape and opened else None,
            funding_8h=self._funding(),
            turnover=used,
            open_plan=open_plan,
            next_run=scheduling.upcoming(portfolio.strategy.schedule, mark, now),
            **standing.of(found),
            mood_source=self._mood_source,
        )

    def _funding(self) -> Decimal | None:
        quote = self._board.get(_FUNDING_CONTRACT)
        return quote.funding_rate if quote else None


def _lines_of(strategy: Strategy) -> Strategy:
    """Return what the states of the lines rest on: targets and bands, but not the calendar, the triggers and how a plan trades."""
    return replace(strategy, schedule=None, triggers={}, tilt=Decimal(0), turnover_budget=None)


async def _arm(tx: Tx, portfolio_id: int) -> None:
    """Arm every line again: what fired under other targets or bands says nothing about these.

    The calendar, what was told of the triggers, the hedges and the tilts go on where they are.
    """
    for key in await portfolios.states(tx, portfolio_id):
        if key not in (scheduling.STATE, triggers.STATE, tilting.STATE) and not key.startswith(triggers.HEDGE):
            await portfolios.save_state(tx, portfolio_id, key, {})
