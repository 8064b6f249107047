"""Reading how a person wants a trigger: its name, then on or off, its limit, any of its knobs; all that is wrong comes back together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.errors import UserError
from chatbot.i18n import N_
from chatbot.phrases import spelling
from chatbot.portfolio import strategies
from chatbot.values import dataclass
from handlers.chat import guesses, numbers
from handlers.chat.reading import numerals
from handlers.views.trigger import parameters, signals
from handlers.views.trigger.words import WORDS

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Cause, Strategy
    from handlers.views.trigger.words import Knob

_MOST_WORDS = 16
#: a name has at most so many words
_NAME_WORDS = 4
_UNIT = re.compile(r"(?<=\d)[x×]$")
#: 2.5 times is 2.5
_TIMES = re.compile(r"(?i)(?<=\d)\s+(?:times|veces|раза?)(?!\w)")
#: what switches it stands before it: turn off trend, disable trend, desactiva la tendencia, отключи тренд
_SWITCH_FIRST = re.compile(
    r"(?i)(?:(?:turn|switch)\s+on|enable|activ\w+|enciend\w+|включ\w+|on)\s+(?:the\s+|el\s+|la\s+)?(?P<on>.+)"
    r"|(?:(?:turn|switch)\s+off|disable|desactiv\w+|apag\w+|отключ\w+|выключ\w+|off)\s+(?:the\s+|el\s+|la\s+)?(?P<off>.+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was understood: the trigger and the strategy with it set so; the strategy as it was where there are problems."""

    strategy: Strategy
    trigger: Cause | None = None
    problems: tuple[UserError, ...] = ()


@dataclass(slots=True)
class _Draft:
    """What has been read so far."""

    trigger: Cause
    values: dict[str, Decimal] = field(default_factory=dict)
    on: bool | None = None
    mode: str = ""
    problems: list[UserError] = field(default_factory=list)


def read(text: str, words: Words, strategy: Strategy) -> Asked:
    """Read ``volatility 2.5 falling on``, ``fear off``, ``funding high 0.06 keep 40``, ``fear 20 mode beta``; a name alone only opens it.

    Words may be English or the person's language. A number without a word before it is the trigger's limit.
    """
    typed = _TIMES.sub("", _switch_last(unicodedata.normalize("NFKC", numerals.as_figures(text)))).replace("=", " ").split()
    trigger, rest = _named(typed, words)
    if trigger is None:
        return Asked(strategy=strategy, problems=(_unknown(text, words),))
    if len(rest) > _MOST_WORDS:
        return Asked(strategy=strategy, problems=(UserError(N_("That is too much for one trigger.")),))
    draft = _Draft(trigger)
    _take(draft, rest, words)
    draft.problems += _misfits(draft, strategy, words)
    if draft.problems:
        return Asked(strategy=strategy, trigger=trigger, problems=tuple(draft.problems))
    return Asked(strategy=_applied(draft, strategy), trigger=trigger)


def _switch_last(text: str) -> str:
    """Return a text with what switches a trigger behind it: turn off trend is trend off."""
    said = _SWITCH_FIRST.fullmatch(text.strip())
    return text if said is None else f"{said['on'] or said['off']} {'on' if said['on'] else 'off'}"


def _unknown(text: str, words: Words) -> UserError:
    """Say that there is no such trigger, with the one whose name is near, or with all."""
    first = _switch_last(text).strip().partition(" ")[0]
    named = {signals.name(words, one): spelling.plain(signals.name(words, one)).split() for one in signals.every()}
    if some := [name for name, parts in named.items() if spelling.plain(first) in parts]:
        told = N_("There is no trigger called “{text}”. Did you mean {name}?")
        return UserError(told, text=numbers.shown(first), name=" / ".join(some))
    if (near := guesses.meant(first, _called(words))) is not None:
        told = N_("There is no trigger called “{text}”. Did you mean {name}?")
        return UserError(told, text=numbers.shown(first), name=signals.name(words, near))
    names = ", ".join(named)
    return UserError(N_("There is no trigger called “{text}”. They are: {names}."), text=numbers.shown(text), names=names)


def _called(words: Words) -> dict[str, Cause]:
    """Return the triggers by everything that they are called."""
    return {spelling.plain(called): trigger for trigger, said in WORDS.items() for called in (*said.called, said.name, words.t(said.name))}


def _named(typed: list[str], words: Words) -> tuple[Cause | None, list[str]]:
    """Return the trigger that the longest beginning of the words names, and what follows it."""
    known = _called(words)
    for count in range(min(_NAME_WORDS, len(typed)), 0, -1):
        found = known.get(spelling.plain(" ".join(typed[:count])))
        if found is not None:
            return found, typed[count:]
    return None, typed


def _take(draft: _Draft, rest: list[str], words: Words) -> None:
    """Go through the words: switches and modes stand alone, a knob's word takes the number behind it."""
    switches = {spelling.plain(said): on for label, on in ((N_("on"), True), (N_("off"), False)) for said in (label, words.t(label))}
    modes = {spelling.plain(said): mode for mode, label in WORDS[draft.trigger].mode_names.items() for said in (label, words.t(label))}
    by_word = {spelling.plain(said): one for one in WORDS[draft.trigger].knobs for said in (one.word, words.t(one.word))}
    silent = {spelling.plain(said) for said in ("mode", words.t("mode")) if modes}
    pending: Knob | None = None
    for word in (one.strip(",;:") for one in rest):
        plain = spelling.plain(word)
        if pending is not None:
            _behind(draft, word, pending, on=switches.get(plain))
            pending = None
        elif plain in switches:
            _once(draft, word, is_new=draft.on is None)
            draft.on = switches[plain]
        elif plain in modes:
            _once(draft, word, is_new=not draft.mode)
            draft.mode = modes[plain]
        elif plain not in silent and (pending := by_word.get(plain)) is None:
            _number(draft, word, WORDS[draft.trigger].knobs[0], is_named=False)
    if pending is not None:
        _nothing_behind(draft, pending, words)


def _behind(draft: _Draft, word: str, knob: Knob, *, on: bool | None) -> None:
    """Take what stands behind a knob's word: a switch for an option, and a number for all others."""
    if parameters.is_switch(draft.trigger, knob):
        _option(draft, word, knob, on=on)
    else:
        _number(draft, word, knob, is_named=True)


def _nothing_behind(draft: _Draft, knob: Knob, words: Words) -> None:
    """Take a knob's word that stands last: an option is switched on by it."""
    if parameters.is_switch(draft.trigger, knob):
        _option(draft, knob.word, knob, on=True)
    else:
        draft.problems.append(UserError(N_("There is no number after {name}."), name=words.t(knob.word)))


def _option(draft: _Draft, word: str, knob: Knob, *, on: bool | None) -> None:
    """Take on or off for an option; nothing else is one."""
    if on is None:
        draft.problems.append(UserError(N_("I don't understand “{text}” here."), text=numbers.shown(word)))
        return
    _once(draft, word, is_new=knob.name not in draft.values)
    draft.values[knob.name] = Decimal(on)


def _number(draft: _Draft, word: str, knob: Knob, *, is_named: bool) -> None:
    """Read a knob's number in the unit in which it is shown."""
    if not is_named and not any(char.isdigit() for char in word):
        draft.problems.append(UserError(N_("I don't understand “{text}” here."), text=numbers.shown(word)))
        return
    try:
        value = numbers.number(_UNIT.sub("", word), numbers.SHARE)
    except UserError as problem:
        draft.problems.append(problem)
        return
    _once(draft, word, is_new=knob.name not in draft.values)
    unit = parameters.parameter(draft.trigger, knob).unit
    draft.values[knob.name] = round(value / 100 if unit in parameters.PER_CENT else value, parameters.PLACES)


def _once(draft: _Draft, word: str, *, is_new: bool) -> None:
    if not is_new:
        draft.problems.append(UserError(N_("“{text}” contradicts what you wrote before it."), text=numbers.shown(word)))


def _misfits(draft: _Draft, strategy: Strategy, words: Words) -> list[UserError]:
    """Return which numbers are out of range, have parts where there are none, or leave no room between limit and end."""
    found = []
    for knob in WORDS[draft.trigger].knobs:
        value = draft.values.get(knob.name)
        if value is None:
            continue
        allowed = parameters.parameter(draft.trigger, knob)
        if not allowed.least <= value <= allowed.most:
            low, high = (parameters.written(words, draft.trigger, knob, end) for end in (allowed.least, allowed.most))
            found.append(UserError(N_("{name} must be between {low} and {high}."), name=words.t(knob.word), low=low, high=high))
        elif allowed.unit in parameters.WHOLE and value != int(value):
            found.append(UserError(N_("{name} must be a whole number."), name=words.t(knob.word)))
    return found or _flicker(draft, strategy, words)


def _flicker(draft: _Draft, strategy: Strategy, words: Words) -> list[UserError]:
    trigger = TRIGGERS[draft.trigger]
    params = trigger.params({**strategy.setting(draft.trigger).params, **draft.values})
    if not trigger.problems(params):
        return []
    limit, end = WORDS[draft.trigger].knobs[:2]
    shown = {
        "limit": parameters.written(words, draft.trigger, limit, params[trigger.enter]),
        "end": parameters.written(words, draft.trigger, end, params[trigger.leave]),
    }
    return [UserError(N_("With a limit of {limit} it cannot end at {end}: it would start and end at once. Give both numbers."), **shown)]


def _applied(draft: _Draft, strategy: Strategy) -> Strategy:
    changed = strategies.tuned(strategy, draft.trigger, {**strategy.setting(draft.trigger).params, **draft.values})
    if draft.on is not None:
        changed = strategies.switched(changed, draft.trigger, on=draft.on)
    if draft.mode:
        changed = strategies.with_mode(changed, draft.trigger, draft.mode)
    return changed
