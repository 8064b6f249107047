"""/backtest: what a strategy would have done, computed in a process of its own while everybody is answered as always."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import structlog
from telegram.error import TelegramError

from chatbot.backtest.apart.admission import Busy, ended
from chatbot.backtest.prepare import for_the_past, prepare
from chatbot.backtest.question import Job, each_switched
from chatbot.backtest.stored_history import past_of
from chatbot.errors import ExchangeError, OtherWorld, ShutOut
from chatbot.exchanges.base import traded
from chatbot.portfolio import strategies
from chatbot.portfolio.names import SPOT_ONLY
from handlers.chat.context import need_portfolio, redraw, reply, show
from handlers.chat.reading import own_words
from handlers.commands import backtest_words
from handlers.views.past import backtest as views
from handlers.views.past import backtest_over_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from telegram import Message, Update

    from chatbot.backtest.apart.admission import Run
    from chatbot.backtest.question import Answer
    from chatbot.i18n import Words
    from chatbot.model import Portfolio, Strategy
    from handlers.chat.context import Context
    from handlers.views.common import View
    from handlers.views.past.backtest import Told, Wish

log = structlog.get_logger()
#: what is begun with where the portfolio cannot be valued now, quote
_AMOUNT: Final = Decimal(10_000)
#: seconds between two edits of a message that shows how far a run is: Telegram allows one a second in a chat, and others wait for it too
_BETWEEN_S: Final = 2.0
#: triggers are gathered for less than the hour between two looks
_LONGEST_WINDOW_S: Final = 1800.0


async def backtest(update: Update, context: Context) -> None:
    """Offer strategies and periods, or test what is written behind the command."""
    portfolio = await _portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is None and context.rest:
        today = _market_now(context, portfolio).date()
        wish = own_words.either(context.rest, context.words, lambda said: backtest_words.read(said, context.words, today))
        await _begin(update, context, portfolio, wish)
        return
    context.program.backtests.expect()
    tapped = context.tapped.arg if update.callback_query is not None else ""
    await _show_beside(update, context, views.choice(context.words, portfolio, views.told_by(tapped)))


async def go(update: Update, context: Context) -> None:
    """Test what was chosen."""
    portfolio = await _portfolio(update, context)
    if portfolio is not None:
        await _begin(update, context, portfolio, views.told_by(context.tapped.arg))


async def each(update: Update, context: Context) -> None:
    """Test once more with each trigger switched the other way."""
    portfolio = await _portfolio(update, context)
    if portfolio is not None:
        await _begin(update, context, portfolio, views.told_by(context.tapped.arg), by_trigger=True)


async def stop(update: Update, context: Context) -> None:
    """Stop the run whose button was tapped, or show how it ended; of one from before a restart nothing is left."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    run = context.program.backtests.named(context.tapped.arg, context.person.id)
    if run is None:
        await show(update, context, views.gone(context.words, portfolio))
        return
    context.program.backtests.stop(run)
    # the message of the run follows it by itself; another one that offered to stop it, or one that missed its end, is told here
    await show(update, context, views.result(context.words, run.about, run))


async def months(update: Update, context: Context) -> None:
    """Show a finished backtest month by month."""
    await _show_finished(update, context, backtest_over_time.months)


async def weights(update: Update, context: Context) -> None:
    """Show what each line was of the value in a finished backtest."""
    await _show_finished(update, context, backtest_over_time.weights)


async def back(update: Update, context: Context) -> None:
    """Show the result of a finished backtest again."""
    await _show_finished(update, context, lambda words, told, run, _: views.result(words, told, run))


async def _show_finished(update: Update, context: Context, view: Callable[[Words, Told, Run, Answer], View]) -> None:
    """Show something of the run whose button was tapped; of one from before a restart nothing is left."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is None:
        return
    run = context.program.backtests.named(context.tapped.arg, context.person.id)
    if run is None or run.answer is None:
        await show(update, context, views.gone(context.words, portfolio))
        return
    await show(update, context, view(context.words, run.about, run, run.answer))


async def _portfolio(update: Update, context: Context) -> Portfolio | None:
    """Return the portfolio that this is about; raises :class:`OtherWorld` for one whose prices are not those of here."""
    portfolio = await need_portfolio(update, context, to_read=True)
    if portfolio is not None and not context.program.markets.has(portfolio):
        raise OtherWorld(portfolio.exchange)
    return portfolio


async def _show_beside(update: Update, context: Context, view: View) -> None:
    """Show a view in place of the tapped message, but below a result, which stays."""
    query = update.callback_query
    is_result = query is not None and query.message is not None and bool(getattr(query.message, "photo", ()))
    await (reply(update, context, view) if is_result else show(update, context, view))


async def _begin(update: Update, context: Context, portfolio: Portfolio, wish: Wish, *, by_trigger: bool = False) -> None:
    """Put a question in line, and let its message follow it."""
    words, backtests = context.words, context.program.backtests
    told = views.Told(portfolio=portfolio, wish=wish, strategy=await _strategy(context, portfolio, wish), by_trigger=by_trigger)
    try:
        run = backtests.begin(context.person.id, _maker(context, told), told)
    except Busy as busy:
        await reply(update, context, views.busy(words, portfolio, busy.run))
        return
    view = views.under_way(words, told, run, backtests.place(run))
    query = update.callback_query
    in_place = query is not None and query.message is not None and not by_trigger and not getattr(query.message, "photo", ())
    try:
        message = await (show(update, context, view) if in_place else reply(update, context, view))
    except BaseException:
        backtests.stop(run)  # nobody would ever see it
        raise
    backtests.keep(_follow(context, told, run, (message, view)))


async def _follow(context: Context, told: Told, run: Run, told_so_far: tuple[Message, View]) -> None:
    """Keep a message telling how far a run is, until it tells the end."""
    backtests, words, (message, shown) = context.program.backtests, context.words, told_so_far
    try:
        while not run.stage.is_over:
            await run.news.wait()
            run.news.clear()
            view = views.under_way(words, told, run, backtests.place(run))
            if not run.stage.is_over and view != shown:
                message, shown = await _redrawn(context, message, view), view
                await ended(run, _BETWEEN_S)
        await _redrawn(context, message, views.result(words, told, run))
    except ShutOut:
        backtests.stop(run)


async def _redrawn(context: Context, message: Message, view: View) -> Message:
    try:
        return await redraw(context, message, view)
    except TelegramError as trouble:
        log.warning("backtest could not be shown", error=type(trouble).__name__)
        return message


def _maker(context: Context, told: Told) -> Callable[[Run], Awaitable[Job]]:
    """Return what puts the job of a question together once it is its turn."""
    program, portfolio, strategy, zone = context.program, told.portfolio, told.strategy, context.person.zone
    same, its_own = (for_the_past(one, portfolio.created_at) for one in (strategy, portfolio.strategy))
    own = None if told.by_trigger or same == its_own else portfolio.strategy

    async def make(run: Run) -> Job:
        now, tried = _market_now(context, portfolio), [strategy] if own is None else [strategy, own]
        source = past_of(program.markets.of(portfolio).source, program.db, program.clock, program.settings.fear_greed_url, run.hear)
        span, give_way = backtest_words.span(told.wish.period, now), program.precedence.give_way
        recorded, told.days = await prepare(source, tried, span, now, give_way)
        begin = recorded.begin
        past = for_the_past(strategy, begin)
        return Job(
            recorded=recorded,
            strategy=past,
            amount=await _worth(context, portfolio),
            window=timedelta(seconds=min(program.settings.batch_window_s, _LONGEST_WINDOW_S)),
            own=None if own is None else for_the_past(own, begin),
            zone=zone,
            switched=each_switched(past) if told.by_trigger else {},
        )

    return make


def _market_now(context: Context, portfolio: Portfolio) -> datetime:
    return context.program.markets.market_time(portfolio, context.program.clock.now())


async def _strategy(context: Context, portfolio: Portfolio, wish: Wish) -> Strategy:
    """Return the strategy that is to be tested: the portfolio's own, or a preset with its coins and, like it, with or without futures."""
    own = portfolio.strategy
    if wish.strategy == views.OWN:
        return own
    listed = traded(await context.program.markets.of(portfolio).source.markets())
    name = wish.strategy + (SPOT_ONLY if strategies.is_without_futures(own) else "")
    return strategies.preset(name, listed, own.members.get("ALT", ()))


async def _worth(context: Context, portfolio: Portfolio) -> Decimal:
    """Return what the portfolio is worth, because small money trades less often; a usual amount where that is not known."""
    try:
        figures = (await context.program.evaluator.look(portfolio)).figures
    except ExchangeError:
        figures = None
    return figures.value if figures is not None and figures.value > 0 else _AMOUNT
