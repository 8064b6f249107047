"""/rebalance and the buttons of a plan card: Confirm, Edit, Skip, Snooze; every tap is answered in words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from chatbot.errors import ExchangeError
from chatbot.model import UNDER_WAY, Cause, PlanState, Reason
from chatbot.plans import outcomes
from chatbot.reports.tax import entries
from chatbot.reports.tax.expected import expected
from chatbot.store import events, halt, plans
from handlers.chat.context import answer, need_portfolio, reply, show
from handlers.commands import alerts
from handlers.views import alerts as alert_views
from handlers.views import problems
from handlers.views.hedge import offer
from handlers.views.person import halt as halt_views
from handlers.views.plan import by_hand, costs, nothing, progress, real_money
from handlers.views.plan import card as views
from handlers.views.plan import more as more_views

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from telegram import Message, Update

    from chatbot.model import Plan, Portfolio
    from handlers.chat.context import Context
    from handlers.views.common import View

PlanView: TypeAlias = "Callable[[Context, Portfolio, Plan], View]"
Show: TypeAlias = "Callable[[Update, Context], Awaitable[None]]"
_MANUAL = (Reason(trigger=Cause.MANUAL),)


async def rebalance(update: Update, context: Context) -> None:
    """Make a plan now, whether or not a trigger fired, and show its card as a message of its own."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        proposal = await context.program.rebalancing.propose(portfolio, _MANUAL)
        await answer_proposal(update, context, portfolio, proposal, new_message=True)


async def trade_all(update: Update, context: Context) -> None:
    """Make a plan of the small differences too, which :func:`rebalance` has left alone."""
    portfolio = await need_portfolio(update, context)
    if portfolio is not None:
        proposal = await context.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.EVERYTHING),))
        await answer_proposal(update, context, portfolio, proposal, new_message=True)


async def answer_proposal(
    update: Update, context: Context, portfolio: Portfolio, proposal: outcomes.ConfirmOutcome, *, new_message: bool = False, lead: str = ""
) -> None:
    """Show what came of asking for a plan."""
    put = reply if new_message else show
    words = context.words
    match proposal:
        case outcomes.Proposed(plan=plan, instead_of=older):
            now, said = context.program.clock.now(), await _with_halt(context, plan, lead)
            sent = await put(update, context, views.plan_card(words, portfolio, plan, now, lead=said))
            await _remember_card(context, plan, sent)
            if older is not None and older.message_id != sent.message_id:
                await context.program.rebalancing.redraw(older)
        case outcomes.NothingToDo():
            await put(update, context, nothing.nothing_to_do(words, proposal, context.program.clock.now()))
        case outcomes.CannotEvaluate(problems=found):
            await put(update, context, problems.cannot_evaluate(words, portfolio, found))
        case outcomes.Busy(plan=plan):
            await put(update, context, views.busy(words, portfolio, plan))
        case outcomes.NoHedge(size=size):
            await put(update, context, offer.refused(words, portfolio, size))
        case outcomes.Closed(portfolio=closed):
            await put(update, context, problems.closed(words, closed))
        case _:
            raise TypeError(f"{proposal!r} is no answer to a proposal")


async def _with_halt(context: Context, plan: Plan, lead: str) -> str:
    """Return what is said before a card: ``lead``, and while trading is stopped that it is."""
    async with context.program.db.read() as tx:
        stand = await halt.of_plan(tx, plan.id)
    return " ".join(filter(None, (lead, progress.halted_lead(context.words, plan, stand))))


async def _remember_card(context: Context, plan: Plan, sent: Message) -> None:
    """Note where the card is, so that progress is drawn in the same message."""
    async with context.program.db.transaction() as tx:
        await plans.set_card(tx, plan.id, sent.chat_id, sent.message_id)


async def confirm(update: Update, context: Context) -> None:
    """Carry the plan out, once: of any number of presses ``store/plans.decide`` lets one win."""
    await _confirm(update, context)


async def pay(update: Update, context: Context) -> None:
    """Carry the plan out although legs of it are expensive: exactly those that the question named."""
    await _confirm(update, context, accepted=costs.legs_of(context.tapped.args[-1]))


async def hand_all(update: Update, context: Context) -> None:
    """Note a plan as traded by hand as far as its exchange shows it: there is no more of it."""
    await _confirm(update, context, is_all=True)


async def _confirm(update: Update, context: Context, *, accepted: frozenset[int] = frozenset(), is_all: bool = False) -> None:
    plan_id = int(context.tapped.args[0])
    if not await _is_as_shown(update, context, plan_id):
        return
    try:
        outcome = await context.program.rebalancing.confirm(plan_id, context.person.id, accepted=accepted, is_all=is_all)
    except ExchangeError:  # of what was traded by hand only the exchange tells
        await answer(update, context, by_hand.not_looked(context.words), alert=True)
        return
    await _tell(update, context, plan_id, outcome)


async def _tell(update: Update, context: Context, plan_id: int, outcome: outcomes.ConfirmOutcome) -> None:
    words = context.words
    match outcome:
        case outcomes.Confirmed(plan=plan):
            await answer(update, context, progress.confirmed_toast(words, plan))
            await _show_plan(update, context, plan)
        case outcomes.SeenInPart(plan=plan):
            await _ask_if_all(update, context, outcome)
        case outcomes.Late(plan=plan):
            await too_late(update, context, plan)
        case outcomes.TooExpensive(plan=plan):
            await _ask_about_costs(update, context, plan)
        case outcomes.Halted(plan=plan, since=since):
            await answer(update, context, halt_views.refused(words, plan, since, context.program.clock.now()), alert=True)
        case outcomes.Paused(plan=plan):
            await answer(update, context, progress.paused(words, plan), alert=True)
        case outcomes.OverLimits(breach=breach):
            await answer(update, context, real_money.over_limits(words, breach), alert=True)
        case outcomes.NotYours():
            await answer(update, context, progress.not_yours(words), alert=True)
        case _:
            await _moved(update, context, plan_id, outcome)


async def _is_as_shown(update: Update, context: Context, plan_id: int) -> bool:
    """Tell whether a plan has the legs that the tapped button's page showed; where it has others, it is shown as it stands."""
    plan = await context.program.rebalancing.owned_plan(plan_id, context.person.id)
    shown = costs.legs_of((*context.tapped.args, "0")[1])  # a button of an older version names none
    if plan is None or plan.state is not PlanState.PROPOSED or costs.left_out(plan) == shown:
        return True
    await answer(
        update, context, context.words.t("The legs were changed after this was shown. Nothing was done; here is the plan."), alert=True
    )
    await _show_plan(update, context, plan)
    return False


async def _ask_if_all(update: Update, context: Context, found: outcomes.SeenInPart) -> None:
    """Say what an exchange shows of a plan that is traded by hand; where there is something, ask whether that is all."""
    portfolio = await context.portfolio_of(found.plan)
    if found.is_nothing or portfolio is None:
        await answer(update, context, by_hand.nothing_seen(context.words), alert=True)
    else:
        await show(update, context, by_hand.seen_in_part(context.words, portfolio, found), keeps_picture=True)


async def _ask_about_costs(update: Update, context: Context, plan: Plan) -> None:
    """Put the question about expensive legs in place of the card."""
    portfolio = await context.portfolio_of(plan)
    if portfolio is not None:
        await show(update, context, costs.question(context.words, portfolio, plan, context.program.clock.now()), keeps_picture=True)


async def _moved(update: Update, context: Context, plan_id: int, outcome: outcomes.ConfirmOutcome) -> None:
    """Prices or holdings left what the card showed, or cannot be known: say which, and show what there is instead of trading."""
    words = context.words
    old = await context.program.rebalancing.owned_plan(plan_id, context.person.id)
    portfolio = await context.portfolio_of(old)
    if old is None or portfolio is None:
        await answer(update, context, progress.not_yours(words), alert=True)
        return
    match outcome:
        case outcomes.Proposed(holdings_moved=True):
            lead = words.t(
                "What you hold has changed since plan {number} was made, so nothing was sent. Here is the plan as of now.",
                number=old.number,
            )
        case outcomes.Proposed():
            lead = words.t(
                "Prices have moved since plan {number} was made, so nothing was sent. Here is the plan as of now.", number=old.number
            )
        case outcomes.CannotEvaluate(problems=found):
            lead = words.t(problems.no_plan(portfolio, found))
        case outcomes.Busy(plan=other):
            lead = views.closed_text(words, other)
        case outcomes.Closed():
            lead = words.t("This portfolio is closed: it does nothing any more. Its history can be read.")
        case _:
            lead = words.t("Nothing to do.")
    await answer(update, context, lead)
    # Without prices the card stays as it is: the plan may still be answered while it lasts.
    apart = isinstance(outcome, outcomes.CannotEvaluate)
    await answer_proposal(update, context, portfolio, outcome, new_message=apart, lead=lead)


async def too_late(update: Update, context: Context, plan: Plan) -> None:
    """Say how the plan ended; one that ran out of time is followed by the plan as of now."""
    portfolio = await context.portfolio_of(plan)
    proposal = None
    if plan.state is PlanState.EXPIRED and portfolio is not None and portfolio.is_open:
        proposal = await context.program.rebalancing.propose_again(portfolio, plan)
    text = progress.late_text(context.words, plan, replanned=isinstance(proposal, outcomes.Proposed))
    await answer(update, context, text, alert=True)
    await _show_plan(update, context, plan)
    if portfolio is not None and plan.state is PlanState.SUPERSEDED:
        await _show_unseen(update, context, portfolio, text)
    if portfolio is not None and proposal is not None:
        await answer_proposal(update, context, portfolio, proposal, new_message=True, lead=text)


async def _show_unseen(update: Update, context: Context, portfolio: Portfolio, lead: str) -> None:
    """Show the plan that waits, if its card never arrived: an earlier process made it and was killed."""
    async with context.program.db.read() as tx:
        waiting = await plans.open_plan(tx, portfolio.id)
    if waiting is not None and waiting.state is PlanState.PROPOSED and waiting.message_id is None:
        card_ = views.plan_card(context.words, portfolio, waiting, context.program.clock.now(), lead=lead)
        await _remember_card(context, waiting, await reply(update, context, card_))


async def _show_plan(update: Update, context: Context, plan: Plan) -> None:
    """Draw the plan in its card, in whatever state it is."""
    portfolio = await context.portfolio_of(plan)
    async with context.program.db.read() as tx:
        stand = await halt.of_plan(tx, plan.id)
        asking = not await events.first_of(tx, plan.id, events.LEFT_UNDONE)
    if portfolio is not None:
        view = progress.shown(context.words, portfolio, plan, stand, context.program.clock.now(), asking=asking)
        await show(update, context, view, keeps_picture=True)


async def card(update: Update, context: Context) -> None:
    """Show a plan's card again."""
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.args[0]), context.person.id)
    if plan is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    await _show_plan(update, context, plan)


async def more(update: Update, context: Context) -> None:
    """Show a page of everything that the card has no room for."""
    page = int(context.tapped.args[1])
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.args[0]), context.person.id)
    portfolio = await context.portfolio_of(plan)
    realised = None
    if plan is not None and portfolio is not None and plan.state is PlanState.PROPOSED:
        async with context.program.db.read() as tx:
            told = await entries.read(tx, portfolio)
        realised = await asyncio.to_thread(expected, told, plan, context.program.clock.now(), context.words.zone)
    await _with_plan(update, context, lambda ctx, portfolio, plan: more_views.more(ctx.words, portfolio, plan, page, realised))


async def edit(update: Update, context: Context) -> None:
    """Show a switch for each leg; of a plan that is answered, how it stands."""
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.args[0]), context.person.id)
    if plan is not None and plan.state is not PlanState.PROPOSED:
        await _show_plan(update, context, plan)
    else:
        await _with_plan(update, context, lambda ctx, portfolio, plan: views.edit(ctx.words, portfolio, plan, ctx.program.clock.now()))


async def _with_plan(update: Update, context: Context, view: PlanView) -> None:
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.args[0]), context.person.id)
    portfolio = await context.portfolio_of(plan)
    if plan is None or portfolio is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    await show(update, context, view(context, portfolio, plan), keeps_picture=True)


async def toggle(update: Update, context: Context) -> None:
    """Leave a leg out, or take it back, and show the new result."""
    plan_id, index = (int(part) for part in context.tapped.args)
    await _changed(update, context, await context.program.rebalancing.toggle(plan_id, context.person.id, index), edit)


async def leave_dear(update: Update, context: Context) -> None:
    """Leave the legs out that the question about costs named, and show the card of the rest."""
    plan_id, mask = context.tapped.args[0], context.tapped.args[-1]
    outcome = await context.program.rebalancing.leave_out(int(plan_id), context.person.id, costs.legs_of(mask))
    await _changed(update, context, outcome, card)


async def _changed(update: Update, context: Context, outcome: outcomes.ConfirmOutcome, then: Show) -> None:
    """Show a plan whose legs were changed, or why they were not."""
    match outcome:
        case outcomes.Proposed():
            await then(update, context)
        case outcomes.Late(plan=plan):
            await too_late(update, context, plan)
        case outcomes.CannotEvaluate():  # the card stays: the plan may still be answered as it is
            words = context.words
            await answer(update, context, words.t("I can't get reliable prices just now, so the plan stays as it is."), alert=True)
        case _:
            await answer(update, context, progress.not_yours(context.words), alert=True)


async def skip(update: Update, context: Context) -> None:
    """Close the plan without trading."""
    await _close(update, context, None)


async def snooze_plan(update: Update, context: Context) -> None:
    """Close the plan and stay quiet for as long as the button says."""
    _, _, span = context.tapped.arg.partition(":")
    await _close(update, context, alerts.until(context, span))


async def _close(update: Update, context: Context, until: datetime | None) -> None:
    outcome = await context.program.rebalancing.skip(int(context.tapped.args[0]), context.person.id, until=until)
    match outcome:
        case outcomes.Proposed(plan=plan):
            context.program.portfolios.tell_changed(plan.portfolio_id)
            await answer(update, context, progress.skipped_toast(context.words, plan, until=until))
            await _show_plan(update, context, plan)
        case outcomes.Late(plan=plan):
            await answer(update, context, progress.late_text(context.words, plan, replanned=False), alert=True)
            await _show_plan(update, context, plan)
        case _:
            await answer(update, context, progress.not_yours(context.words), alert=True)


async def look_again(update: Update, context: Context) -> None:
    """Let a parked plan go on: what was unknown is looked up first."""
    await _unpark(update, context, close=False)


async def close_plan(update: Update, context: Context) -> None:
    """End a parked plan: what is open at the exchange is cancelled and nothing more is sent."""
    await _unpark(update, context, close=True)


async def _unpark(update: Update, context: Context, *, close: bool) -> None:
    """Answer about a parked plan, once; only its owner may."""
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.arg), context.person.id)
    if plan is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
    elif close:
        done = await context.program.executor.recovery.close(plan.id)
        await _unparked(update, context, plan, progress.unparked_toast(context.words, plan, closed=True), done=done)
    else:
        await _go_on(update, context, plan)


async def _unparked(update: Update, context: Context, plan: Plan, text: str, *, done: bool) -> None:
    """Say what was done about a parked plan, or how it stands where somebody was quicker."""
    plan = await context.program.rebalancing.owned_plan(plan.id, context.person.id) or plan
    await answer(update, context, text if done else progress.late_text(context.words, plan, replanned=False), alert=not done)
    await _show_plan(update, context, plan)


async def _go_on(update: Update, context: Context, plan: Plan) -> None:
    """Let a parked plan go on; after the operator's stop only at the prices and settings that were confirmed."""
    words, executor = context.words, context.program.executor
    async with context.program.db.read() as tx:
        stopped = (await halt.of_plan(tx, plan.id)).stopped
    match await context.program.rebalancing.go_on(plan.id, context.person.id):
        case outcomes.Halted(since=since):
            await answer(update, context, halt_views.refused(words, plan, since, context.program.clock.now()), alert=True)
            await _show_plan(update, context, plan)
        case outcomes.CannotEvaluate(portfolio=portfolio, problems=found):
            await reply(update, context, problems.cannot_evaluate(words, portfolio, found))
        case outcomes.LeftBehind(figures=figures):
            if await executor.give_up(plan.id, figures):
                await _plan_anew(update, context, plan)
            else:
                await _unparked(update, context, plan, progress.left_behind_open(words, plan), done=await executor.recovery.close(plan.id))
        case outcomes.Steady():
            text = progress.goes_on_toast(words, plan) if stopped else progress.unparked_toast(words, plan, closed=False)
            await _unparked(update, context, plan, text, done=await executor.recovery.carry_on(plan.id))
        case _:
            await _unparked(update, context, plan, "", done=False)


async def _plan_anew(update: Update, context: Context, plan: Plan) -> None:
    """Show the plan as of now for what a stopped one has left undone."""
    lead = progress.left_behind(context.words, plan)
    await answer(update, context, lead)
    outcome = await context.program.rebalancing.again(plan.id, context.person.id)
    portfolio = await context.portfolio_of(plan)
    if portfolio is not None and not isinstance(outcome, outcomes.NotYours):
        await answer_proposal(update, context, portfolio, outcome, new_message=True, lead=lead)


async def stop_plan(update: Update, context: Context) -> None:
    """Stop a plan under way: the words say what happens, its own message then shows how each leg ended."""
    words, plan_id = context.words, int(context.tapped.arg)
    plan = await context.program.rebalancing.owned_plan(plan_id, context.person.id)
    if plan is None:
        await answer(update, context, progress.not_yours(words), alert=True)
        return
    stopped = await context.program.executor.recovery.stop(plan_id, context.person.id)
    plan = await context.program.rebalancing.owned_plan(plan_id, context.person.id) or plan
    stopping = stopped or plan.state in UNDER_WAY
    text = progress.stopping_toast(words, plan) if stopping else progress.late_text(words, plan, replanned=False)
    await answer(update, context, text, alert=True)


async def again(update: Update, context: Context) -> None:
    """Make a plan at fresh prices for what a plan left undone, as a message of its own."""
    plan_id = int(context.tapped.arg)
    outcome = await context.program.rebalancing.again(plan_id, context.person.id)
    plan = await context.program.rebalancing.owned_plan(plan_id, context.person.id)
    portfolio = await context.portfolio_of(plan)
    if plan is None or portfolio is None or isinstance(outcome, outcomes.NotYours):
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    if isinstance(outcome, outcomes.Proposed | outcomes.NothingToDo):
        await _remember_answer(context, plan, events.LEFT_UNDONE[0])
    await _show_plan(update, context, plan)
    await answer_proposal(update, context, portfolio, outcome, new_message=True)


async def _remember_answer(context: Context, plan: Plan, answered: str) -> None:
    """Note what its person has said of what a plan left undone, so that no view of it asks again."""
    async with context.program.db.transaction() as tx:
        await events.add_event(tx, plan.id, None, answered, {"person": context.person.id})


async def leave_it(update: Update, context: Context) -> None:
    """Take a plan's result as it is: what is left undone waits for the next trigger."""
    plan = await context.program.rebalancing.owned_plan(int(context.tapped.arg), context.person.id)
    if plan is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    if plan.state is PlanState.DONE:
        await _remember_answer(context, plan, events.LEFT_UNDONE[1])
    await _show_plan(update, context, plan)


async def snooze(update: Update, context: Context) -> None:
    """Stay quiet about the portfolio of an alert for as long as the button says."""
    number, _, span = context.tapped.arg.partition(":")
    context.about = int(number)
    if await context.portfolio() is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    until = alerts.until(context, span)
    changed = await context.program.portfolios.change(portfolio, snoozed_until=until)
    await show(update, context, alert_views.snoozed(context.words, changed, until))
