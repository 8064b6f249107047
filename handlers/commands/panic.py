"""/panic: shows what it would do, then cancels, closes every future and pauses; a second step sells the coins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import structlog

from chatbot.plans.panic import Pressed, Sold
from chatbot.store import halt, portfolios
from handlers.chat.context import answer, reply, show
from handlers.views import problems
from handlers.views.plan import panic as views
from handlers.views.plan import progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from telegram import Update

    from chatbot.model import Portfolio
    from handlers.chat.context import Context

log = structlog.get_logger()
T = TypeVar("T")
#: a page that is older is shown again before anything is done
SHOWN_FOR = timedelta(minutes=10)


async def panic(update: Update, context: Context) -> None:
    """Show what it would do to every portfolio of the person, or to the one that the button names."""
    chosen = int(context.tapped.arg) if update.callback_query is not None and context.tapped.arg else 0
    await _show(update, context, chosen)


async def _show(update: Update, context: Context, chosen: int) -> None:
    """Show the page about one portfolio; 0: about all."""
    async with context.program.db.read() as tx:
        since, theirs = await halt.since(tx), await portfolios.open_of(tx, context.person.id)
    if not theirs:
        await show(update, context, problems.no_portfolio(context.words))
        return
    if since is not None:
        await show(update, context, views.halted(context.words, since, context.program.clock.now()))
        return
    about = [one for one in theirs if one.id == chosen] or list(theirs)
    now = context.program.clock.now()
    context.about = about[0].id if len(about) == 1 else None
    effects, broken = await _each(about, context.program.panic.effect)
    if effects:
        await show(update, context, views.effects(context.words, effects, [one for one in theirs if one not in about], now))
    if broken is not None:
        raise broken


async def panic_go(update: Update, context: Context) -> None:
    """Do it, once, to the portfolios that the page has shown."""
    chosen, shown_at = _read(context.tapped.arg)
    if context.program.clock.now() - shown_at > SHOWN_FOR:
        await answer(update, context, views.too_old(context.words, shown_at, context.program.clock.now()), alert=True)
        await _show(update, context, chosen)
        return
    async with context.program.db.read() as tx:
        theirs = await portfolios.open_of(tx, context.person.id)
    shown = [one for one in theirs if chosen in (0, one.id) and one.created_at <= shown_at + timedelta(seconds=1)]
    answers, broken = await _each(shown, lambda one: context.program.panic.stop(one, context.person.id, shown_at))
    done = [one for one in answers if one is not None]
    if broken is not None and not done:
        raise broken
    if not done:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    if all(one.pressed is not Pressed.STOPPED for one in done):
        await answer(update, context, views.nothing_new(context.words, done[0], context.program.clock.now()), alert=True)
    context.about = done[0].portfolio.id if len(done) == 1 else None
    await show(update, context, views.stopped(context.words, done, context.program.clock.now()))
    if broken is not None:
        raise broken


async def _each(theirs: Iterable[Portfolio], do: Callable[[Portfolio], Awaitable[T]]) -> tuple[list[T], Exception | None]:
    """Do something to each portfolio, and return what came of it with what broke last: one that breaks keeps no other from it."""
    done: list[T] = []
    broken: Exception | None = None
    for one in theirs:
        try:
            done.append(await do(one))
        except Exception as error:
            log.exception("panic failed for a portfolio", portfolio=one.id)
            broken = error
    return done, broken


async def panic_sell(update: Update, context: Context) -> None:
    """Show what the second step would sell."""
    portfolio = await _theirs(update, context, int(context.tapped.arg))
    if portfolio is not None:
        now = context.program.clock.now()  # a message of its own: the result of the first step stays
        await reply(update, context, views.sale(context.words, await context.program.panic.sale(portfolio), now))


async def panic_sell_go(update: Update, context: Context) -> None:
    """Sell everything, once."""
    number, shown_at = _read(context.tapped.arg)
    portfolio = await _theirs(update, context, number)
    if portfolio is None:
        return
    if context.program.clock.now() - shown_at > SHOWN_FOR:
        await answer(update, context, views.too_old(context.words, shown_at, context.program.clock.now()), alert=True)
        await show(update, context, views.sale(context.words, await context.program.panic.sale(portfolio), context.program.clock.now()))
        return
    came = await context.program.panic.sell(portfolio, context.person.id, shown_at)
    match came:
        case None:
            await answer(update, context, progress.not_yours(context.words), alert=True)
        case Sold():
            await answer(update, context, views.not_sold(context.words, came), alert=True)
        case _:
            await answer(update, context, views.selling(context.words, came), alert=True)
            await show(update, context, views.sold(context.words, portfolio, came))


async def _theirs(update: Update, context: Context, number: int) -> Portfolio | None:
    """Return a portfolio of this person; the tap is answered where it is not theirs."""
    portfolio = await context.program.portfolios.by_id(number)
    if portfolio is not None and portfolio.person_id == context.person.id:
        context.about = portfolio.id
        return portfolio
    await answer(update, context, progress.not_yours(context.words), alert=True)
    return None


def _read(arg: str) -> tuple[int, datetime]:
    """Read which portfolio a button acts on, 0 for all, and when it was shown."""
    number, _, shown = arg.partition(":")
    return int(number), datetime.fromtimestamp(int(shown or "0", 16), UTC)
