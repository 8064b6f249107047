"""A coin without a market: what may be done about it, the new name or amount that a person types, and the doing of it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model.life import WayOut
from chatbot.portfolio.lives.ways_out import Busy, Done
from chatbot.portfolio.manage import OF_PORTFOLIO
from handlers.chat import amounts, names
from handlers.chat.context import answer, need_portfolio, show
from handlers.views.plan import card
from handlers.views.portfolio import ways_out as views

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from chatbot.model import Portfolio
    from chatbot.portfolio.lives.ways_out import Case
    from handlers.chat.context import Context

DIALOG = "life"
#: what must be typed
_ASKS = (WayOut.RENAME, WayOut.SPLIT)
#: what a market is called behind its coin
_PAIR = re.compile(r"(?i)[-/_ ]?(?:USDT|USDC|USD)$")


async def life(update: Update, context: Context) -> None:
    """Show what may be done about a coin; without one, about all of them."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    await context.leave(DIALOG)
    cases = await context.program.ways_out.cases(portfolio)
    chosen = [case for case in cases if case.mark() == context.tapped.arg] or list(cases)
    if not chosen:
        await answer(update, context, views.over(context.words), alert=True)
        return
    await show(update, context, views.choices(context.words, portfolio, chosen))


async def ask(update: Update, context: Context) -> None:
    """Show what a way leads to, or ask for the new name or amount first."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    way, mark = context.tapped.args
    case = await context.program.ways_out.case(portfolio, mark)
    if case is None:
        await answer(update, context, views.over(context.words), alert=True)
    elif WayOut(way) in _ASKS:
        await context.enter(DIALOG, {OF_PORTFOLIO: portfolio.id, "way": way, "mark": mark})
        await show(update, context, views.prompt(context.words, portfolio, case, WayOut(way)))
    else:
        await _review(update, context, portfolio, WayOut(way), case)


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take the new name, or the new amount, and show what it leads to."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    way, case = WayOut(data["way"]), await context.program.ways_out.case(portfolio, data["mark"])
    if case is None:
        await context.leave(DIALOG)
        raise UserError(N_("That question no longer matters: the coin is traded again, or you hold a different amount of it."))
    to = await _new_name(context, portfolio, text) if way is WayOut.RENAME else _new_amount(text, case.asset, portfolio, context.decimal)
    await _review(update, context, portfolio, way, case, to)
    await context.enter(DIALOG, {**data, "to": to})


async def _new_name(context: Context, portfolio: Portfolio, text: str) -> str:
    exchange = await context.program.accounts.exchange(portfolio.id)
    said, known = text.strip(" .!"), names.of_coins(await exchange.markets())
    found = known.find(said) or known.find(_PAIR.sub("", said))
    return found or said.upper()[:20]


def _new_amount(text: str, coin: str, portfolio: Portfolio, decimal: str) -> str:
    """Read how much of a coin is held now, with its name or without. Raises :class:`UserError`."""
    known = names.of_coins((coin,))
    is_named = any(known.find(word) == coin for word in re.findall(r"[^\W\d_]\w*", text))
    typed = amounts.understood(text if is_named else f"{coin} {text}", (coin,), portfolio.quote, decimal).sure()
    if typed.problems:
        raise typed.problems[0]
    qty = typed.holdings.get(coin, Decimal(0)) if len(typed.holdings) == 1 else Decimal(0)
    if qty <= 0:
        raise UserError(N_("Write an amount above 0, like 500 or 0.1 BTC."))
    return f"{qty.normalize():f}"


async def _review(update: Update, context: Context, portfolio: Portfolio, way: WayOut, case: Case, to: str = "") -> None:
    wish = await context.program.ways_out.wish(portfolio, way, case, to)
    await show(update, context, views.review(context.words, portfolio, wish))


async def go(update: Update, context: Context) -> None:
    """Do what was shown, unless it is not as it was shown any more."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    way, mark = context.tapped.args
    dialog = await context.dialog()
    to = str(dialog[1].get("to", "")) if WayOut(way) in _ASKS and dialog is not None and dialog[0] == DIALOG else ""
    case = await context.program.ways_out.case(portfolio, mark, to)
    if case is None:
        await answer(update, context, views.over(context.words), alert=True)
        return
    wish = await context.program.ways_out.wish(portfolio, WayOut(way), case, to)
    outcome = await context.program.ways_out.go(portfolio, wish)
    if isinstance(outcome, Done):
        await context.leave(DIALOG)
        undo = outcome.flow.id if outcome.can_be_undone else None
        await show(update, context, views.done(context.words, outcome.portfolio, outcome.wish, undo))
    elif isinstance(outcome, Busy):
        await show(update, context, card.busy(context.words, portfolio, outcome.plan))
    else:
        await answer(update, context, views.over(context.words), alert=True)
