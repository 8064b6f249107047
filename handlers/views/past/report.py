"""The report in words: what a period realised and cost, what nobody knows of it, and the file that goes with it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.i18n import NN_
from chatbot.model import Mode
from chatbot.reports.tax.books import known
from chatbot.reports.tax.entries import BookKind
from chatbot.reports.tax.files import Format
from handlers.views.common import DASH, DOT, View, button, code, esc, head, joined, page, say, say_n, table

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from chatbot.reports.tax.books import Books, YearSum
    from handlers.views.common import Html

#: years that have a button of their own, the latest
_YEARS: Final = 6
#: what was there when the bot first looked
_THERE: Final = frozenset({BookKind.OPENING, BookKind.POSITION})
_TRADES: Final = NN_("{count} trade", "{count} trades")
_UNKNOWN: Final = NN_(
    "{count} trade or fee is not in the sums: its price or cost is unknown.",
    "{count} trades or fees are not in the sums: their price or cost is unknown.",
)
_FOR: Final = {Format.OURS: "CSV", Format.KOINLY: "Koinly", Format.COINTRACKER: "CoinTracker"}


def overview(words: Words, portfolio: Portfolio, told: Books) -> View:
    """List what each year realised, with a button for its file."""
    top = head(words, portfolio, say(words, "Report"))
    if all(row.entry.kind in _THERE for row in told.rows):
        return View(page(top, say(words, "There is nothing to report yet: no trades and no deposits.")))
    titles = ("", words.t("realised"), words.t("fees"))
    rows = [(str(one.year), signed(words, realised(one)), words.money(one.fees)) for one in told.years]
    text = page(
        top,
        table([titles, *rows]),
        *_unknown(words, told),
        say(words, "Choose a year, or write a period: {example}.", example=code(words.t("/report March 2025"))),
    )
    years = [button(str(one.year), "report_as", arg(Format.OURS, str(one.year))) for one in told.years[-_YEARS:]]
    whole = button(words.t("Everything"), "report_as", arg(Format.OURS, ""))
    return View(text, (*(tuple(years[at : at + 3]) for at in range(0, len(years), 3)), (whole,)))


def realised(one: YearSum) -> Decimal | None:
    """Return what a year realised in all, as far as it is known, quote; None: nothing of it is."""
    return known((one.coins, one.futures, one.funding, one.income))


def signed(words: Words, amount: Decimal | None) -> str:
    """Write an amount with its sign; one that is not known is a dash."""
    return DASH if amount is None else words.signed_money(amount)


def caption(words: Words, portfolio: Portfolio, told: Books, period: str, code: str, to: Format) -> View:
    """Stand under the file of a period; ``period`` names it for a person, ``code`` for the buttons."""
    subject = joined(DOT, (say(words, "Report"), esc(period or words.t("everything"))))
    sums = told.years
    trades = sum(one.trades for one in sums)
    names = ("coins", "futures", "funding", "income")
    coins, futures, funding, income = (known([getattr(one, name) for one in sums]) for name in names)
    fees = sum((one.fees for one in sums), Decimal(0))
    text = page(
        head(words, portfolio, subject),
        joined(DOT, (say_n(words, _TRADES, trades), say(words, "fees {fees}", fees=words.money(fees)))),
        say(words, "Realised: coins {amount}", amount=signed(words, coins)),
        say(words, "Realised: futures {amount}", amount=signed(words, futures)) if futures != 0 else None,
        say(words, "Funding: {amount}", amount=DASH if told.funding_unknown else signed(words, funding))
        if funding or told.funding_unknown
        else None,
        say(words, "Interest and rewards: {amount}", amount=signed(words, income)) if income != 0 else None,
        *_unknown(words, told),
        say(words, "What you traded at the exchange yourself is not in it.") if portfolio.mode is Mode.LIVE else None,
        _about(words, to),
    )
    others = tuple(button(_FOR[one], "report_as", arg(one, code)) for one in Format if one is not to)
    return View(text, (others, (button(words.t("Other period"), "report"),)))


def _about(words: Words, to: Format) -> Html:
    if to is Format.OURS:
        return say(
            words, "Cost is first in, first out, in dollars at the price of the moment. A sale from several lots has a row for each."
        )
    return say(
        words,
        "For the import page of {name}. It works out the cost itself, so it needs every year since the beginning.",
        name=_FOR[to],
    )


def _unknown(words: Words, told: Books) -> list[Html]:
    """Say what is not known, and therefore not in the sums."""
    unknown = sum((one.unknown for one in told.years), Decimal(0))
    count = sum(one.unknown_trades for one in told.years)
    found = []
    if unknown:
        found.append(
            say(words, "Sold for {amount} without a known cost: what that realised is not in the sums.", amount=words.money(unknown))
        )
    if count:
        found.append(say_n(words, _UNKNOWN, count))
    if told.funding_unknown:
        found.append(say(words, "How much funding was paid or received is not fully known."))
    return found


def arg(to: Format, code: str) -> str:
    """Return what a button says of a file: who reads it, by one letter because a button holds 64 bytes, and the period."""
    return f"{to.value[0]}:{code}"


def told_by(tapped: str) -> tuple[Format, str]:
    """Read back what :func:`arg` wrote."""
    letter, _, code = tapped.partition(":")
    return next(one for one in Format if one.value[0] == letter), code
