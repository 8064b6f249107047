"""Opening portfolios, changing them, and what is done with several: switching, renaming, pausing, closing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot import live_consent
from chatbot.errors import ShutOut, UserError, contained
from chatbot.i18n import N_
from chatbot.model import (
    USUAL_QUOTE,
    AloneEnded,
    AnswerMode,
    DecidedBy,
    Mode,
    Person,
    Plan,
    PlanState,
    Portfolio,
    PortfolioRow,
    Role,
    Strategy,
)
from chatbot.portfolio import names
from chatbot.portfolio.revision import revision_of
from chatbot.portfolio.states import NOTHING, PortfolioStates
from chatbot.portfolio.stored import states
from chatbot.store import accounts, flows, plans, portfolios, privacy
from chatbot.store.past import strategies
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import ExchangeKey, Flow, LiveLimits
    from chatbot.store.database import Database, Tx


#: portfolios that a person may have open beside each other: each is looked at in every check, and all stand on one page
MOST_OPEN = 20
#: under this, a dialog says which portfolio its question is about
OF_PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """Not closed: a plan of this portfolio is being carried out, or stopped half-way and waits for its person."""

    portfolio: Portfolio
    #: None: /panic was pressed, and the plan that closes its futures is not made yet
    plan: Plan | None


class Portfolios:
    """The use cases that open and change a portfolio."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        exchange: str,
        *,
        changed: Callable[[int], None],
        first_account: Callable[[dict[str, Decimal], str], dict[str, Any]],
        redraw: Callable[[Tx, Plan, datetime, str], Awaitable[None]],
    ) -> None:
        self._db = db
        self._clock = clock
        #: name of the exchange, or price source, that new portfolios stand on
        self._exchange = exchange
        self._changed = changed
        self._first_account = first_account
        #: has a plan's card drawn again as it stands
        self._redraw = redraw

    async def open(
        self,
        person: Person,
        mode: Mode,
        strategy: Strategy,
        holdings: dict[str, Decimal],
        *,
        quote: str = USUAL_QUOTE,
        replaces: int | None = None,
        key: ExchangeKey | None = None,
    ) -> Portfolio | UnderWay:
        """Create a portfolio with these spot holdings, make it the person's current one and end the set-up, in one transaction.

        It is kept in the dollar ``quote`` for good, and on the account of ``key`` where one is given: then that says what is held.

        The one that it ``replaces`` is closed in it too; where that cannot be, nothing is opened. Raises :class:`ShutOut` for somebody
        who was blocked meanwhile, and :class:`UserError` where too many are open.
        """
        async with self._db.transaction() as tx:
            await need_let_in(tx, person.id)
            await accounts.hold(tx, person.id)
            replaced = await portfolios.get(tx, replaces) if replaces is not None else None
            if replaced is not None and replaced.person_id == person.id and (busy := await self._close(tx, replaced)) is not None:
                return busy
            others = await portfolios.open_of(tx, person.id)
            if key is not None:
                await _need_free(tx, key.id, key.account)
            stored = await portfolios.add(tx, self._new(person, mode, strategy, quote, others, key))
            if len(others) == 1:
                await self.draw_card(tx, others[0].id)
            if key is None:
                await portfolios.save_account(tx, stored.id, self._first_account(holdings, quote))
            await accounts.change_person(tx, person.id, portfolio_id=stored.id)
            await accounts.clear_dialog(tx, person.id)  # here, so that a process killed now does not open it twice
        self._changed(stored.id)
        if replaced is not None:
            self._changed(replaced.id)
        return stored

    def _new(
        self, person: Person, mode: Mode, strategy: Strategy, quote: str, others: tuple[Portfolio, ...], key: ExchangeKey | None
    ) -> Portfolio:
        need_room(others)
        return Portfolio(
            id=0,
            person_id=person.id,
            name=names.distinct(strategy.preset, (other.name for other in others)),
            mode=mode,
            exchange=self._exchange if key is None else key.exchange,
            quote=quote,
            strategy=strategy,
            answer=AnswerMode.ASK if key is None else AnswerMode.NOTIFY,
            key_id=key.id if key is not None else None,
            account=key.account or None if key is not None else None,
            created_at=self._clock.now(),
        )

    async def close(self, person: Person, portfolio_id: int) -> Portfolio | UnderWay | None:
        """Let a portfolio do nothing any more: no checks, no alerts, no plans, no Confirm. Its history stays, and nothing is sold.

        Its card, if one waits, ends visibly; a plan that is being carried out must end first, and so must a panic. Doing it again changes
        nothing. The person's commands speak of the one that was opened last, if it was the current one. None: they have no such portfolio.
        """
        async with self._db.transaction() as tx:
            await accounts.hold(tx, person.id)
            portfolio = await _owned(tx, person.id, portfolio_id)
            if portfolio is None:
                return None
            if (busy := await self._close(tx, portfolio)) is not None:
                return busy
            latest = await accounts.person(tx, person.id)
            if latest is not None and latest.portfolio_id == portfolio_id:
                left = await portfolios.open_of(tx, person.id)
                await _speak_of(tx, person.id, left[-1].id if left else None)
            asked = await accounts.dialog(tx, person.id)
            if asked is not None and asked[1].get(OF_PORTFOLIO) == portfolio_id:
                await accounts.clear_dialog(tx, person.id)
            closed = await portfolios.get(tx, portfolio_id)
        self._changed(portfolio_id)
        return closed

    async def _close(self, tx: Tx, portfolio: Portfolio) -> UnderWay | None:
        """Close a portfolio inside a transaction, or return what must end first; then nothing was written."""
        await portfolios.hold(tx, portfolio.id)
        await self.end_card(tx, portfolio.id, by=DecidedBy.CLOSING)
        if (busy := await under_way(tx, portfolio)) is not None:
            return busy
        await portfolios.close(tx, portfolio.id, self._clock.now())
        return None

    async def reopen(self, person: Person, portfolio_id: int) -> Portfolio | None:
        """Open a closed portfolio again, paused as after a long pause, and make it the current one; None: they have no such portfolio.

        Raises :class:`UserError` where too many are open, or another one has its account at an exchange now.
        """
        async with self._db.transaction() as tx:
            await accounts.hold(tx, person.id)
            portfolio, others = await _owned(tx, person.id, portfolio_id), await portfolios.open_of(tx, person.id)
            if portfolio is None:
                return None
            if not portfolio.is_open:
                need_room(others)
                if portfolio.key_id is not None:
                    await _need_free(tx, portfolio.key_id, portfolio.account or "")
                await portfolios.reopen(tx, portfolio_id, names.distinct(portfolio.name, (other.name for other in others)))
                await _speak_of(tx, person.id, portfolio_id)
            opened = await portfolios.get(tx, portfolio_id)
        self._changed(portfolio_id)
        return opened

    async def forget(self, person: Person, operators: Collection[int] = ()) -> UnderWay | None:
        """Delete a person and everything of theirs for good, or return what must end first; then nothing was deleted.

        Raises :class:`UserError` for the only operator, unless the settings name them (``operators``): nobody could let people in.
        """
        async with self._db.transaction() as tx:
            await accounts.hold(tx, person.id)
            if person.id not in operators and [one.id for one in await accounts.people(tx, Role.OPERATOR)] == [person.id]:
                raise UserError(N_("You are the only operator of this bot. To erase everything, delete its database."))
            theirs = await portfolios.of_person(tx, person.id)
            for portfolio in theirs:
                await portfolios.hold(tx, portfolio.id)
                if (busy := await under_way(tx, portfolio)) is not None:
                    return busy
            await privacy.delete_person(tx, person.id)
        for portfolio in theirs:
            self._changed(portfolio.id)
        await self._db.scrub()
        return None

    async def switch(self, person: Person, portfolio_id: int) -> tuple[Portfolio | None, bool]:
        """Let the person's commands speak of another open portfolio; None: they have no such one.

        A question that was open about a portfolio is left, so that what is typed next goes to no other than was meant; True: so it was.
        """
        async with self._db.transaction() as tx:
            portfolio = await _owned(tx, person.id, portfolio_id)
            if portfolio is None or not portfolio.is_open:
                return portfolio, False
            return portfolio, await _speak_of(tx, person.id, portfolio_id)

    async def rename(self, person: Person, portfolio_id: int, typed: str, labels: Mapping[str, str] | None = None) -> Portfolio | None:
        """Give an open portfolio the name that was typed; None: they have no such one. Raises :class:`UserError` where it cannot be one.

        ``labels`` are the names of strategies in all languages (``names.checked``).
        """
        async with self._db.transaction() as tx:
            await accounts.hold(tx, person.id)
            portfolio = await _owned(tx, person.id, portfolio_id)
            if portfolio is None or not portfolio.is_open:
                return portfolio
            taken = [other.name for other in await portfolios.open_of(tx, person.id) if other.id != portfolio_id]
            await portfolios.rename(tx, portfolio_id, names.checked(typed, taken, labels or {}))
            await self.draw_card(tx, portfolio_id)
            return await portfolios.get(tx, portfolio_id)

    async def pause(self, person: Person, only: int | None = None) -> tuple[PortfolioRow, ...]:
        """Stop all open portfolios of a person, or ``only`` one, and return all that are open; doing it again changes nothing."""
        return await self._set_paused(person, only, paused=True)

    async def resume(self, person: Person, only: int | None = None) -> tuple[PortfolioRow, ...]:
        """Let all open portfolios of a person go on, or ``only`` one, and return all that are open; a snooze ends with it."""
        return await self._set_paused(person, only, paused=False)

    async def _set_paused(self, person: Person, only: int | None, *, paused: bool) -> tuple[PortfolioRow, ...]:
        async with self._db.transaction() as tx:
            theirs = [one for one in await portfolios.open_of(tx, person.id) if only in (None, one.id)]
            chosen = [one.id for one in theirs]
            if not paused:
                await portfolios.wake(tx, chosen, self._clock.now())
            else:
                await portfolios.pause(tx, chosen)
                await live_consent.end_alone(tx, AloneEnded.PAUSED, self._clock.now(), chosen)
            for one in theirs:
                if one.paused is not paused:
                    await self.draw_card(tx, one.id)
            stand = await portfolios.open_of(tx, person.id)
        for portfolio_id in chosen:
            self._changed(portfolio_id)
        return await self._rows(stand)

    async def _rows(self, stand: Sequence[Portfolio]) -> tuple[PortfolioRow, ...]:
        """Return portfolios with their open plans, as far as these can be read: what was stopped stays so whatever stands there."""
        ids, running, known = [one.id for one in stand], dict[int, Plan](), dict[int, PortfolioStates]()
        with contained("what is open of portfolios cannot be read", portfolios=ids):
            async with self._db.read() as tx:
                running, known = await plans.open_plans(tx, ids), await states.read_many(tx, ids)
        return tuple(PortfolioRow(portfolio=one, plan=running.get(one.id), after_panic=known.get(one.id, NOTHING).asks) for one in stand)

    async def of(self, person: Person) -> tuple[Portfolio, ...]:
        """Return all portfolios of a person, oldest first, the closed ones among them."""
        async with self._db.read() as tx:
            return await portfolios.of_person(tx, person.id)

    async def current(self, person: Person) -> Portfolio | None:
        """Return the portfolio that the person's commands speak of; one of somebody else is nobody's, whatever the row says."""
        if person.portfolio_id is None:
            return None
        async with self._db.read() as tx:
            found = await portfolios.get(tx, person.portfolio_id)
        return found if found is not None and found.person_id == person.id else None

    async def by_id(self, portfolio_id: int) -> Portfolio | None:
        """Return a portfolio; whose it is must be checked by the caller."""
        async with self._db.read() as tx:
            return await portfolios.get(tx, portfolio_id)

    async def change(self, portfolio: Portfolio, *, flow: Flow | None = None, **fields: Any) -> Portfolio:  # noqa: ANN401 - fields of Portfolio
        """Store changed settings; the row is read again first so that nothing else is lost. Nothing is changed of a closed portfolio.

        A name that the strategy gave goes with the strategy. ``flow`` is what the change lets in or out, written with it.
        """
        async with self._db.transaction() as tx:
            latest = await portfolios.get(tx, portfolio.id) or portfolio
            if not latest.is_open:
                return latest
            changed = await self.change_in(tx, latest, flow=flow, **fields)
        self.tell_changed(portfolio.id)
        return changed

    async def change_in(self, tx: Tx, latest: Portfolio, *, flow: Flow | None = None, **fields: Any) -> Portfolio:  # noqa: ANN401 - as above
        """Change an open portfolio inside a transaction that was begun with reading it; :meth:`tell_changed` must follow it."""
        changed = replace(latest, **fields)
        if changed.answer is not AnswerMode.AUTO and latest.answer is AnswerMode.AUTO:
            changed = live_consent.asking(changed)  # with real money, acting alone is agreed to again
        await portfolios.save(tx, changed)
        if changed.strategy != latest.strategy:
            await strategies.note(tx, latest.id, changed.strategy, self._clock.now())
        if flow is not None:
            await flows.add(tx, flow)
        changed = await _renamed(tx, latest, changed)
        if _lines_of(changed.strategy) != _lines_of(latest.strategy):
            await _arm(tx, latest.id)
        await states.forget_mix(tx, latest, _told_anew(latest.strategy, changed.strategy))
        if revision_of(changed) != revision_of(latest):
            await self.end_card(tx, latest.id, settings=True)
        return changed

    async def fresh(self, tx: Tx, portfolio_id: int) -> Portfolio | None:
        """Return an open portfolio as it is in a transaction; None where it is closed or gone."""
        latest = await portfolios.get(tx, portfolio_id)
        return latest if latest is not None and latest.is_open else None

    async def change_terms(self, tx: Tx, portfolio: Portfolio, limits: LiveLimits) -> Portfolio:
        """Change the limits of real money inside a transaction; :meth:`tell_changed` must follow it. Nothing where nobody has agreed."""
        latest = await portfolios.get(tx, portfolio.id) or portfolio
        if latest.live is None or not latest.is_open:
            return latest
        return await self.change_in(tx, live_consent.asking(latest), live=replace(latest.live, limits=limits, auto_since=None))

    async def together(self, write: Callable[[Tx], Awaitable[None]]) -> None:
        """Write in one transaction what belongs together."""
        async with self._db.transaction() as tx:
            await write(tx)

    def tell_changed(self, portfolio_id: int) -> None:
        """Let whoever remembers a portfolio read it again."""
        self._changed(portfolio_id)

    async def move_zone(self, person: Person) -> None:
        """Let the schedules of a person follow them into their new time zone; the next run is worked out again from now on."""
        now = self._clock.now()
        async with self._db.transaction() as tx:
            for portfolio in await portfolios.of_person(tx, person.id):
                rule = portfolio.strategy.schedule
                if rule is not None and rule.zone != person.zone:
                    moved = replace(rule, zone=person.zone, set_at=now)
                    strategy = replace(portfolio.strategy, schedule=moved)
                    await portfolios.save(tx, replace(portfolio, strategy=strategy))
                    await strategies.note(tx, portfolio.id, strategy, now)
                    self._changed(portfolio.id)

    async def draw_card(self, tx: Tx, portfolio_id: int) -> None:
        """Have the card of an open plan drawn again: it has another name, waits for its answer again, is paused or goes on.

        One that cannot be read stands as it is: what it is drawn for must not wait for it.
        """
        now, waiting = self._clock.now(), None
        with contained("a card is not drawn again", portfolio=portfolio_id):
            waiting = await plans.open_plan(tx, portfolio_id)
        if waiting is not None:
            await self._redraw(tx, waiting, now, f"again-{now.isoformat()}")

    async def end_card(self, tx: Tx, portfolio_id: int, *, by: DecidedBy = DecidedBy.PERSON, settings: bool = False) -> None:
        """End the plan that waits for an answer: what its card rested on has changed, and Confirm must not cover that.

        A plan that the bot was to carry out itself has been shown to nobody: it is planned again, and asks, when its turn comes. Where
        the portfolio is closed, no turn comes. The list of a panic rests on no ``settings``.
        """
        now, waiting = self._clock.now(), await plans.open_plan(tx, portfolio_id)
        is_unseen = waiting is not None and waiting.stand is not None and waiting.stand.auto
        if waiting is None or (is_unseen and by is not DecidedBy.CLOSING) or (settings and waiting.is_panic):
            return
        if await plans.decide(tx, waiting.id, PlanState.SUPERSEDED, now, by):
            await self._redraw(tx, waiting, now, "outdated")


async def under_way(tx: Tx, portfolio: Portfolio) -> UnderWay | None:
    """Return what keeps a portfolio from being closed now; a card that waits for an answer does not."""
    plan, panic = await plans.open_plan(tx, portfolio.id), (await states.read(tx, portfolio.id)).panic
    if plan is not None and plan.state is not PlanState.PROPOSED:
        return UnderWay(portfolio=portfolio, plan=plan)
    return UnderWay(portfolio=portfolio, plan=None) if portfolio.paused and panic is not None and panic.pending else None


async def need_let_in(tx: Tx, person_id: int) -> None:
    """Raise :class:`ShutOut` for somebody who may not use the bot now."""
    person = await accounts.person(tx, person_id)
    if person is None or not person.is_let_in:
        raise ShutOut


async def _need_free(tx: Tx, key_id: int, account: str) -> None:
    """Raise :class:`UserError` where an open portfolio, whoever's it is, stands on this account already, by this key or another one."""
    there = await portfolios.on_key(tx, key_id) or (await portfolios.on_account(tx, account) if account else None)
    if there is not None:
        raise UserError(N_("This account has a portfolio already. For a second one, open a sub-account with a key of its own."))


async def _owned(tx: Tx, person_id: int, portfolio_id: int) -> Portfolio | None:
    portfolio = await portfolios.get(tx, portfolio_id)
    return portfolio if portfolio is not None and portfolio.person_id == person_id else None


def need_room(others: Collection[Portfolio]) -> None:
    """Raise :class:`UserError` where a person has so many open portfolios that no other can be opened."""
    if len(others) >= MOST_OPEN:
        raise UserError(N_("You have {count} portfolios open, and that is the limit. Close one first: /portfolios."), count=len(others))


async def _speak_of(tx: Tx, person_id: int, portfolio_id: int | None) -> bool:
    """Let commands speak of a portfolio, and leave a question about another one; tell whether there was one."""
    await accounts.change_person(tx, person_id, portfolio_id=portfolio_id)
    asked = await accounts.dialog(tx, person_id)
    if asked is None or asked[1].get(OF_PORTFOLIO) in (None, portfolio_id):
        return False
    await accounts.clear_dialog(tx, person_id)
    return True


async def _renamed(tx: Tx, before: Portfolio, after: Portfolio) -> Portfolio:
    """Give a portfolio the name of its new strategy, unless a person gave it one."""
    if before.strategy.preset == after.strategy.preset or not names.is_given(before.name):
        return after
    others = (other.name for other in await portfolios.open_of(tx, after.person_id) if other.id != after.id)
    name = names.distinct(after.strategy.preset, others)
    await portfolios.rename(tx, after.id, name)
    return replace(after, name=name)


def _lines_of(strategy: Strategy) -> Strategy:
    """Return what the states of the lines rest on: targets and bands, but not the calendar, the triggers and how a plan trades."""
    return replace(strategy, schedule=None, triggers={}, tilt=Decimal(0), turnover_budget=None)


def _told_anew(before: Strategy, after: Strategy) -> Collection[str]:
    """Return the coins of which another quantity is wanted than before: all of them where targets have changed."""
    if (before.weights, before.members) != (after.weights, after.members):
        return before.spot_assets
    return [coin for coin in {*before.kept, *after.kept} if before.kept.get(coin, 0) != after.kept.get(coin, 0)]


async def _arm(tx: Tx, portfolio_id: int) -> None:
    """Arm every line again: what fired under other targets or bands says nothing about these.

    The calendar, what was told of the triggers, the hedges and the tilts go on where they are.
    """
    before = await states.read(tx, portfolio_id)
    await states.write(tx, portfolio_id, before, replace(before, lines={}, danger=None, rang_at=None, outage=None))
