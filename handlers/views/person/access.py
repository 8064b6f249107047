"""At the door: pairing the operator, asking to come in, being let in or not; groups are politely refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.access import PAGE, Gate
from chatbot.i18n import N_
from chatbot.model import Role
from handlers.buttons import Style
from handlers.views.common import DOT, View, bold, button, clip, code, esc, joined, page, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.i18n import Words
    from chatbot.model import Person
    from handlers.buttons import Button

#: names in a question about several strangers
_NAMES = 5
_ROLES = {
    Role.OPERATOR: N_("operator"),
    Role.MEMBER: N_("approved"),
    Role.PENDING: N_("waiting"),
    Role.BLOCKED: N_("blocked"),
}


def outside(words: Words, gate: Gate) -> View:
    """Answer somebody whom the gate did not simply let through."""
    views = {Gate.PAIR: pairing, Gate.PAIRED: paired, Gate.ASKED: asked, Gate.WAITING: waiting}
    return views.get(gate, blocked)(words)


def pairing(words: Words) -> View:
    """Ask the first person for the one-time code from the log."""
    text = page(
        say(words, "This bot has no operator yet."),
        say(words, "If you run it: send the one-time code that it printed to its log when it started."),
    )
    return View(text)


def paired(words: Words) -> View:
    """Welcome the operator; the setup follows."""
    text = page(
        say(words, "You are the operator of this bot now."),
        say(words, "Others who write to it must be approved by you; I will ask."),
    )
    return View(text, ((button(words.t("Start"), "start", "", Style.PRIMARY),),))


def asked(words: Words) -> View:
    """Tell a newcomer that the operator has been asked."""
    return View(
        page(say(words, "This bot is private. I have asked its operator to let you in, and will write as soon as there is an answer."))
    )


def waiting(words: Words) -> View:
    """Tell somebody who writes again that the operator has not answered."""
    return View(page(say(words, "The operator has not answered yet. You don't need to do anything.")))


def blocked(words: Words) -> View:
    """Tell somebody that the operator said no."""
    return View(page(say(words, "The operator of this bot has not let you in.")))


def approved(words: Words) -> View:
    """Tell somebody that they were let in."""
    return View(page(say(words, "The operator has let you in. Welcome!")), ((button(words.t("Start"), "start", "", Style.PRIMARY),),))


def operator_only(words: Words) -> View:
    """Answer a command that only the operator may use."""
    return View(page(say(words, "Only the operator may use this command.")))


def access_request(words: Words, person: Person) -> View:
    """Ask the operator about somebody, with Approve and Block."""
    text = page(
        bold(words.t("Somebody asks to use this bot")),
        joined(" ", (esc(_name(words, person)), code(person.id))),
        say(words, "Approve only people you know. They see their own portfolio, never yours."),
    )
    return View(text, ((_approve(words, person), _block(words, person)),))


def access_requests(words: Words, asking: Sequence[Person], count: int) -> View:
    """Ask the operator about several who came together: the first names, the number, and the way to the list."""
    shown = asking[:_NAMES]
    names = [joined(" · ", (_name(words, person), code(person.id))) for person in shown]
    text = page(
        bold(words.n("{count} person asks to use this bot", "{count} people ask to use this bot", count)),
        *names,
        esc("…") if count > len(shown) else None,
        say(words, "Approve only people you know. They see their own portfolio, never yours."),
    )
    return View(text, ((button(words.t("Show who asks"), "users"),),))


def access_decided(words: Words, person: Person) -> View:
    """Show what was decided about somebody in place of the question; it can be changed. Whoever waits still, or again, is asked about."""
    if person.role is Role.PENDING:
        return access_request(words, person)
    if person.role is Role.MEMBER:
        text = say(words, "{name} may use this bot.", name=bold(_name(words, person)))
        return View(page(text), ((_block(words, person),),))
    return View(page(say(words, "{name} is blocked.", name=bold(_name(words, person)))), ((_approve(words, person),),))


def decided_otherwise(words: Words, person: Person) -> str:
    """Answer a button that was shown before somebody was decided about, by another operator for instance."""
    return words.t("Nothing was changed: somebody has decided about {name} since this was shown.", name=_name(words, person))


def users(words: Words, people: Sequence[Person], count: int, number: int = 0) -> View:
    """List a page of all who ever wrote to the bot, with a button for each that can be decided about, and the ways to the other pages."""
    lines = [joined(DOT, (_name(words, person), code(person.id), words.t(_ROLES[person.role]))) for person in people]
    pages = -(-count // PAGE)
    place = say(words, "Page {number} of {count}", number=number + 1, count=pages) if pages > 1 else None
    text = page(bold(words.n("{count} person", "{count} people", count)), *lines, place)
    turns = (
        *([button(words.t("Back"), "users", number - 1)] if number else []),
        *([button(words.t("More"), "users", number + 1)] if number + 1 < pages else []),
    )
    decisions = tuple((_decide(words, person),) for person in people if person.role is not Role.OPERATOR)
    return View(text, (*decisions, turns) if turns else decisions)


def _decide(words: Words, person: Person) -> Button:
    return _block(words, person) if person.role is Role.MEMBER else _approve(words, person)


def _approve(words: Words, person: Person) -> Button:
    return button(words.t("Approve {name}", name=clip(_name(words, person), 24)), "approve", f"{person.id}:{person.role}", Style.SUCCESS)


def _block(words: Words, person: Person) -> Button:
    return button(words.t("Block {name}", name=clip(_name(words, person), 24)), "block", f"{person.id}:{person.role}", Style.DANGER)


def _name(words: Words, person: Person) -> str:
    return clip(person.name, 32) or words.t("no name")


def no_groups(words: Words) -> View:
    """Answer in a group: money is not discussed before others."""
    return View(page(say(words, "I only work in a private chat: a portfolio is nobody else's business. Write to me directly.")))
