"""Every card, alert and page of the bot on a phone in a real browser, by day and by night: all of it fits and can be read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright, expect
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import ExtBot

from chatbot.i18n import Catalogue
from chatbot.web.server import WebServer
from handlers.chat import sending
from handlers.loopback import Loopback, Seat
from tests.handlers.views.view_examples import every_view
from tests.languages import LANGUAGES
from tests.places import LOCALE
from tests.test_browser_access import CONTRASTS
from tests.test_browser_page import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from handlers.buttons import Keyboard

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]
#: where pictures for the eye go, when somebody asks for them
PICTURES = os.environ.get("VIEW_PICTURES")
#: so many messages the page is shown at once
_AT_ONCE = 40
_STYLES = ("primary", "success", "danger")


def _buttons(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    """Return the keyboard as it looks; nobody waits for its taps."""
    rows = [
        [
            InlineKeyboardButton(one.label, callback_data="x", api_kwargs={"style": str(one.style)} if str(one.style) in _STYLES else None)
            for one in row
        ]
        for row in keyboard
    ]
    return InlineKeyboardMarkup(rows) if rows else None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_every_view_fits_a_phone_and_can_be_read(dark: bool, language: str) -> None:
    """No table is wider than its message, nothing sticks out, every text has a contrast of 4.5, every picture is there in full width."""
    words = Catalogue(LOCALE).words(language)
    views = [(key, make(words)) for key, make in every_view().items()]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for begin in range(0, len(views), _AT_ONCE):
            some = views[begin : begin + _AT_ONCE]
            loopback = Loopback()
            seat = Seat(loopback)
            async with ExtBot(loopback.token, request=loopback.request()) as bot, WebServer(conversation=seat) as server:
                await seat.say("hi")
                sent = [await sending.send(bot, seat.user.id, view, _buttons(view.keyboard)) for _, view in some]
                page = await browser.new_page(
                    viewport={"width": 420, "height": 1600 if PICTURES else 900}, color_scheme="dark" if dark else "light"
                )
                await page.goto(server.url)
                await expect(page.locator("article.theirs")).to_have_count(len(some))
                await page.wait_for_function("[...document.images].every((one) => one.complete)")
                wide = await page.locator("pre, .key").evaluate_all(
                    "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"
                )
                assert wide == []
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                assert {name: ratio for name, ratio in (await page.evaluate(CONTRASTS)).items() if ratio < 4.5} == {}
                shown = await page.locator(".photo img").evaluate_all("all => all.map((one) => one.clientWidth)")
                assert len(shown) == sum(message.caption is not None for message in sent)
                assert all(390 <= width <= 420 for width in shown), shown
                for (key, _), message in zip(some, sent, strict=True) if PICTURES else ():
                    name = re.sub(r"[^\w.]+", "-", f"{'dark' if dark else 'light'}-{language}-{key}")
                    await page.locator(f"article[data-id='{message.message_id}']").screenshot(path=Path(str(PICTURES)) / f"{name}.png")
                await page.close()
        await browser.close()
