"""The line to Telegram: made before the rest of the program is there, and listened to as soon as the database is open."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

import httpx
import structlog
from telegram.error import InvalidToken, TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from chatbot.errors import SettingError
from chatbot.store import events
from chatbot.values import dataclass
from handlers.chat.typed_keys import Whispers
from handlers.transport.polling import UPDATES, poll
from handlers.transport.rate_limit import Patience, pause_s
from handlers.transport.request import Requests
from handlers.transport.updates import MAX_CHATS, JournaledQueue, Taken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram.request import BaseRequest

    from chatbot.clock import Clock
    from chatbot.config import Settings
    from chatbot.store.database import Database

log = structlog.get_logger()

#: where the application keeps its :class:`TelegramLine`
LINE = "line"
#: over which Telegram delivers at the same time, its most
CONNECTIONS: Final = 100
#: behind the public address
WEBHOOK: Final = "/telegram"
#: to which it delivers
PORTS: Final = (443, 80, 88, 8443)
#: the longest pause between two tries to reach Telegram at start
_PAUSE_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where Telegram delivers updates, and what it says there so that it is known."""

    url: str
    secret: str

    async def name_to(self, bot: ExtBot[None]) -> None:
        """Have Telegram deliver there; raises ``TelegramError``."""
        await bot.set_webhook(self.url, secret_token=self.secret, allowed_updates=UPDATES, max_connections=CONNECTIONS)


def address_of(settings: Settings) -> Address:
    """Return where Telegram is to deliver; raises :class:`SettingError` where it would not, or where anybody else could."""
    secret, parts = settings.webhook_secret.get_secret_value(), urlsplit(settings.public_url)
    if not parts.hostname:
        raise SettingError("CHATBOT_PUBLIC_URL", "Telegram delivers to it: give the address at which your proxy serves this process")
    if (parts.port or 443) not in PORTS:
        raise SettingError("CHATBOT_PUBLIC_URL", f"Telegram delivers to the ports {', '.join(map(str, PORTS))} alone")
    if not secret:
        raise SettingError("CHATBOT_WEBHOOK_SECRET", "without it anybody could pretend to be Telegram; `openssl rand -hex 32` makes one")
    return Address(settings.public_url + WEBHOOK, secret)


class TelegramLine:
    """The library's bot, and the queue of what people write to it."""

    def __init__(self, bot: ExtBot[None], db: Database, clock: Clock) -> None:
        self.bot, self.db, self.clock = bot, db, clock
        #: Telegram is asked for updates here; else another process is told them, and writes them down
        self.is_polled = True
        self.whispers = Whispers()
        self.taken = Taken()
        self.updates = JournaledQueue(db, self.whispers, clock)
        #: the first question for updates was answered or failed
        self.asked = asyncio.Event()
        #: Telegram has told who we are
        self.reached = asyncio.Event()
        #: an earlier process has left updates, which are to be queued before new ones
        self.is_behind = True
        self.caught_up = asyncio.Event()
        #: where Telegram is to deliver updates; None: nowhere, or another process says so
        self.webhook: Address | None = None
        #: what others write down is taken out of it, where they hear Telegram
        self.take_out: Callable[[], Awaitable[NoReturn]] | None = None
        #: the task that listens since before there was anybody to answer
        self.listening: asyncio.Task[object] | None = None

    async def listen(self) -> NoReturn:
        """Reach Telegram and queue what people write, until cancelled; raises as :meth:`reach`."""
        self.listening = asyncio.current_task()
        await self.reach()
        if self.is_polled:
            async with self.db.read() as tx:
                self.is_behind = bool(await events.unfinished_updates(tx))
        self.reached.set()
        if self.is_behind:
            await self.caught_up.wait()
        await self.poll()

    async def poll(self) -> NoReturn:
        """Queue what people write, until cancelled."""
        if self.take_out is not None:
            self.asked.set()
            await self.take_out()
        await poll(self.bot, self.updates, self.clock, self.asked)

    async def hasten(self) -> None:
        """Let calls cost less from now on; not before people are heard, since it takes a moment."""
        if isinstance(self.bot.request, Requests):
            await self.bot.request.hasten()

    async def reach(self) -> None:
        """Ask Telegram who we are, for as long as it takes, and have it send nothing elsewhere; a wrong token is told at once.

        Where updates are delivered, it is told to which address.
        """
        tries = 0
        while True:
            try:
                await self.bot.initialize()
                await self._learn_name()
                if self.webhook is not None:
                    await self.webhook.name_to(self.bot)
                elif self.is_polled:
                    await self.bot.delete_webhook()
            except InvalidToken:
                raise SettingError("CHATBOT_TELEGRAM_TOKEN", "Telegram does not know this token; copy it again from BotFather") from None
            except Exception as trouble:  # noqa: BLE001 - refusals, a proxy's page, an answer of another shape: all may pass
                asked = pause_s(trouble, tries) if isinstance(trouble, TelegramError) else None
                pause = min(_PAUSE_S_MAX if asked is None else asked, _PAUSE_S_MAX)
                tries += 1
                log.warning("Telegram cannot be reached yet", error=type(trouble).__name__, again_in_s=pause)
                await self.clock.sleep(pause)
            else:
                return

    async def _learn_name(self) -> None:
        """Ask again who we are where the answer named nobody, as a proxy's does: the library asks once. Raises where it still does."""
        if not self._has_name():
            await self.bot.get_me()
            if not self._has_name():
                raise TelegramError("getMe named nobody")

    def _has_name(self) -> bool:
        return isinstance(self.bot.bot.id, int) and isinstance(self.bot.bot.username, str)


def connect(
    settings: Settings,
    db: Database,
    clock: Clock,
    *,
    token: str | None = None,
    request: BaseRequest | None = None,
    updates_request: BaseRequest | None = None,
) -> TelegramLine:
    """Return the line, over which nothing was said yet; tests and the demo give requests that lead to the loopback."""
    if request is None or updates_request is None:
        certificates = httpx.create_ssl_context()  # read once for both: 20 ms of the start
        request = Requests(MAX_CHATS, certificates)
        updates_request = HTTPXRequest(connection_pool_size=1, httpx_kwargs={"verify": certificates})
        logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes every URL, token included
        logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)  # a traceback for every 502; we log those in a line
    bot: ExtBot[None] = ExtBot(
        token or settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request,
        get_updates_request=updates_request,
        rate_limiter=Patience(clock),
    )
    return TelegramLine(bot, db, clock)
