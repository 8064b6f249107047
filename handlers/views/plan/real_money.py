"""Limits of real money in words: why a plan is not carried out, or was stopped on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import LeftOutWhy, LiveStop
from handlers.buttons import Style
from handlers.views.common import View, bold, button, code, head, named, page, say
from handlers.views.person.key_guides import name_of
from handlers.views.portfolio import start

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Breach, LiveLimits, Plan, Portfolio
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: what is typed to agree
SENTENCE: Final = N_("trade with real money")
#: the same of a test account
TEST_SENTENCE: Final = N_("trade with test money")
EXAMPLE: Final = "/live 500 25% 5%"
_OVER: Final = {
    LiveStop.OFF: N_("Nothing was sent: whoever hosts me does not allow trading with real money."),
    LiveStop.WATCHED: N_("Nothing was sent: this portfolio is only watched now."),
    LiveStop.KEY: N_("Nothing was sent: something is wrong with the key. /keys says what, and how to fix it."),
    LiveStop.SHARED: N_("Nothing was sent: another portfolio uses the same account. Close one of the two."),
    LiveStop.FIRST: N_("Nothing was sent: the plan trades {amount}, and a first plan on an account at most {limit}."),
    LiveStop.ORDER: N_("Nothing was sent: the largest order is {amount}, and your limit for one is {limit}."),
    LiveStop.TURNOVER: N_("Nothing was sent: {amount} would be traded today, and your limit for a day is {limit}."),
}
#: of a plan that stopped half-way
_STOPPED: Final = {
    LiveStop.OFF: N_("Whoever hosts me does not allow trading with real money any more, so nothing more is sent."),
    LiveStop.WATCHED: N_("This portfolio is only watched now, so nothing more is sent."),
    LiveStop.KEY: N_("Something is wrong with the key, so nothing more is sent. /keys says what, and how to fix it."),
    LiveStop.SHARED: N_("Another portfolio uses the same account, so nothing more is sent. Close one of the two."),
    LiveStop.FIRST: N_("It would have traded more than a first plan on an account may, so nothing more is sent."),
    LiveStop.ORDER: N_("An order would have been over your limit for one, so nothing more is sent."),
    LiveStop.TURNOVER: N_("It would have traded more today than your limit, so nothing more is sent."),
}


def over_limits(words: Words, breach: Breach) -> str:
    """Return the answer to a Confirm that goes beyond what was agreed to."""
    numbers = {"amount": words.money(breach.amount, 0), "limit": words.money(breach.limit, 0)}
    return words.t(_OVER[breach.why], **(numbers if breach.limit else {}))


def stopped(words: Words, why: str) -> Html | None:
    """Return why a plan with real money stopped half-way; None where limits have nothing to do with it."""
    return say(words, _STOPPED[LiveStop(why)]) if why in set(LiveStop) else None


def loss(words: Words, portfolio: Portfolio, lost: Decimal, *, alone: bool = False) -> View:
    """Tell that a portfolio was paused because of what it lost today; ``alone``: it acted by itself until then."""
    limit = portfolio.live.limits.loss if portfolio.live is not None else lost
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("Paused: it has lost {lost} today.", lost=words.percent(lost))),
        say(words, "Your limit for a day is {limit}. Nothing is traded until you resume it.", limit=words.percent(limit)),
        say(words, "Your positions stay as they are. /panic closes the futures."),
        say(words, "I no longer act by myself here: from then on I ask before each plan.") if alone else None,
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Resume"), "resume", "", Style.PRIMARY)),))


def made_up(words: Words, exchange: str) -> View:
    """Say that no real account is watched beside a market that is made up."""
    text = say(words, "Here prices are made up, so I cannot watch a real account at {exchange}.", exchange=name_of(exchange))
    return View(page(text), ((button(words.t("My keys"), "keys"),),))


def watching(
    words: Words,
    portfolio: Portfolio,
    value: Decimal | None,
    *,
    replaced: Portfolio | None = None,
    clock: tuple[Html, Keyboard] | None = None,
    asks: bool = True,
) -> View:
    """Say that an account is watched from now on, and which portfolio was closed for it.

    It ``asks`` whether futures are used, unless the account shows it; then the question about the ``clock`` comes here.
    """
    held = say(words, "I watch this account. What it holds today is the target; /targets sets another one.")
    unseen = say(
        words, "I watch this account. I could not see yet what is in it, so its targets are those of a preset; /targets changes that."
    )
    text = page(
        head(words, portfolio, name=True),
        bold(words.money(value)) if value is not None else say(words, "Its value is not known yet."),
        held if value is not None else unseen,
        say(words, "I tell you when something drifts, and send no orders. /live lets me trade here, after your consent."),
        say(words, "{name} is closed; its history is under /portfolios.", name=named(words, replaced)) if replaced is not None else None,
        say(words, "Commands are about this one now; /portfolios switches.") if portfolio.is_one_of_several else None,
        *(("", *start.futures_lines(words)) if asks else ()),
    )
    last = (button(words.t("Status"), "status", "", Style.PRIMARY), button(words.t("Targets"), "targets"))
    if asks:
        return View(text, ((button(words.t("No"), "watch_futures", "no"), button(words.t("Yes"), "watch_futures", "yes")), last))
    ask, zones = clock if clock is not None else (None, ())
    return View(page(text, *(("", ask) if ask is not None else ())), (*zones, last))


def no_account(words: Words, portfolio: Portfolio, *, can_connect: bool) -> View:
    """Say what /live is about; a way there is told where there is one."""
    text = page(
        head(words, portfolio),
        say(words, "This portfolio uses no account of yours. Connect one first: /connect, then “Watch this account”.")
        if can_connect
        else say(words, "This portfolio uses no account of yours, and none can be connected here."),
    )
    status = button(words.t("Status"), "status")
    return View(text, ((button(words.t("My keys"), "keys"), status) if can_connect else (status,),))


def not_allowed(words: Words, portfolio: Portfolio) -> View:
    """Say that the operator allows no trading with real money."""
    text = page(
        head(words, portfolio),
        say(words, "I keep watching. Whoever hosts me does not allow trading with real money."),
        say(words, "The setting is CHATBOT_ALLOW_LIVE=true."),
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def unknown_value(words: Words, portfolio: Portfolio) -> View:
    """Say that limits cannot be proposed without a value."""
    text = page(
        head(words, portfolio),
        say(words, "I can't tell what the account is worth now, so there are no limits to agree to. Try again soon."),
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def sentence(portfolio: Portfolio) -> str:
    """Return what is typed to agree, as a msgid."""
    return TEST_SENTENCE if portfolio.is_test else SENTENCE


def limits_lines(words: Words, limits: LiveLimits) -> list[Html]:
    """Say what nothing but /panic may go beyond."""
    return [
        say(words, "Largest order: {amount}", amount=bold(words.money(limits.order, 0))),
        say(words, "Most traded in a day: {share} of the value", share=bold(words.percent(limits.turnover, 0))),
        say(words, "Most lost in a day: {share}; then I stop and tell you", share=bold(words.percent(limits.loss, 0))),
    ]


def consent(words: Words, portfolio: Portfolio, limits: LiveLimits, value: Decimal) -> View:
    """Say what trading with real money means, with its limits, and ask for the sentence."""
    text = page(
        head(words, portfolio, name=True),
        bold(words.t("Trade on this test account?") if portfolio.is_test else words.t("Trade with real money?")),
        say(
            words,
            "I will then send orders to your account, which is worth {value}: each plan only after your Confirm.",
            value=words.money(value, 0),
        ),
        say(words, "The first plan trades at most a tenth of that; the rest is offered after it."),
        "",
        *limits_lines(words, limits),
        say(words, "Other limits: {example}", example=code(EXAMPLE)),
        "",
        say(words, "/panic cancels orders and closes futures, whatever the limits are. One tap takes you back to watching."),
        say(words, "No real money is in this account. Everything else is as with a real one.")
        if portfolio.is_test
        else say(words, "I was tried on recordings and a test exchange, on no real account yet. You may lose money."),
        "",
        say(words, "To agree, type: {sentence}", sentence=code(words.t(sentence(portfolio)))),
        say(words, "Anything else, and I keep watching."),
    )
    return View(text)


def as_before(words: Words, portfolio: Portfolio, told: Html, back: Button) -> View:
    """Say why nothing was agreed to, with the way back to the question."""
    return View(page(head(words, portfolio), told), ((back, button(words.t("Status"), "status")),))


def not_agreed(words: Words, portfolio: Portfolio) -> View:
    """Say that the sentence was another one, and nothing has changed."""
    told = say(words, "That was not the sentence, so I keep watching and send no orders.")
    return as_before(words, portfolio, told, button(words.t("Ask me again"), "live"))


def changed(words: Words, portfolio: Portfolio) -> View:
    """Say that what the question showed has changed since, so that the sentence agrees to nothing."""
    told = say(words, "Something has changed since I asked, so nothing was agreed to.")
    return as_before(words, portfolio, told, button(words.t("Ask me again"), "live"))


def agreed(words: Words, portfolio: Portfolio, limits: LiveLimits) -> View:
    """Say that the portfolio trades with real money from now on."""
    text = page(
        head(words, portfolio, name=True),
        bold(
            words.t("From now on I trade on this test account.")
            if portfolio.is_test
            else words.t("From now on I trade here with real money.")
        ),
        *limits_lines(words, limits),
        say(words, "I ask before each plan."),
    )
    return View(text, (_ways(words), (button(words.t("Status"), "status"),)))


def terms(words: Words, portfolio: Portfolio) -> View:
    """Show what was agreed to, and the way back."""
    agreed_to = portfolio.live
    since = None
    if agreed_to is not None and not portfolio.is_test:
        since = say(words, "You agreed to real money on {date}.", date=words.date(agreed_to.since))
    elif agreed_to is not None:
        since = say(words, "I have been trading on this test account since {date}.", date=words.date(agreed_to.since))
    first = (
        say(words, "No plan has traded yet: the first one trades at most a tenth.")
        if agreed_to is not None and not agreed_to.is_tried
        else None
    )
    text = page(
        head(words, portfolio, name=True),
        since,
        *(limits_lines(words, agreed_to.limits) if agreed_to is not None else ()),
        first,
        say(words, "I act by myself here, as you agreed. Other limits end that.")
        if portfolio.acts_alone
        else say(words, "I ask before each plan."),
        say(words, "Other limits: {example}", example=code(EXAMPLE)),
    )
    return View(text, (_ways(words), (button(words.t("Status"), "status"),)))


def _ways(words: Words) -> tuple[Button, ...]:
    return button(words.t("Rebalance"), "rebalance", "", Style.PRIMARY), button(words.t("Only watch"), "live_off", "", Style.DANGER)


def watching_again(words: Words, portfolio: Portfolio) -> View:
    """Say that nothing is traded any more."""
    text = page(head(words, portfolio, name=True), say(words, "I only watch again, and send no orders. What is held stays as it is."))
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Trade again…"), "live")),))


def stop_first(words: Words, plan: Plan) -> str:
    """Say that a plan under way must end before the account is only watched."""
    return words.t("Plan {number} is on its way. Stop it first, so that no order of it is left at the exchange.", number=plan.number)


def rest_buttons(words: Words, portfolio: Portfolio, plan: Plan) -> Keyboard:
    """Offer what a first plan with real money has left, under its result."""
    waits = any(left.why is LeftOutWhy.FIRST_LIVE for left in plan.left_out)
    offered = waits and portfolio.is_open and portfolio.live is not None and portfolio.live.is_tried
    return ((button(words.t("The rest"), "rebalance", "", Style.PRIMARY),),) if offered else ()
