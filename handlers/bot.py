"""The bot: every command and every button on one page, in order, behind one gate, with one answer to every failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from telegram import Update
from telegram.ext import Application, ApplicationHandlerStop, CallbackQueryHandler, CommandHandler, MessageHandler, TypeHandler, filters

from chatbot.errors import Damaged, InternalError, ShutOut, Unreachable, UserError
from chatbot.model import Role
from chatbot.portfolio.revision import is_shown_by
from handlers.buttons import BOUND, Reason, Refusal, Signer, Tap, told_apart
from handlers.chat.context import CONTEXT, PROGRAM, Context, answer, mark_above, reply
from handlers.chat.gate import gate
from handlers.chat.offered import typed
from handlers.chat.reading import characters
from handlers.chat.trouble import broken, damaged, words_outside
from handlers.chat.typed_keys import WHISPERS
from handlers.command_list import visible_to
from handlers.commands import (
    alerts,
    backtest,
    band_advice,
    broadcast,
    by_hand,
    exposure,
    flows,
    hedge,
    history,
    holdings,
    invest,
    keep,
    keys,
    leap,
    live,
    lives,
    mode,
    operator,
    options,
    panic,
    pause,
    portfolios,
    privacy,
    rebalance,
    report,
    review,
    schedule,
    settings,
    start,
    status,
    strategy,
    terms,
    triggers,
    untargeted,
    watch,
)
from handlers.commands import help as help_
from handlers.commands import tour as tour_
from handlers.transport.line import LINE
from handlers.transport.rate_limit import newest_of
from handlers.transport.updates import InOrder
from handlers.views import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from chatbot.app import Program
    from handlers.chat.context import Bot
    from handlers.transport.line import TelegramLine

    Handler = Callable[[Update, Context], Coroutine[Any, Any, None]]

log = structlog.get_logger()

#: every command; what each is called and says in the menu stands in handlers/command_list.py
COMMANDS: dict[str, Handler] = {
    "start": start.start,
    "status": status.status,
    "rebalance": rebalance.rebalance,
    "exposure": exposure.exposure,
    "hedge": hedge.hedge,
    "deposit": flows.deposit,
    "withdraw": flows.withdraw,
    "invest": invest.invest,
    "why": history.why,
    "history": history.history,
    "review": review.review,
    "report": report.report,
    "backtest": backtest.backtest,
    "targets": strategy.targets,
    "keep": keep.keep,
    "bands": strategy.bands,
    "triggers": triggers.triggers,
    "schedule": schedule.schedule,
    "mode": mode.mode,
    "alerts": alerts.alerts,
    "portfolios": portfolios.portfolios,
    "privacy": privacy.privacy,
    "connect": keys.connect,
    "keys": keys.keys,
    "disconnect": keys.disconnect,
    "live": live.live,
    "pause": pause.pause,
    "resume": pause.resume,
    "panic": panic.panic,
    "settings": settings.settings,
    "help": help_.help_,
    "cancel": help_.cancel,
    "users": operator.users,
    "health": operator.health,
    "broadcast": broadcast.broadcast,
    "halt": operator.halt,
    "unhalt": operator.unhalt,
}


async def leave(update: Update, context: Context) -> None:
    """Leave the question that the tapped button stands under, and show the page behind it."""
    dialog, action, arg = context.tapped.arg.split(":", 2)
    await context.leave(dialog)
    context.tapped = Tap(action, arg, context.tapped.portfolio)
    await BUTTONS[action](update, context)


async def offered(update: Update, context: Context) -> None:
    """Do what the command above the tapped button says, as if it had been written."""
    written = await typed(update, context)
    said = written.message.text if written is not None and written.message is not None else None
    name = (said or "").split(" ", 1)[0].strip("/")
    if written is None or name not in {command.name for command in visible_to(operator=context.person.role == Role.OPERATOR)}:
        await answer(update, context, problems.tap_refused(context.words, Refusal(Reason.CHANGED, context.tapped.action)), alert=True)
        return
    await COMMANDS[name](written, context)


async def text(update: Update, context: Context) -> None:
    """Answer what is written without a command; what only asks is answered by the command that is meant."""
    name = await help_.text(update, context)
    if name:
        await COMMANDS[name](update, context)


async def tour(update: Update, context: Context) -> None:
    """Show the page of a step of the tour in place of its message, and below it what comes next."""
    number = context.tapped.arg
    page = await tour_.tour(update, context)
    if page:
        context.tapped = Tap(page)
        await BUTTONS[page](update, context)
        await tour_.go_on(update, context, int(number))


#: every button by its action
BUTTONS: dict[str, Handler] = {
    "leave": leave,
    "say": offered,
    "say_here": offered,
    "start": start.start,
    "start_new": start.start_new,
    "start_mode": start.start_mode,
    "amount": start.amount,
    "holdings_ok": start.holdings_ok,
    "start_futures": start.start_futures,
    "start_strategy": start.start_strategy,
    "start_quote": start.start_quote,
    "show_preset": start.show_preset,
    "custom": start.custom,
    "choose": start.choose,
    "status": status.status,
    "coins": status.coins,
    "exposure": exposure.exposure,
    "hedge": hedge.hedge,
    "hedge_open": hedge.hedge_open,
    "hedge_close": hedge.hedge_close,
    "hedge_table": hedge.hedge_table,
    "correct": holdings.correct,
    "flow_outside": flows.was_deposit,
    "flow_as": flows.flow_as,
    "keep_as": keep.keep_as,
    "flow_trade": flows.was_trade,
    "flow_undo": flows.undo,
    "plan_undo": flows.undo_plan,
    "invest_now": invest.there,
    "invest_new": invest.deposited,
    "leap": leap.leap,
    "life": lives.life,
    "life_ask": lives.ask,
    "life_yes": lives.go,
    "rebalance": rebalance.rebalance,
    "trade_all": rebalance.trade_all,
    "card": rebalance.card,
    "more": rebalance.more,
    "confirm": rebalance.confirm,
    "pay": rebalance.pay,
    "leave_dear": rebalance.leave_dear,
    "again": rebalance.again,
    "leave_it": rebalance.leave_it,
    "edit": rebalance.edit,
    "toggle": rebalance.toggle,
    "skip": rebalance.skip,
    "otherwise": by_hand.otherwise,
    "hand_all": rebalance.hand_all,
    "snooze_plan": rebalance.snooze_plan,
    "snooze": rebalance.snooze,
    "snooze_longer": alerts.snooze_longer,
    "targets": strategy.targets,
    "preset": strategy.preset,
    "use_preset": strategy.use_preset,
    "aim": untargeted.aim,
    "keep": keep.keep,
    "keep_none": keep.give_back,
    "bands": strategy.bands,
    "band": strategy.band,
    "theta": strategy.theta,
    "options": options.options,
    "budget": options.budget,
    "tilt": options.tilt,
    "advice": band_advice.advice,
    "use_band": band_advice.use_band,
    "use_bands": band_advice.use_bands,
    "triggers": triggers.triggers,
    "trigger": triggers.trigger,
    "turn": triggers.turn,
    "knob": triggers.knob,
    "about_triggers": triggers.about,
    "schedule": schedule.schedule,
    "schedule_set": schedule.schedule_set,
    "history": history.history,
    "plan": history.plan,
    "csv": history.csv,
    "review": review.review,
    "review_card": review.scorecard,
    "review_more": review.more,
    "review_try": review.try_way,
    "review_months": review.months,
    "review_weights": review.weights,
    "report": report.report,
    "report_as": report.report_as,
    "backtest": backtest.backtest,
    "past_go": backtest.go,
    "past_each": backtest.each,
    "past_stop": backtest.stop,
    "past_months": backtest.months,
    "past_weights": backtest.weights,
    "past_back": backtest.back,
    "why": history.why,
    "why_all": history.why_all,
    "settings": settings.settings,
    "languages": settings.languages,
    "language": settings.language,
    "zones": settings.zones,
    "zone": settings.zone,
    "mode": mode.mode,
    "answer": mode.answers,
    "auto": mode.auto,
    "auto_yes": mode.auto_yes,
    "unanswered": mode.unanswered,
    "alerts": alerts.alerts,
    "ring": alerts.ring,
    "quiet": alerts.quiet_hours,
    "reminder": alerts.reminder,
    "review_by_itself": alerts.review,
    "portfolios": portfolios.portfolios,
    "privacy": privacy.privacy,
    "my_data": privacy.export,
    "forget": privacy.offer,
    "forget_yes": privacy.forget,
    "connect": keys.connect,
    "key_here": keys.key_here,
    "keys": keys.keys,
    "key": keys.key,
    "watch": watch.watch,
    "watch_futures": watch.futures,
    "live": live.live,
    "live_off": live.off,
    "key_check": keys.key_check,
    "disconnect": keys.disconnect,
    "disconnect_yes": keys.disconnect_yes,
    "switch": portfolios.switch,
    "rename": portfolios.rename,
    "close": portfolios.close,
    "close_yes": portfolios.close_yes,
    "closed": portfolios.closed,
    "reopen": portfolios.reopen,
    "pause": pause.pause,
    "resume": pause.resume,
    "help": help_.help_,
    "term": terms.term,
    "tour": tour,
    "users": operator.users,
    "approve": operator.approve,
    "block": operator.block,
    "health": operator.health,
    "broadcast": broadcast.standing,
    "cast": broadcast.move,
    "unhalt": operator.unhalt,
    "unhalt_yes": operator.unhalt_yes,
    "look_again": rebalance.look_again,
    "close_plan": rebalance.close_plan,
    "stop_plan": rebalance.stop_plan,
    "panic": panic.panic,
    "panic_go": panic.panic_go,
    "panic_sell": panic.panic_sell,
    "panic_sell_go": panic.panic_sell_go,
}


def build(program: Program, line: TelegramLine) -> Bot:
    """Return the application that answers what comes over a line, not yet started."""
    application = (
        Application.builder()
        .bot(line.bot)
        .context_types(CONTEXT)
        .update_queue(line.updates)
        .concurrent_updates(_in_order(program, line))
        .updater(None)  # handlers/transport/polling.py asks for updates
        .build()
    )
    line.updates.precedence = program.precedence
    application.bot_data[PROGRAM] = program
    application.bot_data[WHISPERS] = line.whispers
    application.bot_data[LINE] = line
    _register(application)
    return application


def _in_order(program: Program, line: TelegramLine) -> InOrder:
    newest = None if line.is_polled else newest_of(line.bot)
    return InOrder(program.db, line.whispers, program.precedence, program.shares, line.taken, newest, program.clock)


def _register(application: Bot) -> None:
    """Order matters: the gate first; commands before texts; the last two answer what nothing else took."""
    fresh = filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE
    application.add_handler(TypeHandler(Update, gate), group=-1)
    for name, handler in COMMANDS.items():
        application.add_handler(CommandHandler(name, guarded(handler), filters=fresh))
    application.add_handler(CallbackQueryHandler(guarded(tap)))
    application.add_handler(MessageHandler(fresh & filters.COMMAND, guarded(help_.unknown_command)))
    application.add_handler(MessageHandler(fresh, guarded(text)))
    application.add_error_handler(failed)


async def tap(update: Update, context: Context) -> None:
    """Open the seal of a button and run what it means; a tap is always answered."""
    query = update.callback_query
    if query is None:
        return
    person = context.person
    opened = Signer(context.program.button_key).unpack(query.data or "", person.id, person.chat_id, context.program.clock.now())
    if isinstance(opened, Refusal) or opened.action not in BUTTONS:
        refusal = opened if isinstance(opened, Refusal) else Refusal(Reason.MALFORMED, opened.action)
        await answer(update, context, problems.tap_refused(context.words, refusal), alert=True)
        return
    context.tapped, about = told_apart(opened)
    if not await _finds(context, about):
        await answer(update, context, problems.tap_refused(context.words, Refusal(Reason.CHANGED, opened.action)), alert=True)
        return
    await BUTTONS[opened.action](update, context)
    await answer(update, context)


async def _finds(context: Context, about: str) -> bool:
    """Let the update be about the portfolio that the tapped button speaks of; False where that is not as it was shown any more.

    Without any portfolio there is nothing to change, and what was tapped says so itself.
    """
    if context.tapped.action not in BOUND:
        context.about = int(about) if about.isdecimal() else None
        return True
    theirs = await context.program.portfolios.of(context.person)
    context.about = next((one.id for one in theirs if is_shown_by(one, about)), None)
    return context.about is not None or not theirs


def guarded(handler: Handler) -> Handler:
    """Run a handler only for whom the gate let in, and answer what goes wrong in it in their words: the library's own context forgets them.

    The gate stops every other update by itself; this is the second lock of the same door.
    """

    async def run(update: Update, context: Context) -> None:
        if not context.let_in:
            log.error("an update that nobody let in came past the gate", update_id=update.update_id)
            return
        context.rest = characters.plain(_behind_command(update))
        context.args = None if context.args is None else context.rest.split()
        try:
            await _corrected(handler, update, context)
        except ShutOut:
            await answer(update, context)  # the button stops spinning; there is nothing to say
        except Exception as error:  # noqa: BLE001 - the last door before silence
            await broken(update, context, error, context.words)

    return run


def _behind_command(update: Update) -> str:
    typed = update.message.text if update.message is not None else None
    return typed.split(maxsplit=1)[1] if typed and len(typed.split(maxsplit=1)) > 1 else ""


async def _corrected(handler: Handler, update: Update, context: Context) -> None:
    """Run a handler and tell the person what they can put right."""
    try:
        await handler(update, context)
    except UserError as mistake:
        await answer(update, context)
        await reply(update, context, problems.mistake(context.words, mistake, await mark_above(context)))
    except Damaged as trouble:
        await damaged(update, context, trouble)
    except Unreachable as trouble:
        portfolio = await context.portfolio()
        if portfolio is None:
            raise
        log.info("exchange unreachable for an answer", portfolio=portfolio.id, update_id=update.update_id, error=str(trouble))
        await answer(update, context)
        await reply(update, context, problems.unreachable(context.words, portfolio, trouble))


async def failed(update: object, context: Context) -> None:
    """Answer what went wrong outside of a handler, while answering for instance; whatever it was, no other handler runs."""
    error = context.error or InternalError("an error without an error")
    if isinstance(update, Update):
        await broken(update, context, error, words_outside(update, context))
    else:
        log.error("failed outside of an update", exc_info=error)
    raise ApplicationHandlerStop
