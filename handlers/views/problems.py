"""What went wrong, in words: data that cannot be used, errors with an id, taps that came too late, texts nobody understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.errors import OtherWorld, PlaceRefused
from chatbot.i18n import N_
from chatbot.model import Problem
from handlers.buttons import Reason, Style, word_for
from handlers.command_list import SHOWN_BY_BUTTON
from handlers.views.common import DASH, View, bold, button, clip, code, coin, error, esc, head, joined, page, say
from handlers.views.person.key_guides import name_of
from handlers.views.portfolio import leaps, untargeted, ways_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from chatbot.errors import Damaged, Unreachable, UserError
    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.buttons import Keyboard, Refusal
    from handlers.views.common import Html

_PROBLEMS = {
    "missing_price": N_("no price for {coin}"),
    "zero_price": N_("the price of {coin} is zero"),
    "stale_price": N_("the price of {coin} is {age} old"),
    "outlying_price": N_("the price of {coin} jumped and is not confirmed yet"),
    "no_last_price": N_("{coin} is not traded any more, and its last price is not known"),
    "leap": N_("{coin} costs {times} times what it did a day before, and you have not said yet what happened"),
    "wide_spread": N_("bid and ask of {coin} are too far apart"),
    "bad_price": N_("the price of {coin} makes no sense"),
    "empty": N_("there is nothing in it"),
    "empty_balance": N_("the exchange answered with an empty account"),
    "missing_target": N_("you hold {coin}, and your targets leave it out"),
    "kept_short": N_("you keep more {coin} out than there is; send /keep to change that"),
    "not_traded": N_("the exchange has stopped trading {coin}"),
    "unreachable": N_("the exchange does not answer"),
    "unreadable": N_("the exchange answers something that I can't read"),
    "place_refused": N_("the exchange does not serve the country or network that this bot runs in; whoever hosts it has to move it"),
    "key_refused": N_("the exchange does not accept the key; /keys says what is wrong with it"),
    "hedge_mode": N_("the futures account is in hedge mode; change it to one-way mode at the exchange"),
    "isolated_margin": N_("futures are on isolated margin; change them to cross margin at the exchange"),
    "multi_assets": N_("other coins carry the futures (multi-assets mode); change it to single-asset mode at the exchange"),
    "borrowed": N_("something is borrowed in the account; pay it back at the exchange"),
    "other_world": N_("it belongs to the market {coin}, and this bot runs on another one"),
    "bad_value": N_("the portfolio's value is not above zero"),
    "non_positive_value": N_("the portfolio's value is not above zero"),
    "negative_quantity": N_("the exchange reports a negative amount"),
}
#: said where figures were asked for, while checks go on and while they rest
_NO_PRICES: Final = N_("I can't get reliable prices, so there is no plan yet. I keep trying; you don't need to do anything.")
_NO_PRICES_PAUSED: Final = N_("I can't get reliable prices, so there is no plan yet. It is paused, so I try only when you ask.")
#: the same where the account or its key is in the way, and not a price
_ACCOUNT_FIRST: Final = N_("Until then I send no orders here.")
_OF_ACCOUNT: Final = frozenset({"key_refused", "place_refused", "hedge_mode", "isolated_margin", "multi_assets", "borrowed"})
#: columns of a command on its button
_ON_BUTTON = 40
#: of one that is offered with a button: all of it can be read before it is tapped
_READ_AT_ONCE = 200
#: coins that are named of those whose prices are equally old
_MOST_COINS = 6
_TAPS = {
    Reason.EXPIRED: N_("This button is too old. Send the command again."),
    Reason.FORGED: N_("This button belongs to somebody else, or to records that I no longer have. Send /status to see your own."),
    Reason.MALFORMED: N_("This button is from an older version. Send the command again."),
    Reason.CHANGED: N_("This was shown for other settings or another portfolio. Open the page again to see how it is now."),
}


#: what a stored row is of
_PARTS = {
    "portfolio": N_("the settings of this portfolio"),
    "plan": N_("a plan"),
    "memory": N_("what I remember of its limits, signals and hedges"),
    "check": N_("what the last check saw"),
    "value": N_("what it was worth on earlier days"),
    "flow": N_("what came in and went out"),
    "strategy": N_("its earlier strategies"),
    "account": N_("its account"),
    "order": N_("its orders"),
    "key": N_("an exchange key"),
}


def problem_text(words: Words, problem: Problem) -> str:
    """Return one reason why a portfolio cannot be evaluated, as part of a sentence."""
    template = _PROBLEMS.get(problem.code, N_("something is wrong with the data ({code})"))
    age = words.age(problem.age_s) if problem.age_s is not None else words.t("too long")
    times = leaps.times_of(words, problem.leap) if problem.leap is not None else DASH
    return words.t(template, coin=coin(problem.instrument), age=age, times=times, code=problem.code)


def _together(words: Words, problems: tuple[Problem, ...]) -> Iterator[str]:
    """Yield each reason; where one source has stopped, the prices of all its coins are equally old."""
    for problem in problems:
        age = words.age(problem.age_s) if problem.age_s is not None else ""
        alike = [
            one for one in problems if one.code == problem.code == "stale_price" and one.age_s is not None and words.age(one.age_s) == age
        ]
        coins = list(dict.fromkeys(coin(one.instrument) for one in alike))
        if len(coins) > 1:
            more = [words.n("{count} more", "{count} more", len(coins) - _MOST_COINS)] if len(coins) > _MOST_COINS else []
            yield words.t("the prices of {coins} are {age} old", coins=", ".join([*coins[:_MOST_COINS], *more]), age=age)
        else:
            yield problem_text(words, problem)


def problems_text(words: Words, problems: Iterable[Problem], *, most: int = 6) -> str:
    """Return the reasons in one line, prices that stopped together as one; beyond ``most`` they are counted."""
    told = list(dict.fromkeys(_together(words, tuple(problems))))
    more = [words.n("{count} more", "{count} more", len(told) - most)] if len(told) > most else []
    return "; ".join([*told[:most], *more])


def cannot_evaluate_line(words: Words, problems: Iterable[Problem]) -> Html:
    """Return "Cannot evaluate: X", or that there is nothing to evaluate."""
    problems = tuple(problems)
    if _is_empty(problems):
        return say(words, "This portfolio is empty: there is nothing to keep in balance. Bring money or coins in with /deposit.")
    return say(words, "Cannot evaluate: {problems}.", problems=bold(problems_text(words, problems)))


def _is_empty(problems: Iterable[Problem]) -> bool:
    return any(problem.code == "empty" for problem in problems)


def no_plan(portfolio: Portfolio, problems: Iterable[Problem]) -> str:
    """Return why there is no plan where something cannot be evaluated, and what comes next."""
    if any(problem.code in _OF_ACCOUNT for problem in problems):
        return _ACCOUNT_FIRST
    return _NO_PRICES_PAUSED if portfolio.paused else _NO_PRICES


def cannot_evaluate(words: Words, portfolio: Portfolio, problems: Sequence[Problem]) -> View:
    """Answer a command that needs figures which are not there: never a plan. Where the person can say what is missing, they are asked."""
    if _is_empty(problems):
        return View(page(head(words, portfolio), cannot_evaluate_line(words, problems)), ((button(words.t("Status"), "status"),),))
    asked = [problem.leap for problem in problems if problem.leap is not None]
    if asked:
        return leaps.question(words, portfolio, asked[0])
    if coins := [problem.instrument for problem in problems if problem.code == "missing_target"]:
        return untargeted.question(words, portfolio, coins)
    if any(problem.code == "kept_short" for problem in problems):
        told = page(head(words, portfolio), say(words, "No plan: {problems}.", problems=bold(problems_text(words, problems))))
        return View(told, ((button(words.t("Kept out"), "keep", "", Style.PRIMARY), button(words.t("Status"), "status")),))
    if dead := [problem.instrument for problem in problems if problem.code == "no_last_price"]:
        told = page(head(words, portfolio), cannot_evaluate_line(words, problems))
        return View(told, (*ways_out.standing_rows(words, dead), (button(words.t("Status"), "status"),)))
    text = page(
        head(words, portfolio),
        cannot_evaluate_line(words, problems),
        "",
        esc(words.t(no_plan(portfolio, problems))),
    )
    return View(text, ((button(words.t("Try again"), "rebalance"), button(words.t("Why?"), "why")),))


def unreachable(words: Words, portfolio: Portfolio, trouble: Unreachable) -> View:
    """Answer what cannot be done while the portfolio's market or exchange cannot be asked."""
    if isinstance(trouble, OtherWorld):
        found, again = Problem(code="other_world", instrument=trouble.exchange), None
    else:
        found = Problem(code=trouble.why)
        again = None if isinstance(trouble, PlaceRefused) else say(words, "Please try again in a minute.")
    text = page(head(words, portfolio), cannot_evaluate_line(words, (found,)), say(words, "Nothing was changed."), again)
    return View(text, ((button(words.t("Status"), "status"),),))


def failure(words: Words, error_id: str) -> View:
    """Answer when we failed: the id leads the operator to the log line."""
    return View(
        page(
            say(words, "Something went wrong on my side. Look at /status before you try again."),
            say(words, "If it happens again, give the operator this id: {id}", id=code(error_id)),
        )
    )


def damaged(words: Words, trouble: Damaged, error_id: str, title: Html | None) -> View:
    """Answer what rests on a stored row that cannot be read: what it is of, and who can repair it. ``title`` as in :func:`mistake`."""
    text = page(
        title,
        damaged_line(words, (trouble,)),
        say(words, "I do nothing that rests on it, and the rest goes on."),
        say(words, "Only the operator can repair it, from a copy of the database. Give them this id: {id}", id=code(error_id)),
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Portfolios"), "portfolios")),))


def damaged_line(words: Words, found: Iterable[Damaged]) -> Html | None:
    """Name what cannot be read of what is stored; None where everything can."""
    parts = list(dict.fromkeys(_part(words, trouble) for trouble in found))
    return say(words, "⚠ Damaged in my database: {parts}.", parts=bold(", ".join(parts))) if parts else None


def _part(words: Words, trouble: Damaged) -> str:
    if trouble.number is not None:
        return words.t("plan {number}", number=trouble.number)
    return words.t(_PARTS.get(trouble.part, N_("something of yours")))


def mistake(words: Words, problem: UserError, title: Html | None = None) -> View:
    """Answer with one thing that the person can fix; ``title`` is the mark of the portfolio that it is about."""
    return View(page(title, error(words, problem)))


def mistakes(words: Words, problems: Sequence[UserError], example: str = "", title: Html | None = None) -> View:
    """Answer with everything that is wrong with an input at once, and with an example that works; ``title`` as in :func:`mistake`."""
    lead = esc(words.n("One thing to fix:", "{count} things to fix:", len(problems)))
    shown = [joined(" ", ("•", error(words, problem))) for problem in problems]
    hint = say(words, "An example that works: {example}", example=code(example)) if example else None
    return View(page(title, lead, *shown, *(("", hint) if hint else ())))


def tap_refused(words: Words, refusal: Refusal) -> str:
    """Return the answer to a tap that is not acted on, for Telegram's little window (at most 200 characters)."""
    return words.t(_TAPS[refusal.reason])


def tap_without_message(words: Words) -> str:
    """Answer a tap on a button whose message cannot be seen."""
    return words.t("I can't see which message this button belongs to, so nothing was done. Send the command again.")


def answer_lost(words: Words, at: datetime) -> View:
    """Tell somebody whom Telegram kept us from answering that they were heard, and where to see what was done."""
    text = say(
        words, "Telegram did not take my answer at {time}. What you asked for may have been done: look at /status.", time=words.moment(at)
    )
    return View(page(text), ((button(words.t("Status"), "status"),),))


def clock_off(words: Words, exchange: str, off_s: int) -> View:
    """Tell an operator that the machine's clock is ahead of the exchange's by so many seconds, below 0 behind it."""
    facts = {"span": bold(words.span(abs(off_s))), "exchange": clip(name_of(exchange), 20)}
    ahead, behind = N_("The clock of my machine is {span} ahead of {exchange}."), N_("The clock of my machine is {span} behind {exchange}.")
    text = page(
        say(words, ahead if off_s > 0 else behind, **facts),
        say(words, "Plans and orders would run out at the wrong moment. Please let a time server (NTP) set the clock."),
        say(words, "I check every few minutes and say it again only if the clock was right in between."),
    )
    return View(text)


def edited(words: Words) -> View:
    """Answer a changed message: it may have been acted on already."""
    return View(page(say(words, "I don't act on messages that are changed afterwards. Nothing was done; send it as a new message.")))


def forwarded(words: Words) -> View:
    """Answer a message that was forwarded, or sent by way of another bot: its words were written by, or for, somebody else."""
    told = say(
        words, "I don't act on forwarded messages, nor on the words of another bot. Nothing was done; type it yourself if you mean it."
    )
    return View(page(told))


def no_button(words: Words, *, asked: bool) -> View:
    """Answer a yes or a no that is typed, perhaps where something is ``asked`` for: it could be about another message than is meant."""
    told = say(words, "Tap the button instead: a word that you write answers no question, so that nothing is confirmed by accident.")
    return View(page(told, say(words, "What I asked for last still waits; /cancel leaves it.") if asked else None))


def unknown_command(words: Words, name: str) -> View:
    """Answer a command that does not exist."""
    return View(page(say(words, "There is no command {name}. /help shows those that exist.", name=code(f"/{name[:32]}"))))


def command_meant(words: Words, name: str, rest: str = "", portfolio: Portfolio | None = None) -> View:
    """Answer a near miss with the command that was probably meant, and a button that sends it as it stands there.

    What is longer than can be shown has to be sent. ``portfolio`` is what the rest is about; None: there is none.
    """
    if not rest and name in SHOWN_BY_BUTTON:
        text = say(words, "Did you mean {command}?", command=esc(f"/{name}"))
        return View(page(text), ((button(f"/{name}", name), button(words.t("Help"), "help")),))
    command = " ".join(f"/{name} {rest}".split())
    shown = clip(command, _READ_AT_ONCE)
    asked = page(
        head(words, portfolio) if rest and portfolio is not None else "", say(words, "Did you mean {command}?", command=code(shown))
    )
    send = button(clip(command, _ON_BUTTON), "say_here" if rest else "say", word_for(shown))
    return View(asked, ((send, button(words.t("Help"), "help")),) if shown == command else ())


def no_portfolio(words: Words) -> View:
    """Answer a command about a portfolio when none is open; there may be closed ones."""
    start: Keyboard = ((button(words.t("Start"), "start"), button(words.t("Portfolios"), "portfolios")),)
    return View(page(say(words, "You have no open portfolio. /start sets one up in under a minute.")), start)


def closed(words: Words, portfolio: Portfolio) -> View:
    """Answer what would act on a closed portfolio, or look at it as if it were open."""
    text = page(
        head(words, portfolio),
        say(words, "This portfolio is closed: it does nothing any more. Its history can be read."),
    )
    return View(text, ((button(words.t("History"), "history"), button(words.t("Portfolios"), "portfolios")),))


def cancelled(words: Words, what: str = "") -> View:
    """Answer ``/cancel``: ``what`` names the dialog that was left; empty where there was none."""
    if not what:
        return View(page(say(words, "There was nothing to cancel.")))
    return View(page(say(words, "Cancelled. Nothing was changed.")))


def evaluated_again(words: Words, portfolio: Portfolio) -> View:
    """Tell that an outage is over."""
    return View(page(head(words, portfolio), say(words, "I can evaluate the portfolio again. Checks go on.")))


def stumbled(words: Words, portfolio: Portfolio, error_id: str) -> View:
    """Tell that a fault of ours keeps a portfolio from being checked."""
    text = say(words, "A fault on my side keeps me from checking this portfolio. I keep trying, with longer and longer pauses.")
    told = say(words, "Until then there are no alerts and no plans. Give the operator this id: {id}", id=error_id)
    return View(page(head(words, portfolio), text, told))


def missed_checks(words: Words, portfolio: Portfolio, count: int, since: datetime, until: datetime, *, exact: bool) -> View:
    """Tell that checks did not happen, for instance because the machine was off; not ``exact``: at most so many."""
    if exact:
        lead = words.n("{count} check was missed", "{count} checks were missed", count)
    else:
        lead = words.n("Up to {count} check was missed", "Up to {count} checks were missed", count)
    return View(
        page(
            head(words, portfolio),
            say(words, "{missed} between {since} and {until}.", missed=lead, since=words.moment(since), until=words.moment(until)),
            say(words, "The portfolio has been checked again just now."),
        ),
        ((button(words.t("Status"), "status"), button(words.t("Why?"), "why")),),
    )
