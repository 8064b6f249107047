"""Somebody tries an exchange in the demo, at each venue: from its key to a filled plan, on a phone, in a real browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.stories.at_exchange import NAMES
from tests.test_browser_demo import PHONE, chromium, demo, visitor

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

__all__ = ["chromium"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),  # the loop in which the browser lives
]


@pytest.mark.slow
@pytest.mark.parametrize("exchange", NAMES)
async def test_from_its_key_to_a_filled_plan(tmp_path: Path, exchange: str, chromium: Browser) -> None:
    """The key is copied from the guide, as a newcomer does; the account is watched, agreed to and traded, and no money of anybody moves."""
    marked = f"TEST · {NAMES[exchange]}"
    async with (
        demo(tmp_path, "--exchange", exchange, speed=60) as url,
        visitor(chromium, url, f"exchange-{exchange}", size=PHONE) as person,
    ):
        await person.look("empty")
        await person.say("/start")
        await person.tap("Connect an exchange")
        await person.sees("Send it here")
        await person.look("guide")
        guide = person.page.locator("article").filter(has=person.button("Send it here")).last
        key = await guide.locator("code, pre").last.inner_text()
        await person.tap("Send it here")
        await expect(person.page.locator("article").last).to_contain_text("Send")
        await person.say(key)
        await person.sees("Watch this account", within_s=30)
        await person.look("key")
        await person.tap("Watch this account")
        await expect(person.page.locator("article").last).to_contain_text(f"{marked} · only watched", timeout=20_000)
        await person.look("watched")
        await person.say("/live")
        await expect(person.page.locator("article").last).to_contain_text("Trade on this test account?", timeout=20_000)
        await person.look("asked")
        await person.say("trade with test money")
        await person.say("/targets BTC 50 ETH 20 USDT 30")
        await expect(person.page.locator("article").last).to_contain_text("50", timeout=20_000)
        await person.say("/rebalance")
        await person.sees("Confirm", within_s=30)
        await person.look("card")
        await person.tap("Confirm")
        result = person.page.locator("article").filter(has_text="done in").last
        await expect(result).to_be_visible(timeout=60_000)
        await expect(result).to_contain_text(marked)
        await person.look("result")
        assert "LIVE ·" not in await person.page.locator("main, body").first.inner_text()
