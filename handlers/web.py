"""``python -m chatbot web``: what Telegram delivers is written down for the workers, and the key form served; nobody is answered here."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import structlog

from chatbot.clock import SystemClock
from chatbot.errors import contained
from chatbot.exchanges.key_examiner import examiner
from chatbot.ground import open_ground
from chatbot.i18n import LOCALE, Catalogue
from chatbot.keyring import Keyring
from chatbot.model import ProcessKind
from chatbot.values import dataclass
from chatbot.web.key_form import KeyForm
from chatbot.web.server import WebServer
from chatbot.web.webhook import Webhook
from handlers.transport.key_form import KeyFormAnswers
from handlers.transport.letterbox import Letterbox
from handlers.transport.line import address_of, connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.config import Settings
    from chatbot.ground import Ground
    from handlers.transport.line import Address, TelegramLine

log = structlog.get_logger()

#: seconds between two looks whether Telegram still delivers here
_LOOK_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What the pages need of a program."""

    keyring: Keyring
    catalogue: Catalogue


async def serve(settings: Settings) -> None:
    """Take updates until cancelled; raises :class:`SettingError` where they could come from anybody, or reach nobody."""
    address = address_of(settings)
    gc.freeze()
    gc.enable()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, clock, together=True, kind=ProcessKind.WEB))
        line = connect(settings, ground.db, clock)
        stack.push_async_callback(line.bot.shutdown)
        letterbox = Letterbox(ground.db, clock, ground.vault)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        running = [tasks.create_task(letterbox.run()), tasks.create_task(ground.hold.watch())]
        for task in running:
            stack.callback(task.cancel)
        server = await stack.enter_async_context(_server(settings, ground, letterbox, address))
        print(f"Ballast takes updates; health: {server.url}healthz", flush=True)  # noqa: T201 - the command line speaks on its streams
        await _stay_known(line, address)


def _server(settings: Settings, ground: Ground, letterbox: Letterbox, address: Address) -> WebServer:
    async def health() -> Mapping[str, object]:
        await ground.db.ping()
        return {"ok": True}

    keyring = Keyring(ground.db, ground.clock, ground.vault, examiner(settings.exchange_options, ground.clock))
    desk = KeyFormAnswers(Front(keyring=keyring, catalogue=Catalogue(LOCALE)))
    form = KeyForm(desk, settings.public_url) if keyring.is_open else None
    webhook = Webhook(letterbox.take, address.url, address.secret)
    return WebServer(port=settings.port, health=health, key_form=form, webhook=webhook)


async def _stay_known(line: TelegramLine, address: Address) -> None:
    """Tell Telegram where to deliver, and see to it that it still does; what it says went wrong is logged once."""
    line.webhook = address
    await line.reach()
    log.info("Telegram delivers here", url=address.url)
    trouble_at = None
    while True:
        await asyncio.sleep(_LOOK_S)
        with contained("it is not known whether Telegram delivers"):
            told = await line.bot.get_webhook_info()
            if told.url != address.url:
                log.warning("Telegram was told to deliver elsewhere; it is told again", url=told.url)
                await address.name_to(line.bot)
            elif told.last_error_date is not None and told.last_error_date != trouble_at:
                trouble_at = told.last_error_date
                log.warning("Telegram could not deliver", why=told.last_error_message, waiting=told.pending_update_count)
