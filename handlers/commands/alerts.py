"""/alerts and snoozing: what rings, how loudly, and when not; by taps or in words, with all that is wrong told at once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.alerts import quiet_hours as quiet
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.model import AlertKind, Rhythm, Ring
from chatbot.model.alerts import ALWAYS
from chatbot.phrases import spelling
from chatbot.store import accounts, messages
from handlers.chat import clocks, guesses, numbers
from handlers.chat.context import answer, refuse, show
from handlers.chat.reading import own_words
from handlers.views.person import alert_settings
from handlers.views.plan import progress

if TYPE_CHECKING:
    from datetime import datetime

    from telegram import Update

    from chatbot.i18n import Words
    from chatbot.model import AlertSettings
    from handlers.chat.context import Context

#: words between two times that say nothing more
_BETWEEN = frozenset(
    ("from", "to", "until", "till", "between", "and", "de", "desde", "a", "hasta", "las", "y", "entre", "с", "до", "и", "по")
)
_AT = frozenset(("at", "в", "во"))
#: other words for quiet hours, and for none
_QUIET_SAID = re.compile(
    r"(?i)(?<!\w)(?:quiet (?:hours|time)|silent hours|silence|mute|do not disturb|don['’]t disturb|dnd|sleep"
    r"|(?:horas|modo) de silencio|no molestar|тихие часы|тихий час|тишина|не беспокоить|не тревожить|режим тишины)(?!\w)"
)
_NO_QUIET = re.compile(
    r"(?i)(?<!\w)(?:no quiet(?: hours)?|without quiet hours|sin (?:horas de )?silencio|без (?:тихих часов|тишины))(?!\w)"
)
_REMIND_SAID = re.compile(
    r"(?i)(?<!\w)(?:reminders?|remind(?: me)?|recordar|recu[eé]rda(?:me)?|recordatorios?|напомина\w+|напомн\w+)"
    r"(?: (?:every|cada|каждые|in|after))?(?!\w)"
)
#: nothing but two times
_TWO_TIMES = re.compile(r"(?i)\W*(?:(?:from|between|de|desde|entre|с)\s+)?\d{1,2}(?::\d{2})?\s+(?:\w{1,5}\s+){0,2}\d{1,2}(?::\d{2})?\W*")
_EVERY_KIND = frozenset(("all", "everything", "todo", "todos", "todas", "все", "всё"))
_NOT = frozenset(("no", "none", "never", "nunca", "ninguna", "desactivado", "desactivar", "нет", "выключить", "отключить"))
_LONGEST_H = 168
#: 12, 12h; or 12:00, into which a clock has made it
_HOURS = re.compile(r"(\d{1,3})(?:h|ч|:00)?")
_HOUR_WORD = re.compile(r"(?i)h|hrs?|hours?|horas?|ч|час\w*")
_QUIET, _REMIND, _REVIEW = N_("quiet"), N_("remind"), N_("review")


async def alerts(update: Update, context: Context) -> None:
    """Show what rings, or take ``/alerts trend silent quiet 22:00 8:00``."""
    if update.callback_query is not None or not context.args:
        await show(update, context, alert_settings.alerts(context.words, context.person.alerts))
        return
    words, present = context.words, context.person.alerts
    changed, found = own_words.either(context.rest, words, lambda said: read(said, words, present), lambda got: got[1])
    if found:
        await refuse(update, context, found, alert_settings.EXAMPLE)
        return
    await _save(update, context, changed)


async def ring(update: Update, context: Context) -> None:
    """Choose how one kind rings."""
    kind, how = context.tapped.args
    settings = context.person.alerts
    await _save(update, context, replace(settings, rings={**settings.rings, AlertKind(kind): Ring(how)}))


async def quiet_hours(update: Update, context: Context) -> None:
    """Choose the quiet hours."""
    begin, _, end = context.tapped.arg.partition("-")
    chosen = ("", "") if begin == "off" else (begin, end)
    await _save(update, context, replace(context.person.alerts, quiet_from=chosen[0], quiet_to=chosen[1]))


async def reminder(update: Update, context: Context) -> None:
    """Choose after how many hours something that lasts rings again."""
    await _save(update, context, replace(context.person.alerts, reminder_h=int(context.tapped.arg)))


async def review(update: Update, context: Context) -> None:
    """Choose how often a review comes by itself."""
    await _save(update, context, replace(context.person.alerts, review=Rhythm(context.tapped.arg)))


async def _save(update: Update, context: Context, settings: AlertSettings) -> None:
    """Store the choice; what is held back then waits for the new end of the quiet hours."""
    context.person = replace(context.person, alerts=settings)
    person, now = context.person, context.program.clock.now()
    async with context.program.db.transaction() as tx:
        await accounts.change_person(tx, person.id, alerts=settings)
        await messages.hold(tx, person.chat_id, quiet.ends(settings, person.zone, now) or now)
    await show(update, context, alert_settings.alerts(context.words, settings))


def read(text: str, words: Words, present: AlertSettings) -> tuple[AlertSettings, tuple[UserError, ...]]:
    """Read kinds with how they ring, quiet hours and a reminder; all that is wrong comes back together."""
    found: list[UserError] = []
    kinds, rings = _labels(alert_settings.KINDS, words), _labels(alert_settings.RINGS, words) | dict.fromkeys(_NOT, Ring.OFF)
    settings, tokens = present, [word.strip(",;") for word in _phrased(clocks.spelled(clocks.apart(text))).split()]
    while tokens:
        word = tokens.pop(0)
        try:
            if word.casefold() in {_QUIET, words.bare(_QUIET).casefold()}:
                settings = _hours(tokens, rings, settings)
            elif word.casefold() in {_REMIND, words.bare(_REMIND).casefold()}:
                settings = replace(settings, reminder_h=_reminder(tokens, rings))
            elif word.casefold() in {_REVIEW, words.bare(_REVIEW).casefold()}:
                settings = _rhythm(tokens, rings, words, settings)
            elif word.casefold() in _EVERY_KIND and tokens and tokens[0].casefold() in rings:
                ring = Ring(rings[tokens.pop(0).casefold()])
                settings = replace(settings, rings={**settings.rings, **dict.fromkeys(set(AlertKind) - ALWAYS, ring)})
            else:
                kind = _named(word, tokens, kinds)
                settings = replace(settings, rings={**settings.rings, kind: _ring(kind, words, tokens, rings)})
        except UserError as problem:
            found.append(problem)
    return settings, tuple(found)


def _phrased(text: str) -> str:
    """Write quiet hours and reminders in one word, whatever people call them; two times and nothing else are quiet hours."""
    said = _REMIND_SAID.sub(_REMIND, _QUIET_SAID.sub(_QUIET, _NO_QUIET.sub(f"{_QUIET} off", text)))
    return f"{_QUIET} {said}" if _TWO_TIMES.fullmatch(said) else said


def _labels(labels: dict[AlertKind, str] | dict[Ring, str], words: Words) -> dict[str, AlertKind | Ring]:
    """Return what may be said for each value, in English and in the person's language."""
    return {said.casefold(): value for value, label in labels.items() for said in (label, words.bare(label), value.value)}


def _named(word: str, tokens: list[str], kinds: dict[str, AlertKind | Ring]) -> AlertKind:
    """Return the kind that a word, or it and the next one, names."""
    two = f"{word} {tokens[0]}".casefold() if tokens else ""
    if two in kinds:
        tokens.pop(0)
        return AlertKind(kinds[two])
    if word.casefold() not in kinds:
        near = guesses.meant(word, {spelling.plain(said): said for said in kinds})
        if near is not None:
            raise UserError(N_("“{text}” is not a kind of alert. Did you mean {name}?"), text=numbers.shown(word), name=near)
        raise UserError(N_("“{text}” is not a kind of alert."), text=numbers.shown(word))
    return AlertKind(kinds[word.casefold()])


def _ring(kind: AlertKind, words: Words, tokens: list[str], rings: dict[str, AlertKind | Ring]) -> Ring:
    word = tokens.pop(0) if tokens and tokens[0].casefold() in rings else ""
    if not word:
        raise UserError(N_("Say how {name} rings: on, silent or off."), name=words.t(alert_settings.KINDS[kind]))
    if kind in ALWAYS and rings[word.casefold()] is not Ring.ON:
        raise UserError(N_("{name} always rings; it cannot be switched off."), name=words.t(alert_settings.KINDS[kind]))
    return Ring(rings[word.casefold()])


def _hours(tokens: list[str], rings: dict[str, AlertKind | Ring], settings: AlertSettings) -> AlertSettings:
    if tokens and rings.get(tokens[0].casefold()) is Ring.OFF:
        tokens.pop(0)
        return replace(settings, quiet_from="", quiet_to="")
    ends: list[str] = []
    while tokens and len(ends) < 2:
        word = tokens.pop(0)
        if word.casefold() not in _BETWEEN | _AT:
            ends.append(clocks.read(word, bare=True))
    if len(ends) < 2 or ends[0] == ends[1]:
        raise UserError(N_("Say from when to when it is quiet, like quiet 22:00 8:00, or quiet off."))
    return replace(settings, quiet_from=ends[0], quiet_to=ends[1])


def _rhythm(tokens: list[str], rings: dict[str, AlertKind | Ring], words: Words, settings: AlertSettings) -> AlertSettings:
    """Read how often a review comes by itself, and at what time."""
    word = tokens.pop(0).casefold() if tokens else ""
    if rings.get(word) is Ring.OFF:
        return replace(settings, review=Rhythm.OFF)
    said = {one.casefold(): rhythm for rhythm, label in alert_settings.RHYTHMS.items() for one in (label, words.bare(label), rhythm.value)}
    if word not in said:
        raise UserError(N_("Say how often you want a review: review weekly 9:00, review monthly, or review off."))
    while tokens and tokens[0].casefold() in _BETWEEN | _AT:
        tokens.pop(0)
    at = clocks.read(tokens.pop(0), bare=True) if tokens and tokens[0][:1].isdigit() else settings.review_at
    return replace(settings, review=said[word], review_at=at)


def _reminder(tokens: list[str], rings: dict[str, AlertKind | Ring]) -> int:
    word = tokens.pop(0) if tokens else ""
    if rings.get(word.casefold()) is Ring.OFF:
        return 0
    hours = _HOURS.fullmatch(word)
    if hours is None or not 1 <= int(hours[1]) <= _LONGEST_H:
        raise UserError(N_("Say after how many hours to remind, from 1 to 168, or remind off."))
    if tokens and _HOUR_WORD.fullmatch(tokens[0]):
        tokens.pop(0)
    return int(hours[1])


async def snooze_longer(update: Update, context: Context) -> None:
    """Ask for how long to keep quiet about the portfolio of a plan, or of an alert."""
    kind, _, number = context.tapped.arg.partition(":")
    if kind == "plan":
        portfolio = await context.portfolio_of(await context.program.rebalancing.owned_plan(int(number), context.person.id))
    else:
        context.about = int(number)
        portfolio = await context.portfolio()
    if portfolio is None:
        await answer(update, context, progress.not_yours(context.words), alert=True)
        return
    await answer(update, context)
    await show(update, context, alert_settings.snooze_choice(context.words, portfolio, context.tapped.arg), keeps_picture=True)


def until(context: Context, span: str) -> datetime:
    """Return when a snooze ends that was chosen by a button: hours, or the next morning of the person."""
    now = context.program.clock.now()
    return quiet.morning(context.person.zone, now) if span == "morning" else now + timedelta(hours=int(span or 1))
