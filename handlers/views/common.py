"""What every view is made of: escaped text, tables of at most 40 columns, the mode mark, names of lines and coins."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import field, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Final

from chatbot.charts.direction import RLM, directed, is_rtl
from chatbot.clock import UTC_ZONE
from chatbot.exchanges.base import asset_of, is_perp
from chatbot.i18n import N_, SAID
from chatbot.model import CORE, FUTURES, NET, STABLE, Mode, is_test
from chatbot.values import dataclass
from handlers.buttons import Button, Keyboard, Style, Tap
from handlers.views.person.key_guides import venue_name
from handlers.views.punctuation import punctuated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatbot.charts.curves import Equity, GainBar, Layers, Months
    from chatbot.charts.labels import Gauge, Labels
    from chatbot.charts.shock_figures import ShockBar
    from chatbot.errors import UserError
    from chatbot.i18n import Plural, Words
    from chatbot.model import AssetExposure, Portfolio, PortfolioFigures

MAX_TEXT, MAX_CAPTION, MAX_COLUMNS = 4096, 1024, 40
#: rows of forty columns that a phone shows at once above the buttons
MAX_ROWS: Final = 24
DASH: Final = "—"
DOT: Final = " · "
#: the mark of accounts in which no real money is
_TEST: Final = "TEST"
ARROW: Final = " → "

#: a tag, to the end where it is not closed
_MARKUP: Final = re.compile(r"<[^>]*>?")

#: whatever a line is broken at; the space inside a number or before its sign is none of it
_SPACES: Final = re.compile(r"[^\S\u00a0\u202f]+")

#: zones that are an offset
_OFFSET: Final = re.compile(r"Etc/GMT([+-]\d+)")

_PRESETS: Final = {
    "conservative": N_("Conservative"),
    "balanced": N_("Balanced"),
    "aggressive": N_("Aggressive"),
    "conservative_spot": N_("Conservative, no futures"),
    "balanced_spot": N_("Balanced, no futures"),
    "aggressive_spot": N_("Aggressive, no futures"),
    "custom": N_("Custom"),
}


#: what prices are where no exchange tells them, by the name of the market
_PLAYED = {"simulated": N_("made-up prices"), "replay": N_("recorded prices")}


class Html(str):
    """Text that Telegram reads as HTML: everything from outside in it is escaped."""

    __slots__ = ()


class PictureKind(StrEnum):
    """What a picture compares."""

    #: actual weights against targets
    ALLOCATION = "allocation"
    #: before against after
    CHANGE = "change"
    #: the targets of a strategy
    PRESET = "preset"
    #: spot, futures and net by coin
    EXPOSURE = "exposure"
    #: every trigger between calm and its limit
    GAUGES = "gauges"
    #: what moves of BTC would do without a hedge and with it
    SHOCKS = "shocks"
    #: value over time beside what would have been without trading
    EQUITY = "equity"
    #: what each line was of the value over time
    WEIGHTS = "weights"
    #: returns by month
    MONTHS = "months"
    #: what each trigger brought
    GAINS = "gains"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What to draw; drawing happens in ``handlers.chat.pictures``."""

    kind: PictureKind
    labels: Labels
    #: None for the kinds that name a field of their own below, but for ``EXPOSURE``
    figures: PortfolioFigures | None = None
    #: only for ``CHANGE``
    after: PortfolioFigures | None = None
    #: only for ``EXPOSURE``
    assets: tuple[AssetExposure, ...] = ()
    #: only for ``GAUGES``
    gauges: tuple[Gauge, ...] = ()
    #: only for ``SHOCKS``
    shocks: tuple[ShockBar, ...] = ()
    #: only for ``EQUITY``
    equity: Equity | None = None
    #: only for ``WEIGHTS``
    layers: Layers | None = None
    #: only for ``MONTHS``
    months: Months | None = None
    #: only for ``GAINS``
    gains: tuple[GainBar, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """One message: HTML, buttons, and perhaps a picture whose caption the text is."""

    text: Html
    keyboard: Keyboard = field(default=())
    picture: Picture | None = None

    def __post_init__(self) -> None:
        """Keep the order of what runs the other way; write TEST into a picture whose caption begins with it: it may be passed on alone."""
        object.__setattr__(self, "text", Html(directed(punctuated(self.text))))
        is_test = self.text.lstrip(RLM).startswith(f"<b>{_TEST}")
        if self.picture is None or not is_test or (labels := self.picture.labels).title.startswith(_TEST):
            return
        marked = replace(labels, title=f"{_TEST}{DOT}{labels.title}")
        object.__setattr__(self, "picture", replace(self.picture, labels=marked))


def esc(text: object) -> Html:
    """Escape what Telegram would read as markup; what is HTML already stays."""
    return text if isinstance(text, Html) else Html(html.escape(str(text), quote=False))


def bold(text: object) -> Html:
    """Return ``text`` in bold."""
    return Html(f"<b>{esc(text)}</b>")


def code(text: object) -> Html:
    """Return ``text`` in a monospaced face that a tap copies."""
    return Html(f"<code>{esc(text)}</code>")


def pre(rows: Iterable[str]) -> Html:
    """Return ``rows`` as a monospaced block."""
    return Html(f"<pre>{esc(chr(10).join(rows))}</pre>")


def say(words: Words, msgid: str, **params: object) -> Html:
    """Translate a sentence, escape it, and fill its placeholders: HTML stays, everything else is escaped."""
    return Html(esc(words.t(msgid)).format(**{name: esc(value) for name, value in params.items()}))


def say_n(words: Words, forms: Plural, count: int, **params: object) -> Html:
    """Say a sentence as :func:`say` does, in the form of ``count``."""
    sentence = words.n(*forms, count, **{name: f"{{{name}}}" for name in params})
    return Html(esc(sentence).format(**{name: esc(value) for name, value in params.items()}))


def joined(separator: str, parts: Iterable[object]) -> Html:
    """Join the parts that are there."""
    return Html(esc(separator).join(esc(part) for part in parts if part not in (None, "")))


def page(*parts: object) -> Html:
    """Join lines: None is left out, an empty string is an empty line; the result is cut at a line end where Telegram would refuse it."""
    return fit([esc(part) for part in parts if part is not None], MAX_TEXT)


def fit(parts: Sequence[Html], limit: int) -> Html:
    """Join ``parts`` and leave out whole parts before the last one until the visible text is at most ``limit`` code points long."""
    kept = list(parts)
    while visible_length(text := directed("\n".join(kept))) > limit and len(kept) > 1:
        del kept[-2 if len(kept) > 2 else -1]
    return Html(text)


def visible_length(text: str) -> int:
    """Count the code points that Telegram counts: after the markup is taken away."""
    return len(_MARKUP.sub("", html_without_entities(text)))


def html_without_entities(text: str) -> str:
    """Replace each entity by one neutral character."""
    for entity in ("&lt;", "&gt;", "&amp;"):
        text = text.replace(entity, "_")
    return text


def rows(text: Html) -> int:
    """Count the rows of a phone that a text takes, forty columns each."""
    shown = _MARKUP.sub("", html_without_entities(text))
    return sum(max(1, -(-width(line) // MAX_COLUMNS)) for line in shown.splitlines())


def pages(lines: Iterable[Html], top: Html, *, limit: int = MAX_CAPTION) -> list[Html]:
    """Return texts of at most ``limit`` visible characters, each under the line ``top``; lines are never cut."""
    found = [[top]]
    for line in lines:
        if len(found[-1]) > 1 and visible_length(directed("\n".join((*found[-1], line)))) > limit:
            found.append([top])
        found[-1].append(line)
    return [Html(directed("\n".join(page))) for page in found]


def captioned(text: Html, keyboard: Keyboard, picture: Picture) -> View:
    """Return a view with a picture, or without it where the text is too long for a caption."""
    return View(text, keyboard, picture if visible_length(directed(text)) <= MAX_CAPTION else None)


def button(label: str, action: str, arg: object = "", style: Style = Style.PLAIN, *, of: Portfolio | None = None) -> Button:
    """Return a button whose label fits on a phone; it speaks ``of`` a portfolio, or of the one that its message is about."""
    return Button(labelled(label), Tap(action, str(arg), of.id if of is not None else None), style)


def labelled(text: str) -> str:
    """Return what stands on a button: one line that fits on a phone, in the order of its language."""
    return directed(f"{SAID if is_rtl(text) else ''}{clip(text, MAX_COLUMNS)}")


def leave(label: str, dialog: str, action: str, arg: object = "") -> Button:
    """Return the button that leaves a question, after which nothing that is typed answers it, for the page of ``action`` behind it."""
    return button(label, "leave", f"{dialog}:{action}:{arg}")


def width(text: str) -> int:
    """Count the columns of a monospaced text: wide characters take two, marks and joiners none."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(char) for char in text)


@lru_cache(maxsize=1024)
def _columns(char: str) -> int:
    """Count the columns of a character; a table asks several times for each, and most languages have few."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def clip(text: str, columns: int) -> str:
    """Shorten ``text`` to at most ``columns`` columns on one line, with an ellipsis where something is cut; direction marks are dropped."""
    plain = _SPACES.sub(" ", text).strip()
    if not plain.isprintable():
        plain = "".join(char for char in plain if char in "\u200c\u200d" or unicodedata.category(char) not in ("Cf", "Cc", "Cs"))
    if width(plain) <= columns:
        return plain
    ends = accumulate(map(_columns, plain))
    kept = sum(1 for _ in takewhile(lambda end: end <= columns - 1, ends))
    return plain[:kept].rstrip() + "…"


def padded(text: str, columns: int, *, right: bool) -> str:
    """Fill ``text`` up with spaces by display width."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def table(rows: Sequence[Sequence[str]], *, gap: int = 2) -> Html:
    """Return a monospaced table: first column left, the others right; the first column gives way so that 40 columns are kept."""
    count = max(len(row) for row in rows)
    filled = [[*row, *[""] * (count - len(row))] for row in rows]
    widths = [max(width(row[at]) for row in filled) for at in range(count)]
    while sum(widths) + gap * (count - 1) > MAX_COLUMNS and gap > 1:
        gap -= 1
    room = MAX_COLUMNS - sum(widths[1:]) - gap * (count - 1)
    widths[0] = max(1, min(widths[0], room))
    return pre((" " * gap).join(_cells(row, widths)).rstrip() for row in filled)


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [padded(clip(cell, columns), columns, right=at > 0) for at, (cell, columns) in enumerate(zip(row, widths, strict=True))]


def mark(mode: Mode, exchange: str = "", *, watched: bool = False) -> Html:
    """Return the mode mark that every message about money starts with; the same in every language."""
    text = _TEST if is_test(exchange) else "WATCH" if watched else mode.value.upper()
    return bold(f"{text}{DOT}{clip(venue_name(exchange), 20)}" if mode is Mode.LIVE and exchange else text)


def head(words: Words, portfolio: Portfolio, *rest: object, name: bool = False) -> Html:
    """Return the first line of a message about a portfolio: the mark, its name as soon as its person has two, then what it is about.

    With ``name`` the name stands there in any case, and always where the portfolio is closed. No message about money begins otherwise.
    """
    shown = named(words, portfolio) if name or portfolio.is_one_of_several or not portfolio.is_open else None
    state = None if portfolio.is_open else bold(words.t("closed"))
    watched = words.t("only watched") if portfolio.is_test and portfolio.is_watched else None
    return joined(
        DOT,
        (
            mark(portfolio.mode, portfolio.exchange, watched=portfolio.is_watched),
            watched,
            played(words, portfolio.mode, portfolio.exchange),
            shown,
            state,
            *rest,
        ),
    )


def played(words: Words, mode: Mode, exchange: str) -> str | None:
    """Return that the prices of a portfolio that is typed in are made up, or recorded; None where they are real, or its mark says so."""
    return words.t(_PLAYED[exchange]) if mode is Mode.MANUAL and exchange in _PLAYED else None


def named(words: Words, portfolio: Portfolio) -> str:
    """Return the portfolio's name, or its strategy's where it has none."""
    return preset_name(words, portfolio.name or portfolio.strategy.preset)


def preset_name(words: Words, name: str) -> str:
    """Return a name that a strategy gave, "balanced" or "balanced 2", in the person's language; any other as it is."""
    preset, _, number = name.partition(" ")
    if preset in _PRESETS and (not number or number.isdecimal()):
        return f"{words.t(_PRESETS[preset])} {number}".rstrip()
    return clip(name, 32)


def preset_labels(words: Words) -> dict[str, str]:
    """Return which strategy each name in a language means."""
    return {words.t(label): preset for preset, label in _PRESETS.items()}


def line_name(words: Words, line: str) -> str:
    """Return what a line of the table is called."""
    if line == CORE:
        return "BTC/ETH"
    if line == STABLE:
        return words.t("Stable")
    if line == NET:
        return words.t("Net futures")
    return words.t("Futures") if line == FUTURES else clip(asset_of(line), 12)


def coin(instrument: str) -> str:
    """Return the coin of an instrument as it is shown."""
    return clip(asset_of(instrument), 12)


def name_of(words: Words, instrument: str) -> str:
    """Return what an instrument is called: its coin, or the coin's futures."""
    return words.t("{coin} futures", coin=coin(instrument)) if is_perp(instrument) else coin(instrument)


def names_of(words: Words, figures: PortfolioFigures) -> dict[str, str]:
    """Return the names of a shape's lines, for a picture."""
    return {reading.line: line_name(words, reading.line) for reading in figures.lines}


def decimal_sign(words: Words) -> str:
    """Return the character between units and tenths."""
    return words.number(0.5, 1)[1:2]


def multiple(words: Words, value: Decimal | None) -> str:
    """Write a leverage: 1.02x; undefined is infinite (domain 1.4)."""
    return "∞" if value is None else f"{words.number(value, 2)}x"


def zone_name(zone: str) -> str:
    """Return what a time zone is called: Europe/Madrid; an offset UTC+2, which the zones' own names count the other way."""
    if zone == UTC_ZONE:
        return "UTC"
    offset = _OFFSET.fullmatch(zone)
    return f"UTC{-int(offset[1]):+d}".replace("-", "−") if offset is not None else zone


def error(words: Words, problem: UserError) -> Html:
    """Return the sentence of an error that the person can fix."""
    params = {name: words.quantity(value) if isinstance(value, Decimal) else value for name, value in problem.params.items()}
    return say(words, problem.msgid, **params)
