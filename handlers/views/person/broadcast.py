"""A message of the operator to everybody, in words: as its people read it, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_, NN_
from chatbot.operation.broadcast import Stage
from handlers.buttons import Style
from handlers.views.common import View, bold, button, code, esc, joined, page, say, say_n

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.operation.broadcast import Broadcast, Progress
    from handlers.buttons import Button

_HEADS = {
    Stage.DRAFT: N_("This is what everybody would read. Send it?"),
    Stage.RUNNING: N_("Your message is being sent."),
    Stage.PAUSED: N_("Your message is paused."),
    Stage.DONE: N_("Your message has been sent."),
    Stage.CANCELLED: N_("Your message was taken back."),
}
_TO = NN_("It goes to {count} person.", "It goes to {count} people.")
_SENT = NN_("{count} person has got it.", "{count} people have got it.")
_LOST = NN_("{count} person will not get it: gone, or the bot is blocked.", "{count} people will not get it: gone, or the bot is blocked.")
#: characters of all texts together that a preview shows: one text stands there whole
_SHOWN = 3500


def said(words: Words, broadcast: Broadcast) -> View:
    """Say what the operator says."""
    return View(page(bold(words.t("The operator of this bot writes:")), esc(broadcast.text(words.language))))


def usage(words: Words) -> View:
    """Say how a message to everybody is written."""
    text = page(
        say(words, "Write the message behind the command: {example}", example=code("/broadcast " + words.t("The bot rests tonight."))),
        say(words, "For several languages begin each text with its code on a line of its own. Who has none of them reads the first."),
        code("/broadcast\nen: The bot rests tonight.\nes: El bot descansa esta noche.\nru: Сегодня ночью бот отдыхает."),
        say(words, "You see it before it is sent."),
    )
    return View(text)


def progress(words: Words, found: Progress) -> View:
    """Show a message to everybody and how far it is; a draft with each of its texts."""
    broadcast = found.broadcast
    stage = broadcast.stage
    if stage is Stage.DRAFT and not broadcast.people:
        return View(page(say(words, "Nobody but you uses this bot, so nobody would read it.")))
    has_begun = stage is not Stage.DRAFT
    numbers = (
        say_n(words, _SENT, found.sent) if has_begun else None,
        say_n(words, _TO, broadcast.people) if stage in (Stage.DRAFT, Stage.RUNNING) else None,
        say_n(words, _LOST, found.lost) if has_begun and found.lost and stage is not Stage.CANCELLED else None,
    )
    room = _SHOWN // len(broadcast.texts)
    shown = [joined(" ", (code(f"{language}:") if language else None, esc(_cut(text, room)))) for language, text in broadcast.texts.items()]
    return View(page(bold(words.t(_HEADS[stage])), *numbers, "", *shown), _buttons(words, broadcast))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _buttons(words: Words, broadcast: Broadcast) -> tuple[tuple[Button, ...], ...]:
    def act(label: str, to: Stage, style: Style = Style.PLAIN) -> Button:
        return button(words.t(label), "cast", f"{to}:{broadcast.id}", style)

    cancel = act(N_("Take it back"), Stage.CANCELLED, Style.DANGER)
    again = button(words.t("Refresh"), "broadcast")
    rows = {
        Stage.DRAFT: ((act(N_("Send to everybody"), Stage.RUNNING, Style.SUCCESS), cancel),),
        Stage.RUNNING: ((again, act(N_("Pause"), Stage.PAUSED), cancel),),
        Stage.PAUSED: ((act(N_("Carry on"), Stage.RUNNING), cancel),),
    }
    return rows.get(broadcast.stage, ())


def moved_on(words: Words) -> str:
    """Answer a button of a message that is not as it was shown any more, at most 200 characters."""
    return words.t("That message is not as it was shown any more. Send /broadcast to see how it stands.")
