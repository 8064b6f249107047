"""A person gives an exchange key on a phone: real Chromium without scripts, the bot behind the form, its answer in the chat."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright, expect

from chatbot.vault import new_master_key
from chatbot.web.key_form import KeyForm
from chatbot.web.server import WebServer
from handlers.transport.key_form import KeyFormAnswers
from tests.exchanges.live.key_server import API_KEY, SECRET, key_server
from tests.person import someone
from tests.test_browser_page import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine")]
#: where pictures for the eye go, when somebody asks for them
PICTURES = os.environ.get("CHAT_PICTURES")
WIDTH = 360


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def look(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


@pytest.mark.long
async def test_a_key_is_given_on_a_phone_without_a_script(tmp_path: Path) -> None:
    """Labels belong to their fields, a thumb hits them, nothing is wider than the phone, nothing is asked elsewhere, and it works once."""
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    async with key_server() as exchange, someone(tmp_path, secret_keys=new_master_key(), exchange_options=exchange.options) as ann:
        person = next(one for one in await ann.program.access.everybody()) if await ann.say("/start") else None
        assert person is not None
        form = f"{public}/key/{await ann.program.keyring.offer_form(person, 'binance')}"
        async with WebServer(port=port, key_form=KeyForm(KeyFormAnswers(ann.program), public)), async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            complaints: list[str] = []
            for dark in (True, False):
                context = await browser.new_context(
                    viewport={"width": WIDTH, "height": 640},
                    color_scheme="dark" if dark else "light",
                    java_script_enabled=False,
                    has_touch=True,
                )
                page = await context.new_page()
                page.on("console", lambda said: complaints.append(said.text))
                page.on("request", lambda asked: asked.url.startswith(public) or complaints.append(asked.url))
                await page.goto(form)
                await look(page, f"key-form-{'dark' if dark else 'light'}")
            for shown in (page.get_by_label("API key"), page.get_by_label("Secret"), page.get_by_role("button")):
                box = await shown.bounding_box()
                assert box is not None
                assert box["height"] >= 48
                assert 0 <= box["x"] < box["x"] + box["width"] <= WIDTH
            await page.get_by_label("API key").fill(API_KEY)
            await page.get_by_label("Secret").fill("too short")
            await page.get_by_role("button").tap()
            await expect(page.get_by_role("alert")).to_contain_text("That is not a key.")
            assert API_KEY not in await page.content()
            await look(page, "key-form-wrong")
            await page.get_by_label("API key").fill(API_KEY)
            await page.get_by_label("Secret").fill(SECRET)
            await page.get_by_role("button").tap()
            await expect(page.get_by_role("heading")).to_have_text("Connected")
            await look(page, "key-form-connected")
            await page.goto(form)
            await expect(page.get_by_role("heading")).to_have_text("This page has ended")
            assert [said for said in complaints if "410" not in said and "422" not in said] == []
            await browser.close()
        await ann.outbox.drain()
        ann.sees("Connected\nBinance …Eh8A")
