"""What a person may do about a coin without a market: the choices, what each leads to, and what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.exchanges.base import is_perp
from chatbot.i18n import N_
from chatbot.model.life import WayOut
from handlers.buttons import Style
from handlers.views.common import ARROW, DASH, View, bold, button, code, coin, esc, head, joined, line_name, name_of, page, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from chatbot.portfolio.lives.ways_out import Case, Wish
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

#: coins that get a line and a button
_MOST = 8

_WAYS = {
    WayOut.LEAVE_OUT: N_("Leave out"),
    WayOut.WRITE_OFF: N_("Write off"),
    WayOut.RENAME: N_("New name"),
    WayOut.SPLIT: N_("New amount"),
    WayOut.SETTLE: N_("Settled"),
}
_NEW_NAME, _NEW_AMOUNT = "POL", "0.25"


def ways(case: Case) -> tuple[WayOut, ...]:
    """Return what may be done about a coin or a contract; a new amount only where its price has leapt."""
    if is_perp(case.asset):
        return (WayOut.SETTLE,)
    return (WayOut.LEAVE_OUT, WayOut.WRITE_OFF, WayOut.RENAME, *((WayOut.SPLIT,) if case.leap is not None else ()))


def choice_rows(words: Words, cases: Sequence[Case]) -> Keyboard:
    """Return the ways out of one coin, or a button for each of several."""
    if len(cases) == 1:
        case = cases[0]
        return (tuple(button(words.t(_WAYS[way]), "life_ask", f"{way}:{case.mark()}") for way in ways(case)),)
    return tuple((button(words.t("What about {coin}?", coin=name_of(words, case.asset)), "life", case.mark()),) for case in cases[:_MOST])


def standing_rows(words: Words, instruments: Iterable[str]) -> Keyboard:
    """Return the way to what may be done about coins without a market; nothing where there are none."""
    coins = list(instruments)
    if not coins:
        return ()
    label = words.t("What about {coin}?", coin=name_of(words, coins[0])) if len(coins) == 1 else words.t("What about these coins?")
    return ((button(label, "life"),),)


def choices(words: Words, portfolio: Portfolio, cases: Sequence[Case]) -> View:
    """Ask what becomes of a coin, or of which of several."""
    lines = [_line(words, case) for case in cases[:_MOST]]
    held = any(not is_perp(case.asset) for case in cases)
    settles = say(words, "Settled: the exchange has closed the position at its last price.")
    text = page(
        head(words, portfolio, name=True),
        *lines,
        say(words, "Leave out: you still hold it, but it is no part of this portfolio.") if held else None,
        say(words, "Write off: it is worth nothing any more, and its amount goes.") if held else None,
        say(words, "New name: the amount goes on under another name, one for one.") if held else None,
        settles if any(is_perp(case.asset) for case in cases) else None,
        say(words, "New amount: one new coin stands for several old ones.") if any(case.leap is not None for case in cases) else None,
        say(words, "If you do nothing, it still counts at its last price.") if all(case.stop is not None for case in cases) else None,
    )
    return View(text, (*choice_rows(words, cases), (button(words.t("Status"), "status"),)))


def _line(words: Words, case: Case) -> Html:
    worth = esc(f" = {words.money(case.value)}") if case.value is not None else None
    return joined("", (bold(name_of(words, case.asset)), esc(" "), code(words.quantity(case.qty)), worth))


def prompt(words: Words, portfolio: Portfolio, case: Case, way: WayOut) -> View:
    """Ask for the new name, or the new amount."""
    facts = {"coin": bold(coin(case.asset)), "amount": words.quantity(case.qty)}
    asked = {
        WayOut.RENAME: N_("What is the new name of {coin}? Write it as the exchange lists it, like {example}."),
        WayOut.SPLIT: N_("How many {coin} do you hold now, instead of {amount}? Write it like {example}."),
    }[way]
    example = code(_NEW_NAME if way is WayOut.RENAME else _NEW_AMOUNT)
    text = page(head(words, portfolio, name=True), say(words, asked, example=example, **facts))
    return View(text, ((button(words.t("Back"), "life", case.mark()),),))


def review(words: Words, portfolio: Portfolio, wish: Wish) -> View:
    """Show what a way leads to, before anything is changed."""
    case = wish.case
    facts = {"coin": name_of(words, case.asset), "name": coin(wish.to), "amount": wish.to}
    label = {
        WayOut.LEAVE_OUT: N_("Leave {coin} out"),
        WayOut.WRITE_OFF: N_("Write {coin} off"),
        WayOut.RENAME: N_("{coin} is now {name}"),
        WayOut.SPLIT: N_("I hold {amount} {coin}"),
        WayOut.SETTLE: N_("{coin} are settled"),
    }[wish.way]
    text = page(head(words, portfolio, name=True), *_effect(words, wish), *_new_targets(words, portfolio, wish))
    go = button(words.t(label, **facts), "life_yes", f"{wish.way}:{case.mark(wish.to)}", Style.PRIMARY)
    return View(text, ((go,), (button(words.t("Back"), "life", case.mark()),)))


def _effect(words: Words, wish: Wish) -> list[Html]:
    case, price = wish.case, wish.price
    qty = wish.changes.get(wish.to, case.qty + wish.changes.get(case.asset, case.qty * 0))
    facts = {
        "amount": bold(words.quantity(case.qty)),
        "coin": bold(name_of(words, case.asset)),
        "price": words.price(price) if price is not None else DASH,
        "value": bold(words.money(case.value)) if case.value is not None else DASH,
        "name": bold(coin(wish.to)),
        "new": bold(words.quantity(qty)),
        "now": words.money(qty * price) if price is not None else DASH,
    }
    told = {
        WayOut.LEAVE_OUT: (
            N_("{amount} {coin}, counted as {value}, leave the value and the weights. They are shown below the table in /status."),
            N_("It is not a loss, and /keep gives them back."),
        ),
        WayOut.WRITE_OFF: (N_("{amount} {coin}, counted as {value}, are taken off your amounts. It is a loss of that much."),),
        WayOut.RENAME: (
            N_("{amount} {coin}, counted as {value}, become {new} {name}, worth {now} now."),
            N_("It is neither a trade nor a deposit: what the price did in between is profit or loss."),
        ),
        WayOut.SETTLE: (N_("{amount} {coin} count as closed at {price}. Their result of {value} goes to the futures account."),),
        WayOut.SPLIT: (N_("{amount} {coin} become {new} {coin}, worth {now} now. Checks and plans go on at this amount."),),
    }[wish.way]
    return [say(words, sentence, **facts) for sentence in told]


def _new_targets(words: Words, portfolio: Portfolio, wish: Wish) -> list[Html]:
    """Say what becomes of the targets, where they change."""
    before, after = portfolio.strategy, wish.strategy
    if wish.way in (WayOut.RENAME, WayOut.SPLIT, WayOut.SETTLE):
        return []
    if before.weights == after.weights:
        named = wish.case.asset in before.spot_assets
        return [say(words, "It leaves your targets too; it is not bought again.")] if named else []
    changed = [(line, weight) for line, weight in after.weights.items() if weight != before.weights.get(line)]
    told = say(words, "Your targets change, in the proportions they have; /targets sets others:")
    return [told, *(_moved(words, line, before.weights.get(line, weight * 0), weight) for line, weight in changed[:_MOST])]


def _moved(words: Words, line: str, old: Decimal, new: Decimal) -> Html:
    return joined("", (esc(line_name(words, line)), esc(" "), code(words.percent(old)), esc(ARROW), code(words.percent(new))))


def done(words: Words, portfolio: Portfolio, wish: Wish, undo: int | None) -> View:
    """Say what was done; ``undo`` is the number of the flow that one tap takes back."""
    facts = {"coin": bold(name_of(words, wish.case.asset)), "amount": bold(words.quantity(wish.case.qty)), "name": bold(coin(wish.to))}
    sentence = {
        WayOut.LEAVE_OUT: N_("{amount} {coin} are left out. They are shown below the table in /status, and /keep gives them back."),
        WayOut.WRITE_OFF: N_("{amount} {coin} are written off."),
        WayOut.RENAME: N_("{amount} {coin} are now {name}."),
        WayOut.SETTLE: N_("{amount} {coin} are settled."),
        WayOut.SPLIT: N_("Noted: you hold {new} {coin} instead of {amount}."),
    }[wish.way]
    text = page(
        head(words, portfolio, name=True),
        say(words, sentence, new=bold(wish.to), **facts),
        say(words, "Checks and plans go on with it.") if wish.way in (WayOut.RENAME, WayOut.SPLIT) else None,
    )
    back = () if undo is None else (button(words.t("Undo"), "flow_undo", undo),)
    return View(text, ((button(words.t("Rebalance"), "rebalance", "", Style.PRIMARY), *back, button(words.t("Status"), "status")),))


def over(words: Words) -> str:
    """Answer a late tap, in Telegram's little window."""
    return words.t("That question no longer matters: the coin is traded again, or you hold a different amount of it.")
