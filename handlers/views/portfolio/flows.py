"""Money and coins that come and go, and corrected amounts: what was, what is now, and the question what it was."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.cash import DOLLARS
from chatbot.exchanges.base import asset_of
from chatbot.i18n import N_
from chatbot.model import FlowKind, Mode
from chatbot.portfolio.amounts.undo import Since
from chatbot.portfolio.books.settling import MOVED, SEEN
from handlers.buttons import Style
from handlers.views.common import ARROW, DOT, View, bold, button, clip, code, coin, esc, head, joined, leave, page, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.base import Holdings
    from chatbot.i18n import Words
    from chatbot.model import Flow, Portfolio
    from chatbot.portfolio.flows import Corrected, TooLittle
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

#: the questions how much came or went, and what is held
FLOW, HOLDINGS = "flow", "holdings"
#: what is done with the chosen of two readings: it comes or goes, or is kept out
MOVE_AS, KEEP_AS = "flow_as", "keep_as"
#: a quantity of a coin, to show how one is written
_SOME = Decimal("0.1")
#: so many changed amounts are named one by one
_MOST = 20
_ZERO = Decimal(0)
_ASKS = {FlowKind.DEPOSIT: N_("How much came in?"), FlowKind.WITHDRAWAL: N_("How much went out?")}
_SEEN_TITLE = N_("Amounts changed at your exchange")
_TITLES = {
    FlowKind.DEPOSIT: N_("Deposit noted"),
    FlowKind.WITHDRAWAL: N_("Withdrawal noted"),
    FlowKind.UNDONE: N_("Taken back"),
    FlowKind.CORRECTION: N_("Amounts corrected"),
    FlowKind.TRADE: N_("Amounts corrected"),
}


def prompt(words: Words, portfolio: Portfolio, kind: FlowKind) -> View:
    """Ask how much money, or which coins, came in or went out."""
    text = page(
        head(words, portfolio),
        bold(words.t(_ASKS[kind])),
        say(words, "Write an amount of {quote}, like {plain}, or a coin with its amount, like {example}.", **_examples(words, portfolio)),
        say(words, "It is neither profit nor loss: returns leave it out."),
    )
    return View(text, ((leave(words.t("Back"), FLOW, "status"),),))


def correct_example(portfolio: Portfolio) -> str:
    """Return how amounts that differ are written."""
    return f"BTC 0.6, {portfolio.quote} 1200"


def _examples(words: Words, portfolio: Portfolio) -> dict[str, Html]:
    return {"quote": esc(portfolio.quote), "plain": code("500"), "example": code(f"{words.quantity(_SOME)} BTC")}


def correct_prompt(words: Words, portfolio: Portfolio) -> View:
    """Ask what is held where it differs."""
    text = page(
        head(words, portfolio, say(words, "your holdings")),
        say(words, "Write only what differs, as you hold it now. Everything else stays as it is:"),
        code(correct_example(portfolio)),
        say(words, "0 takes a coin out: {example}", example=code("SOL 0")),
        say(words, "Futures: {example} or {short}", example=code("long BTC 0.05 at 61000"), short=code("short ETH 2")),
        say(words, "Money in your futures account: {example}", example=code("futures 2500")),
    )
    return View(text, ((leave(words.t("Back"), HOLDINGS, "status"),),))


def which(
    words: Words, portfolio: Portfolio, readings: Mapping[str, Mapping[str, Decimal]], prices: Mapping[str, Decimal], action: str
) -> View:
    """Ask which of two amounts was meant, each with what it is worth; ``readings`` by the word that a button carries."""
    rows = []
    for seal, one in readings.items():
        other = next(another for word, another in readings.items() if word != seal)
        parts = [_valued(words, name, qty, prices) for name, qty in one.items() if other[name] != qty]
        rows.append((button(DOT.join(parts), action, seal),))
    text = page(head(words, portfolio), say(words, "That can be read in two ways. Which one did you mean?"))
    return View(text, tuple(rows))


def _valued(words: Words, name: str, qty: Decimal, prices: Mapping[str, Decimal]) -> str:
    worth = f" ≈ {words.money(qty * prices[name], 0)}" if name in prices else ""
    return f"{words.quantity(qty)} {clip(name, 12)}{worth}"


def moved(words: Words, portfolio: Portfolio, flow: Flow) -> View:
    """Say what came in or went out; a deposit of the quote coin can be invested at once."""
    rows = [_signed(words, asset, qty) for asset, qty in flow.facts["changes"].items()]
    text = page(
        head(words, portfolio),
        bold(words.t(_TITLES[flow.kind])),
        *rows,
        *([_again(words, flow)] if "targets" in flow.facts else _no_profit(words, portfolio, flow)),
    )
    return View(text, (*_invest(words, portfolio, flow), *_rows(words, flow)))


def _invest(words: Words, portfolio: Portfolio, flow: Flow) -> Keyboard:
    came = flow.facts["changes"] if flow.kind is FlowKind.DEPOSIT else {}
    money = came.get(portfolio.quote) if len(came) == 1 else None
    return ((button(words.t("Invest it"), "invest_now", money, Style.PRIMARY),),) if money is not None else ()


def seen(words: Words, portfolio: Portfolio, flow: Flow) -> View:
    """Tell what came into an account at an exchange, or left it."""
    came = flow.kind is FlowKind.DEPOSIT
    title = N_("Came in at your exchange") if came else N_("Left your exchange")
    if flow.facts.get(MOVED):
        title = N_("Came from a wallet that I do not count") if came else N_("Went to a wallet that I do not count")
    text = page(
        head(words, portfolio),
        bold(words.t(title)),
        *(_signed(words, asset, qty) for asset, qty in flow.facts["changes"].items()),
        *_no_profit(words, portfolio, flow),
    )
    return View(text, (*_invest(words, portfolio, flow), *_rows(words, flow)))


def _no_profit(words: Words, portfolio: Portfolio, flow: Flow) -> list[Html]:
    return [_worth(words, portfolio, flow), say(words, "It is neither profit nor loss: returns leave it out.")]


def _worth(words: Words, portfolio: Portfolio, flow: Flow) -> Html:
    """Say what came or went is worth to the portfolio; what is kept out is no part of it."""
    if flow.amount is None:
        return say(words, "I have no price for it now, so its worth is unknown.")
    if not flow.amount and all(portfolio.strategy.keeps_all(asset) for asset in flow.facts["changes"]):
        return say(words, "It was kept out, so the portfolio is worth what it was.")
    if any(asset in portfolio.strategy.kept for asset in flow.facts["changes"]):
        more = N_("That makes the portfolio worth {amount} more; the part kept out does not count.")
        less = N_("That makes the portfolio worth {amount} less; the part that was kept out does not count.")
        return say(words, more if flow.amount > 0 else less, amount=words.money(abs(flow.amount)))
    return say(words, "Worth {amount} now.", amount=words.money(abs(flow.amount)))


def _signed(words: Words, asset: str, qty: str) -> Html:
    amount = Decimal(qty)
    sign = "+" if amount > 0 else "\u2212"
    return joined("", (esc(sign), code(words.quantity(abs(amount))), esc(" "), esc(clip(asset, 12))))


def corrected(words: Words, portfolio: Portfolio, done: Corrected, *, answered: bool = False) -> View:
    """Show what was and what is, and ask what the difference was where that matters and nobody has said."""
    asks = done.asks and not answered
    text = page(
        head(words, portfolio),
        bold(words.t(_SEEN_TITLE if SEEN in done.flow.facts else _TITLES[done.flow.kind])),
        *changes(words, done.before, done.after),
        _rest(words, done),
        _meaning(words, done, asks=asks),
    )
    return View(text, (*_questions(words, done, asks=asks), *_rows(words, done.flow)))


def _rest(words: Words, done: Corrected) -> Html | None:
    """Say what holds of the amounts that are not named."""
    if not done.changes:
        return None
    planned = done.after_plan and done.flow.kind is not FlowKind.UNDONE
    return say(words, N_("Everything else counts as done as planned.") if planned else N_("Everything else is as it was."))


def changes(words: Words, before: Holdings, after: Holdings) -> list[Html]:
    """Return a line for each amount that differs: coins, positions, money in the futures account."""
    lines = [
        _from_to(coin(name), words.quantity(before.spot.get(name, _ZERO)), words.quantity(after.spot.get(name, _ZERO)))
        for name in sorted({*before.spot, *after.spot})
        if before.spot.get(name, _ZERO) != after.spot.get(name, _ZERO)
    ]
    for name in sorted({*before.positions, *after.positions}):
        old, new = before.positions.get(name), after.positions.get(name)
        if old != new:
            lines.append(_from_to(words.t("{coin} futures", coin=asset_of(name)), _position(words, old), _position(words, new)))
    if before.futures_wallet != after.futures_wallet:
        wallet = words.t("Money in the futures account")
        lines.append(_from_to(wallet, words.money(before.futures_wallet), words.money(after.futures_wallet)))
    return lines[:_MOST]


def _from_to(name: str, old: str, new: str) -> Html:
    return joined("", (esc(name), esc(" "), code(old), esc(ARROW), code(new)))


def _position(words: Words, stake: tuple[Decimal, Decimal] | None) -> str:
    if stake is None:
        return words.t("nothing")
    qty, entry = stake
    facts = {"amount": words.quantity(abs(qty)), "price": words.price(entry)}
    return words.t("long {amount} at {price}", **facts) if qty > 0 else words.t("short {amount} at {price}", **facts)


def _meaning(words: Words, done: Corrected, *, asks: bool) -> Html | None:
    amount = done.flow.amount
    if done.flow.kind is FlowKind.UNDONE:
        return _again(words, done.flow)
    if done.flow.kind is FlowKind.TRADE:
        return say(words, "I count it as a trade: nothing came in and nothing went out.")
    if amount is None:
        return say(words, "I have no price for all of it now, so today's return is unknown.")
    if asks:
        return _question(words, done, amount)
    if amount == 0:
        return None
    facts = {"amount": bold(words.money(abs(amount)))}
    came = say(words, "{amount} came in from outside: no profit.", **facts)
    return came if amount > 0 else say(words, "{amount} went out: no loss.", **facts)


def _again(words: Words, flow: Flow) -> Html:
    """Say what is again as it was before a change that was taken back."""
    if flow.facts.get("targets"):
        return say(words, "Amounts and targets are again what they were before.")
    return say(words, "The amounts are again what they were before.")


def _question(words: Words, done: Corrected, amount: Decimal) -> Html:
    more, single = amount > 0, _single(done)
    if done.after_plan:
        return _plan_question(words, amount)
    facts: dict[str, str] = {"amount": bold(words.money(abs(amount)))}
    if single is not None:
        facts |= {"coin": coin(single[0]), "qty": words.quantity(abs(single[1]))}
        asked = N_("Is the {qty} {coin} a deposit, or did you buy it?") if more else N_("Did you withdraw the {qty} {coin}, or sell it?")
    else:
        came = N_("That is {amount} more: did it come in from outside, or did you trade?")
        asked = came if more else N_("That is {amount} less: did it go out, or did you trade?")
    until = N_("Until you say otherwise, I count it as a deposit.") if more else N_("Until you say otherwise, I count it as a withdrawal.")
    return joined(" ", (say(words, asked, **facts), say(words, until)))


def _plan_question(words: Words, amount: Decimal) -> Html:
    """Ask about what neither the plan nor the amounts explain: with some of it undone, other amounts must differ too."""
    more = N_("That is {amount} more than the plan leads to: did it come in from outside, or was less of something else done?")
    less = N_("That is {amount} less than the plan leads to: did it go out, or was more of something else done?")
    until = (
        N_("Until you say otherwise, I count it as a deposit.")
        if amount > 0
        else N_("Until you say otherwise, I count it as a withdrawal.")
    )
    facts = {"amount": bold(words.money(abs(amount)))}
    return joined(" ", (say(words, more if amount > 0 else less, **facts), say(words, until)))


def _questions(words: Words, done: Corrected, *, asks: bool) -> Keyboard:
    if not asks or done.flow.amount is None:
        return ()
    more, number = done.flow.amount > 0, done.flow.id
    outside = words.t("Deposit") if more else words.t("Withdrawal")
    if done.after_plan:
        return ((button(outside, "flow_outside", number, Style.PRIMARY), button(words.t("Correct amounts"), "correct")),)
    alone = words.t("Bought") if more else words.t("Sold")
    traded = alone if _single(done) is not None else words.t("Traded or moved")
    return ((button(outside, "flow_outside", number, Style.PRIMARY), button(traded, "flow_trade", number)),)


def _single(done: Corrected) -> tuple[str, Decimal] | None:
    """Return the one coin of which another amount is held, with the difference; None where more has changed, or it is money."""
    old, new = done.before, done.after
    changed = [name for name in {*old.spot, *new.spot} if old.spot.get(name, _ZERO) != new.spot.get(name, _ZERO)]
    if len(changed) != 1 or changed[0] in DOLLARS or old.positions != new.positions or old.futures_wallet != new.futures_wallet:
        return None
    return changed[0], new.spot.get(changed[0], _ZERO) - old.spot.get(changed[0], _ZERO)


def _rows(words: Words, flow: Flow) -> Keyboard:
    """Offer to take a change back; what was seen at an exchange, or taken back already, stays."""
    status = button(words.t("Status"), "status")
    return (
        ((status,),) if flow.kind is FlowKind.UNDONE or SEEN in flow.facts else ((button(words.t("Undo"), "flow_undo", flow.id), status),)
    )


def unchanged(words: Words, portfolio: Portfolio) -> View:
    """Answer amounts that are what was known already."""
    text = page(head(words, portfolio), say(words, "I already have these amounts. Nothing was changed."))
    return View(text, ((button(words.t("Status"), "status"),),))


def no_entry(words: Words, portfolio: Portfolio, contract: str) -> View:
    """Ask for the entry price of a position."""
    facts = {"coin": bold(coin(contract)), "example": code(f"{contract} 0.05 at 61000")}
    return View(
        page(head(words, portfolio), say(words, "I have no price for {coin} now. Write its entry price too: {example}", **facts)), ()
    )


def too_little_toast(words: Words, short: TooLittle) -> str:
    """Say in Telegram's little window that there is less than would have to go: the question stays as it is."""
    facts = {"coin": coin(short.asset), "there": words.quantity(short.there), "wanted": words.quantity(short.wanted)}
    return words.t("You have {there} {coin}, and {wanted} would have to go out. Nothing was changed.", **facts)


def too_little(words: Words, portfolio: Portfolio, short: TooLittle) -> View:
    """Say the same as a message."""
    text = page(
        head(words, portfolio),
        esc(too_little_toast(words, short)),
        say(words, "If other amounts are wrong too, correct them first.") if portfolio.mode is Mode.MANUAL else None,
        _more_of_it(words, short) if short.asset == portfolio.quote else None,
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def _more_of_it(words: Words, short: TooLittle) -> Html:
    """Say how coins become the money that is to go out."""
    return say(
        words, "For more {coin}, give stablecoins a larger share in /targets: the plan that follows sells coins.", coin=coin(short.asset)
    )


def not_ours(words: Words, portfolio: Portfolio) -> View:
    """Say that an exchange keeps the account."""
    return View(
        page(
            head(words, portfolio),
            say(words, "Your exchange keeps this account. I see there what comes and goes, and ask you where it is unclear."),
        ),
        (),
    )


_SINCE = {
    Since.AMOUNTS: N_("The amounts have changed since, so nothing was done. /status shows what I have."),
    Since.UNDONE: N_("That was taken back already. Nothing more was done."),
    Since.SETTINGS: N_("Targets or amounts that are kept out have changed since, so nothing was taken back. /targets shows them."),
    Since.PLANS: N_("A newer plan has been made since, so nothing was taken back. If amounts are wrong, correct them under /status."),
    Since.HEDGES: N_("A hedge has gone on since, so nothing was taken back. If amounts are wrong, correct them under /status."),
}


def overtaken(words: Words, since: Since = Since.AMOUNTS) -> str:
    """Answer a late tap, in Telegram's little window: what has happened since."""
    return words.t(_SINCE[since])
