"""From /start to a working portfolio: mode, amount or holdings, strategy; each step is in the database, so any process can go on."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS
from chatbot.engine.portfolio import MAJORS
from chatbot.errors import ExchangeError, UserError
from chatbot.exchanges.base import traded
from chatbot.i18n import N_, SOURCE
from chatbot.model import CORE, Cause, Mode, PlanState, Reason
from chatbot.plans.outcomes import NothingToDo, Proposed
from chatbot.portfolio import strategies
from chatbot.portfolio.manage import UnderWay, need_room
from chatbot.store import plans
from handlers.chat import amounts, names, numbers, parsing, places
from handlers.chat.context import refuse, reply, show
from handlers.chat.reading import own_words, sums
from handlers.commands.rebalance import answer_proposal
from handlers.commands.strategy import preset_meant
from handlers.views.person import settings as settings_views
from handlers.views.person import tour as tour_views
from handlers.views.portfolio import start as views
from handlers.views.portfolio import strategy as strategy_views

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from telegram import Update

    from chatbot.exchanges.base import Market
    from chatbot.model import Plan, Portfolio, Strategy
    from handlers.buttons import Keyboard
    from handlers.chat.context import Context
    from handlers.views.common import Html, View

DIALOG = "start"
#: under this the dialog keeps what becomes of the portfolios that are there: all stay, or the number of the one that is replaced
_OVER = "over"
_ENDED = N_("This set-up has ended. /status shows your portfolio, /start sets up another one.")
_OTHERWISE = N_("You have given another answer since. Use the buttons of the newest message, or send /start to begin again.")
#: what a dialog notes beside the answers
_NOTES = frozenset({"step", "readings"})
#: how far prices may move before Confirm asks again, on a market that runs thousands of times faster than the person
_DEMO_MOVE_PCT = Decimal(5)


async def start(update: Update, context: Context) -> None:
    """Welcome somebody, or ask a person with a portfolio what becomes of it; going back to here keeps what was answered."""
    await _welcome(update, context, await _answered(context) if update.callback_query is not None else {})


async def start_new(update: Update, context: Context) -> None:
    """Begin another portfolio, with the answer of the button about those that are there."""
    await _welcome(update, context, {_OVER: context.tapped.arg} if context.tapped.arg else {})


async def _welcome(update: Update, context: Context, answered: dict[str, str]) -> None:
    if await _asks_first(update, context, answered):
        return
    await _remember(context, answered)
    await show(update, context, welcome(context))


def welcome(context: Context) -> View:
    """Return the first page, with the ways to begin that there are here."""
    program = context.program
    demo = program.mode == Mode.DEMO
    first = dict.fromkeys((SOURCE, context.words.language))  # the page has room for few
    spoken = [program.catalogue.own_name(language) for language in first | dict.fromkeys(program.catalogue.languages)]
    tour = demo and tour_views.SCENE in program.stage.scenes
    return views.welcome(context.words, spoken, demo=demo, connects=program.keyring.is_open or not demo, tour=tour)


async def _asks_first(update: Update, context: Context, answered: dict[str, Any]) -> bool:
    """Ask whether to replace or to keep what is open already; False where that was answered, or nothing is open.

    Raises :class:`UserError` where there is no room beside what is kept.
    """
    context.about = None  # what is set up is none of those that are there
    there = [one for one in await context.program.portfolios.of(context.person) if one.is_open]
    if answered.get(_OVER) == views.KEEP:
        need_room(there)
    if not there or _OVER in answered:
        return False
    await context.leave(DIALOG)
    await show(update, context, views.replace_or_keep(context.words, there))
    return True


async def start_mode(update: Update, context: Context) -> None:
    """Ask for the start amount, or for the holdings of a portfolio traded by hand."""
    answered = await _answered(context)
    if await _asks_first(update, context, answered):
        return
    mode = Mode(context.tapped.arg)
    await _remember(context, {**answered, "mode": mode.value, "step": "holdings" if mode == Mode.MANUAL else "amount"})
    view = views.holdings_prompt(context.words) if mode == Mode.MANUAL else views.amount_choice(context.words, mode)
    await show(update, context, view)


async def amount(update: Update, context: Context) -> None:
    """Take a tapped start amount, in a set-up that asks for one."""
    data = await _recall(context)
    if _mode(context, data) == Mode.MANUAL:
        raise UserError(_OTHERWISE)
    await _strategies(update, context, {**data, "amount": str(numbers.amount(context.tapped.arg))})


async def typed(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    """Take a typed amount, typed holdings, or typed weights, whichever step is open."""
    step = data.get("step")
    context.setting_up = _mode(context, data) if "mode" in data else None
    if step == "amount":
        data = {**data, "amount": str(own_words.either(text, context.words, sums.start_amount))}
        if numbers.is_in_another_dollar(text, _quote(context, data)):
            data = await _in_dollar(context, data, numbers.currency_of(text))
        await _strategies(update, context, data)
    elif step == "holdings":
        await _typed_holdings(update, context, text, data)
    elif step == "weights":
        await _typed_weights(update, context, text, data)
    else:
        raise UserError(N_("Tap one of the buttons above, or leave with /cancel."))


async def _typed_holdings(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    typed = await amounts.read(context, text)
    if typed.problems:
        await refuse(update, context, typed.problems, views.HOLDINGS_EXAMPLE)
        return
    readings = {amounts.seal(one): one for one in (typed.holdings, typed.otherwise) if one}
    stored = {seal: {name: str(qty) for name, qty in one.items()} for seal, one in readings.items()}
    await _remember(context, {**data, "readings": stored})
    prices = await amounts.prices(context, typed.holdings)
    await reply(update, context, views.holdings_review(context.words, readings, prices, context.program.source.name))


async def _typed_weights(update: Update, context: Context, text: str, data: dict[str, Any]) -> None:
    if preset := preset_meant(text, context.words):
        await _strategies(update, context, data, preset)
        return
    quote, instruments = _quote(context, data), await _markets(context, data)
    named = {*instruments, *await context.program.source.markets()}
    lines = names.of_lines(named, strategy_views.lines_called(context.words))
    parsed = own_words.either(text, context.words, lambda said: parsing.pairs(said, lines), lambda got: got.unknown(lines))
    if quote != context.program.source.quote_asset:
        await _need_traded(context, quote, (name for name in parsed.values if name in named and name not in CASH_COINS))
    base = (await _offered(context, data))["balanced"]
    strategy, found = strategies.own_weights(parsed.values or parsed.beside, instruments, base, parsed.problems)
    if strategy is None:
        await refuse(update, context, found, strategy_views.weights_example(quote))
        return
    await _open(update, context, data, strategy)


async def holdings_ok(update: Update, context: Context) -> None:
    """Go on with the holdings that were read, as the button showed them."""
    data = await _recall(context)
    chosen = data.get("readings", {}).get(context.tapped.arg)
    if chosen is None:
        raise UserError(N_("You sent other amounts since. Use the buttons under the newest ones."))
    data = {**data, "holdings": chosen, "step": "futures"}
    await _remember(context, data)
    await show(update, context, views.futures_question(context.words))


async def start_futures(update: Update, context: Context) -> None:
    """Take whether somebody who trades by hand uses futures, and show what is held as the first of the strategies."""
    data = await _recall(context)
    held = {name: Decimal(qty) for name, qty in data.get("holdings", {}).items()}
    prices = {**await amounts.prices(context, held), context.program.source.quote_asset: Decimal(1)}
    worth = {name: str(qty * prices[name]) for name, qty in held.items() if name in prices}
    mix = worth if worth.keys() == held.keys() else {}  # a share of what has no price is not known
    await _strategies(update, context, {**data, "futures": context.tapped.arg, "mix": mix})


async def start_strategy(update: Update, context: Context) -> None:
    """Go back to the presets."""
    await _strategies(update, context, await _recall(context))


async def show_preset(update: Update, context: Context) -> None:
    """Show another preset."""
    await _strategies(update, context, await _recall(context), context.tapped.arg)


async def custom(update: Update, context: Context) -> None:
    """Ask for own weights."""
    data = {**await _recall(context), "step": "weights"}
    _need_beginning(data)
    await _remember(context, data)
    mode, quote, replaced = _mode(context, data), _quote(context, data), await _replaced(context, data)
    await show(update, context, views.custom_prompt(context.words, mode, quote, replaced=replaced))


async def choose(update: Update, context: Context) -> None:
    """Open the portfolio with the chosen preset."""
    context.about = None
    portfolio = await context.portfolio()
    if portfolio is not None and await context.dialog() is None:
        made = await _newest_plan(context, portfolio)
        if made is None or (made.state is PlanState.PROPOSED and made.message_id is None):
            # an earlier process opened it and was killed before it could say so
            await _offer_first_plan(update, context, portfolio, None, made=made)
            return
    data = await _recall(context)
    preset, _, word = context.tapped.arg.partition(":")
    if word != _word(data):
        raise UserError(_OTHERWISE)  # shown for another amount, other holdings, another kind, or where another portfolio was to be closed
    offered = await _offered(context, data)
    if preset not in offered:
        raise UserError(_ENDED)
    await _open(update, context, data, offered[preset])


async def open_usual(update: Update, context: Context) -> None:
    """Open the demo portfolio that most people begin with."""
    data = {"mode": Mode.DEMO.value, "amount": str(tour_views.AMOUNT)}
    await _open(update, context, data, (await _offered(context, data))["balanced"])


async def _offered(context: Context, data: dict[str, Any]) -> dict[str, Strategy]:
    """Return the strategies of a set-up by name, what is held now first where that is known; without futures for who uses none."""
    instruments = traded(await _markets(context, data))
    presets = {name: strategies.preset(name, instruments, tuple(data.get("holdings", ()))) for name in strategies.preset_names()}
    mix = {name: Decimal(value) for name, value in data.get("mix", {}).items()}
    today = {views.TODAY: strategies.as_held(mix, presets["balanced"])} if mix else {}
    every = {**today, **presets}
    return every if _uses_futures(data) else {name: strategies.without_futures(one) for name, one in every.items()}


async def _strategies(update: Update, context: Context, data: dict[str, Any], shown: str = "") -> None:
    """Show a strategy of a set-up, and first what is held now, or the one in the middle."""
    _need_beginning(data)
    await _remember(context, {**data, "step": "strategy"})
    offered = await _offered(context, data)
    first = views.TODAY if views.TODAY in offered else "balanced"
    mode, replaced = _mode(context, data), await _replaced(context, data)
    worth = Decimal(data["amount"]) if "amount" in data else None
    view = views.strategy_choice(
        context.words,
        mode,
        offered,
        shown if shown in offered else first,
        replaced,
        amount=worth,
        answers=_word(data),
        kept_in=await _kept_in(context, data),
    )
    await show(update, context, view)


async def start_quote(update: Update, context: Context) -> None:
    """Keep the portfolio that is set up in the tapped dollar."""
    await _strategies(update, context, await _in_dollar(context, await _recall(context), context.tapped.arg))


async def _in_dollar(context: Context, data: dict[str, Any], quote: str) -> dict[str, Any]:
    """Return a set-up in another dollar. Raises :class:`UserError` with all that it needs and that is not traded against that one."""
    held, usual = tuple(data.get("holdings", ())), context.program.source
    if quote == usual.quote_asset:
        return {key: value for key, value in data.items() if key != "quote"}
    there = strategies.preset("balanced", traded(await usual.markets()), held)
    futures = there.futures_split if _uses_futures(data) else ()
    await _need_traded(context, quote, (*there.members[CORE], *futures, *held))
    return {**data, "quote": quote}


async def _kept_in(context: Context, data: dict[str, Any]) -> views.KeptIn:
    """Return which dollar the portfolio is to be kept in, and the other one that it could be kept in."""
    markets, quote = context.program.markets, _quote(context, data)
    other = next((coin for coin in markets.coins if coin != quote), "")
    with suppress(ExchangeError):
        if other and not await markets.not_traded(other, (MAJORS[0],)):
            holdings = data.get("holdings", {})
            more = Decimal(holdings.get(other, 0)) > Decimal(holdings.get(quote, 0))
            return views.KeptIn(quote=data.get("quote", ""), other=other, holds_more_of_other=more)
    return views.KeptIn(quote=data.get("quote", ""))


async def _need_traded(context: Context, quote: str, instruments: Iterable[str]) -> None:
    """Raise :class:`UserError` with everything of these that is not traded against a quote coin."""
    strategies.keepable_in(quote, await context.program.markets.not_traded(quote, instruments))


def _uses_futures(data: dict[str, Any]) -> bool:
    """Tell whether futures are part of what is set up; only who trades by hand is asked."""
    return bool(data.get("futures", "yes") == "yes")


def _quote(context: Context, data: dict[str, Any]) -> str:
    """Return the dollar that the portfolio is to be kept in."""
    return str(data.get("quote", context.program.source.quote_asset))


async def _markets(context: Context, data: dict[str, Any]) -> Mapping[str, Market]:
    """Return what is listed against that dollar."""
    return await context.program.markets.against(_quote(context, data)).source.markets()


async def _replaced(context: Context, data: dict[str, Any]) -> Portfolio | None:
    """Return the portfolio that is closed when the new one is opened; None where all stay."""
    over = data.get(_OVER, views.KEEP)
    return await context.program.portfolios.by_id(int(over)) if over != views.KEEP else None


async def _open(update: Update, context: Context, data: dict[str, Any], strategy: Strategy) -> None:
    """Create the portfolio, which ends the dialog, and offer the plan that brings it to its targets."""
    if await _asks_first(update, context, data):
        return
    mode, quote = _mode(context, data), _quote(context, data)
    if quote != context.program.source.quote_asset:
        await _need_traded(context, quote, (*strategy.spot_assets, *strategy.contracts, *data.get("holdings", ())))
    if mode == Mode.DEMO:  # hours pass while a person reads a card
        strategy = replace(strategy, move_limit_pct=_DEMO_MOVE_PCT)
    holdings = {name: Decimal(qty) for name, qty in data.get("holdings", {}).items()}
    amount_ = None if holdings else Decimal(data["amount"])
    await context.program.begin_market()
    replaced = await _replaced(context, data)
    opened = await context.program.portfolios.open(
        context.person,
        mode,
        strategy,
        holdings if amount_ is None else {quote: amount_},
        quote=quote,
        replaces=replaced.id if replaced is not None else None,
    )
    if isinstance(opened, UnderWay):
        await reply(update, context, views.not_replaced(context.words, opened))
        return
    context.person = replace(context.person, portfolio_id=opened.id)
    await _offer_first_plan(update, context, opened, amount_, replaced=replaced)


async def _newest_plan(context: Context, portfolio: Portfolio) -> Plan | None:
    async with context.program.db.read() as tx:
        made = await plans.plans(tx, portfolio.id, limit=1)
    return made[0] if made else None


async def _offer_first_plan(
    update: Update,
    context: Context,
    portfolio: Portfolio,
    amount_: Decimal | None,
    *,
    replaced: Portfolio | None = None,
    made: Plan | None = None,
) -> None:
    """Say that the portfolio is there, and offer its first plan: the one that was made and never shown, if there is one."""
    context.about = portfolio.id
    proposal = Proposed(plan=made) if made else await context.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.START),))
    there = isinstance(proposal, NothingToDo) and not proposal.left_out
    clock = zone_question(update, context)
    await show(update, context, views.created(context.words, portfolio, amount_, replaced=replaced, on_target=there, clock=clock))
    if there:
        return
    await answer_proposal(update, context, portfolio, proposal, new_message=True)


def zone_question(update: Update, context: Context) -> tuple[Html, Keyboard] | None:
    """Return the question which clock is the person's, with its buttons; None for somebody who has answered it."""
    if context.words.is_placed:
        return None
    code = update.effective_user.language_code if update.effective_user is not None else None
    return settings_views.zone_ask(context.words, places.likely(code or ""), context.program.clock.now())


def _need_beginning(data: dict[str, Any]) -> None:
    """Raise :class:`UserError` where what a portfolio begins with was not said: an older page has buttons that come after that answer."""
    if not (data.get("holdings") if data["mode"] == Mode.MANUAL else data.get("amount")):
        raise UserError(_OTHERWISE)


def _word(data: dict[str, Any]) -> str:
    """Return a short word for the answers of a set-up: the button that opens a portfolio is about these and no others."""
    answers = {name: value for name, value in data.items() if name not in _NOTES}
    return hashlib.blake2s(json.dumps(answers, sort_keys=True).encode(), digest_size=4).hexdigest()


def _mode(context: Context, data: dict[str, Any]) -> Mode:
    return Mode(data.get("mode", context.program.mode))


async def _answered(context: Context) -> dict[str, str]:
    """Return what was answered about the portfolios that are there; empty where that was not asked in this set-up."""
    found = await context.dialog()
    return {_OVER: found[1][_OVER]} if found is not None and found[0] == DIALOG and _OVER in found[1] else {}


async def _recall(context: Context) -> dict[str, Any]:
    """Return what was answered so far; a button whose dialog is gone says so."""
    found = await context.dialog()
    if found is not None and found[0] == DIALOG and "mode" in found[1]:
        return found[1]
    if await context.portfolio() is not None:
        raise UserError(_ENDED)
    raise UserError(N_("This set-up was cancelled. Nothing was changed; send /start to begin again."))


async def _remember(context: Context, data: dict[str, Any]) -> None:
    await context.enter(DIALOG, data)
