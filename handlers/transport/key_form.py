"""What the form for exchange keys says, in the language of whom its address was given to, and what becomes of what is sent on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from chatbot.errors import ShutOut, UserError
from chatbot.exchanges.live.venues import has_passphrase
from chatbot.i18n import N_
from chatbot.keyring import Refused
from chatbot.web.key_form import Page
from handlers.chat.context import words_in
from handlers.views.person.key_guides import name_of

if TYPE_CHECKING:
    from chatbot.i18n import Catalogue, Words
    from chatbot.keyring import Asked, Keyring
    from chatbot.model import Credentials

log = structlog.get_logger()

_GONE = 410
_UNFIT = 422
_SEE_CHAT = N_("What {exchange} says about it is in the chat. You can close this page.")


class HasKeys(Protocol):
    """A program as far as the form needs it."""

    @property
    def keyring(self) -> Keyring:
        """What keeps keys."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """The words of every language."""
        ...


class KeyFormAnswers:
    """Serves the form for the keyring of a program."""

    def __init__(self, program: HasKeys) -> None:
        self._program = program

    async def form(self, token: str) -> Page:
        """Return the form, or that its address has ended."""
        asked = await self._program.keyring.asked(token)
        return self._ended() if asked is None else self._form(asked)

    async def take(self, token: str, credentials: Credentials | None) -> Page:
        """Use the address up, ask the exchange, and tell the chat what came of it; what is no key leaves the address as it is."""
        keyring = self._program.keyring
        asked = await keyring.asked(token)
        if asked is not None and (credentials is None or bool(credentials.passphrase) is not has_passphrase(asked.exchange)):
            return self._form(asked, wrong=True)
        asked = await keyring.use_form(token)
        if asked is None or credentials is None:
            return self._ended()
        words = words_in(self._program.catalogue, asked.person)
        try:
            return await self._connected(words, asked, credentials)
        except UserError as mistake:
            return _note(words, words.t("The key was not kept"), words.t(mistake.msgid, **mistake.params))
        except ShutOut:
            return self._ended()
        except Exception:  # whatever it was, the person is told; the trace holds no half of the key
            log.exception("exchange key of a form not taken", person=asked.person.id)
            return _note(words, words.t("The key was not kept"), words.t("Something went wrong on my side. Send /connect and try again."))

    async def _connected(self, words: Words, asked: Asked, credentials: Credentials) -> Page:
        outcome = await self._program.keyring.connect(asked.person, asked.exchange, credentials)
        await self._program.keyring.tell(asked.person, outcome)
        title = words.t("The key was not kept") if isinstance(outcome, Refused) else words.t("Connected")
        return _note(words, title, words.t(_SEE_CHAT, exchange=name_of(asked.exchange)))

    def _form(self, asked: Asked, *, wrong: bool = False) -> Page:
        words, third = words_in(self._program.catalogue, asked.person), has_passphrase(asked.exchange)
        both = words.t("That is not a key. Copy the API key and the secret in full, each into its own field.")
        unfit = words.t("That is not a key. Copy all three parts in full, each into its own field.") if third else both
        return Page(
            language=words.tag,
            direction=words.direction,
            title=words.t("Your {exchange} key", exchange=name_of(asked.exchange)),
            lines=(
                words.t("It goes only to the bot, is stored encrypted, and is never shown again."),
                words.t("This page works once, and only for ten minutes after you asked for it."),
            ),
            fields=(words.t("API key"), words.t("Secret"), words.t("Give it to the bot")),
            passphrase=words.t("Passphrase") if third else "",
            wrong=unfit if wrong else "",
            status=_UNFIT if wrong else 200,
        )

    def _ended(self) -> Page:
        """Say that an address has ended; whose it was is not known, so it is said in English."""
        words = self._program.catalogue.words("en")
        ended = words.t("It was used, or its ten minutes are over. Send /connect to the bot for a new one.")
        return Page(language=words.tag, direction=words.direction, title=words.t("This page has ended"), lines=(ended,), status=_GONE)


def _note(words: Words, title: str, text: str) -> Page:
    return Page(language=words.tag, direction=words.direction, title=title, lines=(text,))
