"""/schedule: show it, change it by buttons or in words; everything that is wrong with the words is told at once."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import ScheduleRule
from chatbot.phrases import spelling
from handlers.chat import clocks, guesses, numbers
from handlers.chat.context import need_portfolio, refuse, show
from handlers.chat.reading import numerals, own_words
from handlers.views.person import schedule as views

if TYPE_CHECKING:
    from datetime import datetime

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.chat.context import Context

#: what a schedule starts with when nothing else is said
_TIME = "09:00"
_CLOCK = re.compile(r"\d{1,2}:\d{1,2}(?::\d+)?")
_LAST_DAY, _LAST_HOUR = 31, 24
_TIMES = r"(?:\s?(?:k|к|mil|тыс\w*\.?|thousand)(?!\w))"
_NUMERAL = rf"\d(?:[\d.,]*\d)?{_TIMES}?"
_SPACED = rf"\d{{1,3}}(?:[ \xa0\u202f']\d{{3}})+(?![\d:])(?:[.,]\d+)?{_TIMES}?"
_MONEY = r"(?:us\$|[$€£₽]|(?:usdt|usdc|usd|eur|d[oó]lar(?:es)?|dollars?|bucks?|долл\w*|бакс\w*|pavos?|euros?|евро|руб\w*|pesos?)(?!\w))"
_LEAD = r"\s*(?:(?:invest|put|add|invertir|invierte|вложить|вкладывать|вкладывай)\s+)?"
#: an amount of money
_AMOUNT = re.compile(rf"(?<![\w.,:])(?:-?{_MONEY}\s?(?:{_SPACED}|{_NUMERAL})|-?{_NUMERAL}\s?{_MONEY})(?![\w:])", re.IGNORECASE)
#: a number that stands first and cannot be a day of the month or a time
_FIRST = re.compile(
    rf"(?P<lead>{_LEAD})(?P<money>{_SPACED}(?:\s?{_MONEY})?|\d[\d.,]*{_TIMES}|\d{{1,3}}(?:[.,]\d{{3}})+(?:[.,]\d+)?"
    r"|-?(?:3[2-9]|[4-9]\d|[1-9]\d{2,})(?:[.,]\d+)?)(?=\s|$)",
    re.IGNORECASE,
)
#: thousands of it, wherever it stands
_LARGE = re.compile(rf"(?<![\w.,:/+-])(?P<money>\d(?:[\d.,]*\d)?{_TIMES})", re.IGNORECASE)
#: what is said to be invested, wherever it stands
_ASKED = re.compile(rf"(?<!\w)(?:invest|invertir|invierte|влож\w+|вклад\w+)\s+(?P<money>{_NUMERAL})(?![\w:])", re.IGNORECASE)
#: how alike a word must be to one that is known: Mondays is Monday, but Tuesday is not Thursday
_NEAR = 0.8
#: how often, in two words
_PHRASES = {
    "monthly last": (
        r"\b(?:(?:at |on )?(?:the )?(?:end|last day) of (?:the |every |each )?month|(?:a )?fin(?:al)? de(?:l)?(?: cada)? mes"
        r"|(?:el )?último día del?(?: cada)? mes|в конце (?:каждого )?месяца|последн\w+ (?:день|числ\w+)(?: каждого)? месяца)\b"
    ),
    "monthly 1": (
        r"\b(?:(?:the )?first (?:day )?of (?:the |every |each )?month|(?:el )?prim\w+ (?:día )?del?(?: cada)? mes"
        r"|первого числа(?: каждого месяца)?)\b"
    ),
    "daily": (
        r"\b(?:every ?day|each day|(?:once |(?<!twice )(?<!times ))a day|per day|cada d[ií]a|todos los d[ií]as"
        r"|(?:una vez |(?<!veces ))al d[ií]a|por d[ií]a"
        r"|каждый день|(?:раз |(?<!раза ))в день)\b"
    ),
    "weekly": (
        r"\b(?:every week|each week|(?:once |(?<!twice )(?<!times ))a week|per week|cada semana|todas las semanas"
        r"|(?:una vez |(?<!veces ))a la semana|por semana"
        r"|каждую неделю|(?:раз |(?<!раза ))в неделю)\b"
    ),
    "monthly": (
        r"\b(?:every month|each month|(?:once |(?<!twice )(?<!times ))a month|per month|cada mes|todos los meses"
        r"|(?:una vez |(?<!veces ))al mes|por mes"
        r"|of (?:the|each|every) month|(?:de cada|del) mes|каждого месяца"
        r"|каждый месяц|(?:раз |(?<!раза ))в месяц)\b"
    ),
    "quarterly": (
        r"\b(?:every quarter|each quarter|every (?:3|three) months|once a quarter|cada trimestre|cada (?:3|tres) meses"
        r"|каждый квартал|раз в квартал|каждые (?:3|три) месяца)\b"
    ),
}
#: how often, as no schedule here can be; biweekly is near weekly in its letters alone
_CANNOT = re.compile(
    r"(?i)\b(?:bi-?(?:weekly|monthly)|fortnight\w*|quincenal\w*|every (?:other|second|\d+|two|half) \w+"
    r"|(?:twice|two times|three times|\d+ times) an? \w+"
    r"|(?:every|each) (?:hour|year)|hourly|yearly|annually|once a year|anual\w*|cada año|una vez al año|раз в год|ежегодно|каждый год"
    r"|cada (?:dos|quince|\d+) \w+|cada hora|(?:dos|tres|\d+) veces \w+ \w+"
    r"|(?:дв\w+|три|(?<!\d)\d{1,2}) раза? в \w+|(?:раз в|каждые) (?:дв\w+|\d+) \w+|каждый час|через (?:день|неделю|месяц))\b"
)
#: so many times in words, before it is told from once a month
_SO_OFTEN = re.compile(r"(?i)(?<!\w)(?P<times>[^\W\d_]+) (?:times an?|veces (?:al|por|a la|cada)|раза? в) \w+")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|º|°|\.?o|-?го|-?е|-?ое)", re.IGNORECASE)
#: words that say nothing more, in plain letters
_SAYS_NOTHING = frozenset(
    (
        *(
            "at",
            "on",
            "every",
            "each",
            "the",
            "of",
            "and",
            "day",
            "a",
            "las",
            "los",
            "la",
            "el",
            "en",
            "cada",
            "todos",
            "dia",
            "de",
            "y",
            "del",
            "mes",
            "schedule",
            "calendario",
            "invest",
            "invertir",
            "invierte",
        ),
        *("в", "во", "на", "по", "и", "число", "числа", "каждыи", "каждую", "каждое", "каждого", "день", "месяца"),
        *("вложить", "вкладывать", "расписания", "расписание"),
    )
)
_MOST_WORDS = 8
#: a run that waits for drift, said as a sentence to the end
_ONLY_IF = re.compile(r"(?i)\b(?:(?:only|solo|sólo|только)\s+)?(?:if|when|si|cuando|если|когда|при)\b(?P<what>.*)$", re.DOTALL)
_OUTSIDE = re.compile(r"(?i)outside|out of|band|drift|off target|fuera|desv|вне|полос|коридор|отклон|дрейф")
#: how far from its target, in points: drift >= 3, desviación de 3 puntos o más
_DRIFT = re.compile(
    r"(?i)^[^\d<≤]*(?:drift|off target|desv|отклон|дрейф)[^\d<≤$€₽]*?(?P<least>[-−]?\d[\d.,]*)"
    r"\s*(?:%|p\.?p\.?|points?|puntos?|п\.?\s?п\.?|пункт\w*)?(?:\s*(?:or more|y más|o más|и больше|и более|или больше|или более))?[\s.!]*$"
)
_LESS = re.compile(
    r"(?i)\b(?:below|under|(?<!no )(?<!not )less|at most|no more|not more|up to|menor|(?<!al )(?<!no )menos|inferior|como mucho|no más"
    r"|(?<!не )(?:меньше|менее|ниже)|не больше|не более|не выше)\b"
)
#: a distance is spoken of
_IN_POINTS = re.compile(r"(?i)\d|%|\bp\.?p\b|\bpoints?\b|\bpuntos?\b|\bпункт\w*|\bпроцент\w*|\bper ?cent\b")
_DATED = ("monthly", "quarterly")
_LEAST_POINTS, _MOST_POINTS = Decimal("0.1"), Decimal(50)

#: other forms of what may be said, in plain letters
_ALSO: dict[str, tuple[str, Any]] = {
    **{said: ("weekday", at) for at, said in ((2, "среду"), (2, "средам"), (4, "пятницу"), (5, "субботу"), (6, "воскресеньям"))},
    **dict.fromkeys(("diario", "diariamente", "ежедневныи"), ("freq", "daily")),
    **dict.fromkeys(("semanalmente", "еженедельныи"), ("freq", "weekly")),
    **dict.fromkeys(("mensualmente", "ежемесячныи"), ("freq", "monthly")),
    **{day: ("weekday", at) for at, day in enumerate(("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"))},
    **{day: ("weekday", at) for at, day in enumerate(("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"))},
    **dict.fromkeys(
        (
            *("stop", "cancel", "no", "none", "never", "parar", "nunca", "sin", "quitar", "quita", "apagar", "apagado", "desactivado"),
            *("стоп", "отключить", "выключить", "выключи", "убрать", "никогда", "нет", "без", "выкл"),
        ),
        ("freq", "off"),
    ),
    **dict.fromkeys(("first", "primero", "primer", "первого", "первое"), ("day", 1)),
    "tues": ("weekday", 1),
    "thurs": ("weekday", 3),
}


async def schedule(update: Update, context: Context) -> None:
    """Show the schedule, or take ``/schedule weekly mon 09:30``."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    if update.callback_query is not None or not context.args:
        await _show(update, context, portfolio)
        return
    present, now = portfolio.strategy.schedule, context.program.clock.now()
    changes, found = own_words.either(context.rest, context.words, lambda said: read(said, context.words, present), lambda got: got[1])
    said = _AMOUNT.search(context.rest)
    if said is not None and numbers.is_in_another_dollar(said[0], portfolio.quote):
        found = (UserError(N_("I invest {quote}. Write an amount of it, like 500."), quote=portfolio.quote),)
    if found:
        await refuse(update, context, found, views.EXAMPLE)
        return
    await _change(update, context, portfolio, changed(present, changes, context.person.zone, now))


async def schedule_set(update: Update, context: Context) -> None:
    """Change one thing by a tap; a button of a schedule that is off by now only shows that."""
    portfolio = await need_portfolio(update, context)
    if portfolio is None:
        return
    what, _, value = context.tapped.arg.partition(":")
    changes: dict[str, Any] = {what: int(value) if value.isdigit() else value}
    if what in ("only", "invest"):
        changes = {"only_outside": value == "1"} if what == "only" else {"invest": None}
    present = portfolio.strategy.schedule
    if present is None and what != "freq":
        await _show(update, context, portfolio)
        return
    await _change(update, context, portfolio, changed(present, changes, context.person.zone, context.program.clock.now()))


def changed(present: ScheduleRule | None, changes: dict[str, Any], zone: str, now: datetime) -> ScheduleRule | None:
    """Return the schedule with the changes, in the person's zone and counting from now on; None where it is switched off."""
    if changes.get("freq") == views.OFF:
        return None
    base = present or ScheduleRule(freq="daily", time=_TIME, zone=zone, set_at=now)
    waits = ({"least": None} if "only_outside" in changes else {}) | ({"only_outside": False} if "least" in changes else {})
    rule = replace(base, zone=zone, **{**waits, **changes})
    return rule if replace(base, only_outside=rule.only_outside, least=rule.least) == rule else replace(rule, set_at=now)


async def _change(update: Update, context: Context, portfolio: Portfolio, rule: ScheduleRule | None) -> None:
    strategy = replace(portfolio.strategy, schedule=rule)
    await _show(update, context, await context.program.portfolios.change(portfolio, strategy=strategy))


async def _show(update: Update, context: Context, portfolio: Portfolio) -> None:
    upcoming, mark = await context.program.reports.calendar(portfolio)
    await show(update, context, views.schedule(context.words, portfolio, upcoming, mark))


def read(text: str, words: Words, present: ScheduleRule | None) -> tuple[dict[str, Any], tuple[UserError, ...]]:
    """Read how often, which day and what time, in English or the person's language; all that is wrong comes back together.

    What is not said stays as it is ``present``ly, or as a new schedule begins.
    """
    known = _vocabulary(words)
    text, waits, refused = _only_if(text)
    often = _CANNOT.search(_phrased(text)) or _so_often(text)
    text, changes, found = _money(text)
    changes, found, text = {**waits, **changes}, [*refused, *found], _phrased(text)
    if often is not None:
        told = N_("“{text}” is not possible: a schedule is daily, weekly, monthly or quarterly.")
        return {}, (*found, UserError(told, text=numbers.shown(often[0])))
    typed = [one.strip(",;.!") for one in clocks.spelled(text).split()]
    said = [one for one in typed if one and spelling.plain(one) not in _SAYS_NOTHING]
    if len(said) > _MOST_WORDS:
        return {}, (UserError(N_("That is too much for a schedule: say how often, which day and what time.")),)
    meant = [(word, guesses.meant(word, known, _NEAR)) for word in said]
    hours = any(what in (("freq", "daily"), ("weekday", day)) for _, what in meant for day in range(7))
    for word, one in meant:
        try:
            what, value = one or _number(word, is_hour=hours)
        except UserError as problem:
            found.append(problem)
            continue
        if changes.get(what, value) != value:
            found.append(UserError(N_("“{text}” contradicts what you wrote before it."), text=numbers.shown(word)))
        changes.setdefault(what, value)
    if "freq" not in changes and "weekday" in changes and "day" not in changes:
        changes["freq"] = "weekly"  # on Mondays
    return changes, (*found, *_misfits(changes, present))


def _so_often(text: str) -> re.Match[str] | None:
    """Find what says how many times in a week or a month."""
    return next((found for found in _SO_OFTEN.finditer(text) if numerals.whole(found["times"]) not in (found["times"], "1")), None)


def _money(text: str) -> tuple[str, dict[str, Any], list[UserError]]:
    """Take the regular amount out of a text: one with its money, or a number that stands first and is no day."""
    text = re.sub(r"(?<=\d)/(?=[^\W\d])", " a ", numerals.amounts_apart_from_times(_phrased(text)))  # 500/month
    said, at = _AMOUNT.search(text), 0
    if (first := _FIRST.match(text)) is not None and (said is None or said.start() > first.start("money")):
        said, at = first, 1
    if said is None:
        said, at = _LARGE.search(text) or _ASKED.search(text), 1
    if said is None:
        return text, {}, []
    begin, end = said.span("money" if at else 0)
    rest = f"{text[:begin]} {text[end:]}"
    try:
        amount = numbers.number(text[begin:end])
    except UserError as problem:
        return rest, {}, [problem]
    if amount <= 0:
        return rest, {}, [UserError(N_("Write an amount above 0, like 500 or 0.1 BTC."))]
    return rest, {"invest": amount}, []


def _only_if(text: str) -> tuple[str, dict[str, Any], list[UserError]]:
    """Take "only if something is outside its band", or "only if drift >= 3", out of a text; it stands at the end."""
    said = _ONLY_IF.search(text)
    if said is None:
        return text, {}, []
    rest, what = text[: said.start()], numerals.as_figures(said["what"])
    if (far := _DRIFT.search(what)) is not None and _LESS.search(what) is None:
        try:
            return rest, {"least": _points(far["least"])}, []
        except UserError as problem:
            return rest, {}, [problem]
    if _OUTSIDE.search(what) is None or _IN_POINTS.search(what) is not None:
        told = N_("A schedule can wait for a line to be outside its band, or off its target: end with “outside” or “only if drift >= 3”.")
        return rest, {}, [UserError(told)]
    return rest, {"only_outside": True}, []


def _points(typed: str) -> Decimal:
    """Read how far off its target a line must be, in points; raises :class:`UserError`."""
    points = numbers.number(typed, numbers.SHARE)
    if not _LEAST_POINTS <= points <= _MOST_POINTS:
        raise UserError(N_("A drift is between 0.1 and 50 points."))
    return points / 100


def _phrased(text: str) -> str:
    """Write in one word what people say in two."""
    for often, said in _PHRASES.items():
        text = re.sub(said, f" {often} ", text, flags=re.IGNORECASE)
    return text


def _misfits(changes: dict[str, Any], present: ScheduleRule | None) -> list[UserError]:
    """Return what does not go together."""
    freq = changes.get("freq") or (present.freq if present else "")
    if not freq:
        return [UserError(N_("Say how often: daily, weekly, monthly, quarterly or off."))]
    found = []
    waits = "least" in changes or changes.get("only_outside", False)
    if waits and changes.get("invest", present.invest if present else None) is not None:
        found.append(UserError(N_("A regular amount is invested at its time, whatever has drifted. Leave out one of the two.")))
    if "weekday" in changes and freq != "weekly":
        found.append(UserError(N_("A day of the week goes only with a weekly schedule.")))
    if "day" in changes and freq not in _DATED:
        found.append(UserError(N_("A day of the month goes only with a monthly or quarterly schedule.")))
    return found


def _number(word: str, *, is_hour: bool) -> tuple[str, Any]:
    """Read a time of day or a day of the month; a number alone is the one or the other. Raises :class:`UserError`."""
    if _CLOCK.fullmatch(word) or ":" in word:
        return "time", clocks.read(word)
    bare = _ORDINAL.sub(r"\1", word)
    if not re.fullmatch(r"[+-]?\d+", bare):
        raise UserError(N_("I don't understand “{text}” here."), text=numbers.shown(word))
    day = numbers.whole(bare)
    if is_hour and bare == word and word.isdigit() and day is not None and day <= _LAST_HOUR:
        return "time", clocks.read(word, bare=True)
    if day is not None and day > _LAST_DAY:
        told = N_("“{text}” is not a day of the month; it must be between 1 and 31. If it is money, write ${text}.")
        raise UserError(told, text=numbers.shown(word))
    if day is None or day < 1:
        raise UserError(N_("“{text}” is not a day of the month; it must be between 1 and 31."), text=numbers.shown(word))
    return "day", day


def _vocabulary(words: Words) -> dict[str, tuple[str, Any]]:
    """Return what may be said, in English and in the person's language."""
    labels: list[tuple[str, tuple[str, Any]]] = [(label, ("freq", name)) for name, label in views.FREQUENCIES.items()]
    labels += [(name, ("weekday", at)) for names in (views.WEEKDAYS, views.WEEKDAYS_SHORT) for at, name in enumerate(names)]
    labels += [
        (N_("rebalance"), ("invest", None)),
        (N_("last"), ("day", _LAST_DAY)),
        (N_("outside"), ("only_outside", True)),
        (N_("always"), ("only_outside", False)),
    ]
    return {**_ALSO, **{spelling.plain(said): meant for label, meant in labels for said in (label, words.t(label))}}
