"""Exchange keys in words: how one is made and given, what an exchange said of it, and what is wrong with it, each with its cure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.exchanges.live.venues import has_passphrase
from chatbot.i18n import N_
from chatbot.model import REFUSING, KeyProblem, is_test
from handlers.buttons import Button, Style, Tap
from handlers.views.common import DASH, DOT, View, bold, button, clip, joined, labelled, page, pre, say, table
from handlers.views.person.key_guides import GUIDES, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import ExchangeKey, KeyReport
    from handlers.views.common import Html

#: what each problem says, with its cure
PROBLEMS: Final = {
    KeyProblem.NOT_ACCEPTED: N_(
        "{exchange} does not accept it: it is mistyped, was deleted, or works from other addresses only. Copy it again, or make a new one."
    ),
    KeyProblem.FOREIGN_SECRET: N_("The secret does not belong to this key. Copy both parts again; if the secret is gone, make a new key."),
    KeyProblem.OTHER_ADDRESS: N_("It works from other addresses only. Add my address to it at {exchange}; whoever hosts me knows it."),
    KeyProblem.EXPIRED: N_("It has expired. Make a new one at {exchange}, then send /connect."),
    KeyProblem.MAY_WITHDRAW: N_("It can withdraw, and I accept no such key. Take that right from it at {exchange}, or make one without."),
    KeyProblem.MAY_NOT_READ: N_("It can't read the account. Give it that right at {exchange}, or make one that can."),
    KeyProblem.UNREACHABLE: N_("I could not ask {exchange} about it just now. The key is not to blame; try again in a few minutes."),
    KeyProblem.NOT_SERVED: N_(
        "{exchange} does not serve the country or network that I run in. The key is not to blame; whoever hosts me has to move me."
    ),
    KeyProblem.OLD_ACCOUNT: N_(
        "The account is not a Unified Trading Account, and I can't work with another kind. Upgrade it at {exchange}: Assets, Upgrade."
    ),
    KeyProblem.HEDGE_MODE: N_("The futures account is in hedge mode, with a long and a short of the same coin. I need one-way mode."),
    KeyProblem.ISOLATED: N_(
        "Futures are on isolated margin, each contract with money of its own. I count with cross margin; change it at {exchange}."
    ),
    KeyProblem.MULTI_ASSETS: N_("Other coins carry the futures (multi-assets mode). I count with one; change it to single-asset mode."),
    KeyProblem.PORTFOLIO_MARGIN: N_(
        "The account is on portfolio margin, which I can't work with. Change it to regular margin at {exchange}."
    ),
    KeyProblem.BORROWED: N_("Something is borrowed in the account, so I cannot tell what is yours. Pay it back at {exchange}."),
    KeyProblem.CLOCK: N_("The clock of my machine is {seconds} s off. Whoever hosts me has to set it, by NTP for instance."),
    KeyProblem.EXPIRES_SOON: N_("It expires on {date}. Make a new one at {exchange} before that, or tie it to fixed addresses."),
    KeyProblem.ANY_ADDRESS: N_("It works from any address. Safer: at {exchange}, tie it to mine; whoever hosts me knows it."),
    KeyProblem.NO_SPOT: N_("It can't trade coins. I only read, so that is fine."),
    KeyProblem.NO_FUTURES: N_("It can't trade futures. I only read, so that is fine."),
    KeyProblem.WITHDRAW_UNKNOWN: N_("{exchange} does not say whether it can withdraw. Look there, and take that right from it."),
}
#: rows of a card and the right that each shows
_RIGHTS: Final = {
    "reads": N_("Reads"),
    "trades_spot": N_("Trades coins"),
    "trades_futures": N_("Trades futures"),
    "withdraws": N_("Withdraws"),
    "is_bound": N_("Only from fixed addresses"),
}
_ACCOUNTS: Final = {"spot": N_("Spot"), "futures": N_("Futures"), "unified": N_("Unified account"), "fund": N_("Fund account")}
#: coins that a card names of one account
_MOST_COINS: Final = 6
_BOTH: Final = N_("Send both parts in one message: the API key, and below it the secret. I delete the message as soon as I have read it.")
_THREE: Final = N_(
    "Send all three parts in one message, one below the other: the API key, the secret, the passphrase. "
    "I delete the message as soon as I have read it."
)
_NEED_BOTH: Final = N_("I need two things in one message: the API key, and below it the secret. Send both again, or /cancel.")
_NEED_THREE: Final = N_(
    "I need three things in one message: the API key, below it the secret, and last the passphrase. Send all again, or /cancel."
)
_ONLY_READ: Final = N_("With a key I only read, until you have agreed to trading on its account: /live.")


def closed(words: Words, *, demo: bool, back: str = "") -> View:
    """Say why no exchange can be connected here, and what opens it; ``back`` is where the person comes from."""
    if demo:
        return View(page(say(words, "This is a demo, and nothing leaves this machine: no exchange is connected here.")))
    text = page(
        say(words, "No exchange can be connected here yet: I have nothing to encrypt keys with."),
        say(
            words, "Whoever hosts me runs “python -m chatbot keys new”, puts what it prints into CHATBOT_SECRET_KEYS, and starts me again."
        ),
    )
    return View(text, ((button(words.t("Back"), back),),) if back else ())


def choice(words: Words, offered: Sequence[str], *, has_keys: bool, back: str = "") -> View:
    """Ask which of the ``offered`` exchanges, real ones first, and say what connecting means; ``back`` is where the person comes from."""
    text = page(
        bold(words.t("Connect an exchange")),
        say(words, "You make a key there and give it to me. I check it, store it encrypted, and tell you if something is wrong with it."),
        say(words, _ONLY_READ),
    )
    real = tuple(button(name_of(exchange), "connect", exchange, Style.PRIMARY) for exchange in offered if not is_test(exchange))
    tests = tuple(button(f"TEST{DOT}{name_of(exchange)}", "connect", exchange) for exchange in offered if is_test(exchange))
    if tests:
        text = page(text, say(words, "TEST: an account for trying things out, at the exchange itself. No real money is in it."))
    last = (*((button(words.t("My keys"), "keys"),) if has_keys else ()), *((button(words.t("Back"), back),) if back else ()))
    rows = (real, *((one,) for one in tests), last)
    return View(text, tuple(row for row in rows if row))


def guide(words: Words, exchange: str, form: str = "", *, key: str = "", others: bool = True) -> View:
    """Tell how to make a key, and offer the ``form`` at that address; without one, the chat.

    ``key`` is the one of a test exchange on this machine, ``others`` whether any other exchange is offered.
    """
    known = GUIDES[exchange]
    steps = [
        joined(" ", (f"{number}.", say(words, step, page=bold(known.page), key=pre(key.splitlines()))))
        for number, step in enumerate(known.steps, 1)
    ]
    way = say(words, "The form works once, for 10 minutes. Open it on a device that you trust.") if form else _in_chat(words)
    title = _named(exchange)
    text = page(title, *steps, "", way, say(words, known.tried, exchange=known.name))
    give = Button(labelled(words.t("Open the form")), Tap("connect", exchange), Style.PRIMARY, url=form)
    if not form:
        give = button(words.t("Send it here"), "key_here", exchange, Style.PRIMARY)
    return View(text, ((give,), (button(words.t("Another exchange"), "connect"),)) if others else ((give,),))


def _in_chat(words: Words) -> Html:
    return say(
        words,
        "⚠ I have no web address, so the key has to come through this chat. I delete your message at once, "
        "but it has passed through Telegram. Use a key that can only read.",
    )


def ask(words: Words, exchange: str, *, key: str = "") -> View:
    """Ask for a key in the chat; that of a test exchange on this machine is shown, to be copied."""
    text = page(
        _named(exchange),
        pre(key.splitlines()) if key else None,
        say(words, _THREE if has_passphrase(exchange) else _BOTH),
        say(words, "Until then I write down nothing of what you send. /cancel ends this."),
    )
    return View(text)


def unreadable(words: Words, exchange: str, *, deleted: bool) -> View:
    """Say what was expected instead of what was sent while a key was asked for."""
    text = page(
        say(words, _NEED_THREE if has_passphrase(exchange) else _NEED_BOTH),
        _left(words, deleted=deleted),
    )
    return View(text)


def unheard(words: Words, *, deleted: bool) -> View:
    """Say that a message was not kept because a key was asked for when it came."""
    text = page(
        say(words, "I did not keep your last message, because it might have held a key. Please send it again."),
        _left(words, deleted=deleted),
    )
    return View(text)


def unasked(words: Words, *, deleted: bool) -> View:
    """Say what was done with a message that may hold a key for which nobody had asked, and may as well hold something else as long."""
    text = page(
        say(words, "That may be an exchange key, so I deleted the message and did nothing else with it.")
        if deleted
        else say(words, "That may be an exchange key, so I did nothing with it."),
        _left(words, deleted=deleted),
        say(words, "If it is a key, delete it at the exchange and make a new one; give keys by /connect only."),
        say(words, "If it is none, send the message again without the long word."),
    )
    return View(text, ((button(words.t("Connect an exchange"), "connect"),),))


def checking(words: Words, exchange: str, *, deleted: bool) -> View:
    """Say that the exchange is being asked."""
    return View(page(say(words, "I ask {exchange} about it…", exchange=name_of(exchange)), _left(words, deleted=deleted)))


def _left(words: Words, *, deleted: bool) -> Html | None:
    return None if deleted else say(words, "⚠ I could not delete your message. Delete it yourself, for everybody.")


def refused(words: Words, exchange: str, shown: str, report: KeyReport) -> View:
    """Say why a key was not kept."""
    text = page(
        bold(words.t("The key was not kept")),
        _title(exchange, shown),
        *_told(words, exchange, report),
    )
    return View(text, ((button(words.t("Try again"), "connect", exchange if exchange in GUIDES else ""),),))


def card(words: Words, key: ExchangeKey, now: datetime, *, new: bool = False) -> View:
    """Show what an exchange said of a key: what it may do, what is there, and each problem with its cure."""
    title = bold(words.t("Connected")) if new else None
    remove = button(words.t("Remove…"), "disconnect", key.id)
    if key.is_lost:
        lost = say(words, "I can't open it any more: my operator lost what it was encrypted with. Remove it, then send /connect.")
        return View(page(_title(key.exchange, key.shown), lost), ((remove, button(words.t("Back"), "keys")),))
    report = key.report
    text = page(
        title,
        _title(key.exchange, key.shown),
        say(words, "It replaces …{shown}, a key of the same account.", shown=clip(key.replaced, 8)) if key.replaced else None,
        table([(words.t(label), _yes(words, getattr(report, name))) for name, label in _RIGHTS.items()]),
        *_accounts(words, report),
        *_told(words, key.exchange, report),
        say(words, _ONLY_READ) if REFUSING.isdisjoint(report.problems) else None,
        say(words, "Asked {age} ago.", age=words.age(max(0.0, (now - report.at).total_seconds()))) if not new else None,
    )
    watch = (button(words.t("Watch this account"), "watch", key.id, Style.PRIMARY),)
    rows = ((button(words.t("Check again"), "key_check", key.id), remove), (button(words.t("My keys"), "keys"),))
    return View(text, (watch, *rows) if REFUSING.isdisjoint(report.problems) else rows)


def unfit(words: Words, key: ExchangeKey, problems: Sequence[KeyProblem]) -> View:
    """Say why nothing is traded with a key, each problem with its cure."""
    text = page(
        bold(words.t("I cannot trade with this key")),
        _title(key.exchange, key.shown),
        *_told(words, key.exchange, replace(key.report, problems=tuple(problems) or (KeyProblem.NO_SPOT,))),
        say(words, "I keep watching. When that is fixed, send /live again."),
    )
    return View(text, ((button(words.t("Check again"), "key_check", key.id), button(words.t("Status"), "status")),))


def listed(words: Words, keys: Sequence[ExchangeKey], *, can_connect: bool = True) -> View:
    """List a person's keys; where none can be connected, none is offered."""
    if not keys:
        offer = ((button(words.t("Connect an exchange"), "connect"),),) if can_connect else ()
        return View(page(say(words, "You have not connected an exchange yet.")), offer)
    text = page(bold(words.t("Your exchange keys")), *(joined(DOT, (_title(key.exchange, key.shown), _state(words, key))) for key in keys))
    taps = tuple((button(_plain(key), "key", key.id),) for key in keys)
    return View(text, (*taps, (button(words.t("Connect another"), "connect"),)))


def which(words: Words, keys: Sequence[ExchangeKey]) -> View:
    """Ask which key is to be removed."""
    taps = tuple((button(_plain(key), "disconnect", key.id),) for key in keys)
    return View(page(bold(words.t("Which key should I remove?"))), taps)


def remove_offer(words: Words, key: ExchangeKey) -> View:
    """Say what removing a key means, and ask once."""
    text = page(
        bold(words.t("Remove this key?")),
        _title(key.exchange, key.shown),
        say(
            words, "I forget it for good and read nothing with it any more. Nothing at {exchange} changes.", exchange=name_of(key.exchange)
        ),
        say(words, "What you agreed to for its account ends with it: nothing is watched or traded there any more."),
    )
    return View(text, ((button(words.t("Remove"), "disconnect_yes", key.id, Style.DANGER),), (button(words.t("Back"), "keys"),)))


def removed(words: Words, key: ExchangeKey) -> View:
    """Say that a key is gone, and what is left to do at its exchange."""
    text = page(
        say(words, "The key {key} is removed.", key=_title(key.exchange, key.shown)),
        say(words, "Delete it at {exchange} as well: only that ends it for everybody.", exchange=name_of(key.exchange)),
    )
    return View(text, ((button(words.t("My keys"), "keys"),),))


def gone(words: Words) -> View:
    """Say that a key is not there any more."""
    return View(page(say(words, "This key is not there any more.")), ((button(words.t("My keys"), "keys"),),))


def trouble(words: Words, key: ExchangeKey) -> View:
    """Tell what has become wrong with a key, or that it is about to end."""
    text = page(bold(words.t("Your key needs you")), _title(key.exchange, key.shown), *_told(words, key.exchange, key.report))
    return View(text, ((button(words.t("Look at it"), "key", key.id), button(words.t("Connect another"), "connect")),))


def _named(exchange: str) -> Html:
    """Return the name of an exchange, marked where no real money is in its accounts."""
    return bold(f"TEST{DOT}{name_of(exchange)}" if is_test(exchange) else name_of(exchange))


def _title(exchange: str, shown: str) -> Html:
    return joined(" ", (_named(exchange), f"…{clip(shown, 8)}"))


def _plain(key: ExchangeKey) -> str:
    return f"{f'TEST{DOT}' if key.is_test else ''}{name_of(key.exchange)} …{clip(key.shown, 8)}"


def _state(words: Words, key: ExchangeKey) -> str:
    if key.is_lost:
        return words.t("cannot be opened")
    if not REFUSING.isdisjoint(key.report.problems):
        return words.t("does not work")
    report = key.report
    reads_only = report.trades_spot is False and not report.trades_futures
    return words.t("read only") if reads_only or not report.reads else words.t("could trade")


def _yes(words: Words, told: bool | None) -> str:
    return DASH if told is None else words.t("yes") if told else words.t("no")


def _accounts(words: Words, report: KeyReport) -> list[Html]:
    """Return a line for each account in which there is something."""
    lines = []
    for where, label in _ACCOUNTS.items():
        coins = [(coin, qty) for place, coin, qty in report.found if place == where]
        if coins:
            named = [f"{words.quantity(Decimal(qty))} {clip(coin, 12)}" for coin, qty in coins[:_MOST_COINS]]
            rest = words.n("{count} more", "{count} more", len(coins) - _MOST_COINS) if len(coins) > _MOST_COINS else None
            told = say(words, "{account}: {coins}", account=words.t(label), coins=joined(", ", (*named, rest)))
            note = say(words, "I can't use that: move it to spot at the exchange, and it counts.") if where == "fund" else None
            lines.append(joined(". ", (told, note)))
    return lines or [say(words, "I found no coins in the account.")] * bool(report.reads)


def _told(words: Words, exchange: str, report: KeyReport) -> list[Html]:
    """Return each problem with its cure; one that a newer version wrote down is left out."""
    facts = {
        "exchange": name_of(exchange),
        "seconds": words.number(abs(report.off_s or 0), 1),
        "date": words.date(report.expires_at) if report.expires_at is not None else DASH,
    }
    known = GUIDES.get(exchange)
    there = {KeyProblem.HEDGE_MODE: known.one_way, KeyProblem.NO_FUTURES: known.unseen} if known is not None else {}
    return [
        joined(" ", ("•", say(words, PROBLEMS[one], **facts), say(words, more) if (more := there.get(one)) else None))
        for one in report.problems
        if one in PROBLEMS
    ]
