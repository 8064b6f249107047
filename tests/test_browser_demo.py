"""Somebody tries the demo: from /start to a rebalanced portfolio, in a real browser against the real program."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import async_playwright, expect

from chatbot.i18n import Catalogue
from tests.places import ROOT
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Locator, Page

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),  # the loop in which the browser lives
]
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
#: where pictures for the eye go, when somebody asks for them
PICTURES = os.environ.get("DEMO_PICTURES")
#: where the README's pictures go, when `make pictures` takes new ones
README_PICTURES = os.environ.get("README_PICTURES")
PHONE, DESK = (390, 844), (1200, 800)
#: the first drift comes after six to nine hours of the simulated market; nobody waits for them, since cards and plans slow it down
QUICK = 4000


@asynccontextmanager
async def demo(folder: Path, *more: str, speed: int = QUICK) -> AsyncIterator[str]:
    """Start `python -m chatbot demo` as a person does, only with a quicker market, and give its address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_") and name != "DISPLAY"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatbot", "demo", "--speed", str(speed), "--data", str(folder), *more),
        cwd=ROOT,
        env=kept | {"CHATBOT_BATCH_WINDOW_S": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), LIMIT_S)).decode()
        found = re.search(r"http://\S+", line)
        assert found is not None, f"the demo said {line!r}"
        yield found.group(0)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0, "a stopped demo ends well"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Visitor:
    """A person at the page; everything that the browser complains about is kept."""

    def __init__(self, page: Page, name: str, language: str) -> None:
        self.page, self._name, self._shots = page, name, 0
        self.words = Catalogue(ROOT / "locale").words(language)
        self.complaints: list[str] = []
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))

    async def say(self, text: str) -> None:
        """Write a message."""
        await self.page.locator("#text").fill(text)
        await self.page.keyboard.press("Enter")

    def button(self, msgid: str, **params: Any) -> Locator:
        """Return the newest button with this label in the visitor's language."""
        return self.page.locator(".key").filter(has_text=re.compile(f"^{re.escape(self.words.t(msgid, **params))}$")).last

    async def tap(self, msgid: str, **params: Any) -> None:
        """Tap it."""
        await self.button(msgid, **params).click()

    async def sees(self, msgid: str, within_s: float = 10, **params: Any) -> None:
        """Wait until a button with this label is there."""
        await expect(self.button(msgid, **params)).to_be_visible(timeout=within_s * 1000)

    async def look(self, what: str) -> None:
        """Keep a picture, when somebody wants them; nothing may stick out at the side in any case."""
        await self.page.wait_for_timeout(700 if PICTURES else 50)
        assert await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what
        wide = await self.page.locator("pre").evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)")
        assert wide == [], f"tables that do not fit: {wide}"
        self._shots += 1
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{self._name}-{self._shots:02}-{what}.png")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium once: each person has pages of their own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def visitor(
    chromium: Browser, url: str, name: str, *, size: tuple[int, int], dark: bool = False, language: str = "en"
) -> AsyncIterator[Visitor]:
    """Open the page; at the end there must be no complaint."""
    viewport: Any = {"width": size[0], "height": size[1]}
    page = await chromium.new_page(viewport=viewport, color_scheme="dark" if dark else "light", locale=language)
    someone = Visitor(page, name, language)
    await page.goto(url)
    yield someone
    await page.close()
    assert someone.complaints == []


async def open_portfolio(person: Visitor) -> None:
    """Go from an empty chat to a portfolio whose first plan asks for an answer, in three taps."""
    await person.look("empty")
    await person.say("/start")
    await person.tap("Demo portfolio")
    await person.page.locator(".key").filter(has_text=re.compile(r"10\D?000")).last.click()
    await person.sees("Use {name}", name=person.words.t("Balanced"))
    await person.look("strategy")
    await person.tap("Use {name}", name=person.words.t("Balanced"))
    await person.sees("Confirm")
    await person.look("first-plan")


async def test_from_start_to_a_rebalanced_portfolio(tmp_path: Path, chromium: Browser) -> None:
    """A phone by day: set up, wait for the market to drift, confirm the plan that the alert becomes, be back on target."""
    async with demo(tmp_path) as url, visitor(chromium, url, "phone-light-en", size=PHONE) as person:
        await open_portfolio(person)
        await person.page.evaluate(_LISTEN)  # however short it is shown
        first = await person.page.locator("article").filter(has=person.button("Confirm")).get_attribute("data-id")
        await person.tap("Confirm")
        told = "Plan 1 is being carried out. Until it is done the market runs slower."
        await person.page.wait_for_function("told => window.tempos.includes(told)", arg=told)
        await person.look("carried-out")
        await expect(person.page.locator(f"article[data-id='{first}'] .key").filter(has_text="Confirm")).to_have_count(0)
        await person.sees("Confirm", within_s=60)
        await expect(person.page.locator("#tempo")).to_contain_text("Until then the market runs at real speed.")
        before = await market_time(person)
        await person.look("plan")
        assert (await market_time(person) - before).total_seconds() <= 60, "a card is read at the prices that it shows"
        card = person.page.locator("article").filter(has=person.button("Confirm"))
        number = await card.get_attribute("data-id")
        await person.tap("Confirm")
        await expect(person.page.locator(f"article[data-id='{number}']")).to_contain_text("done in", timeout=30_000)
        await person.look("result")
        await person.say("/status")
        status = person.page.locator("article").filter(has_text="next check in").last
        await expect(status).to_be_visible()
        await person.look("status")
        table = await status.locator("pre").first.inner_text()
        drifts = [float(found) for found in re.findall(r"%\s+\d+\.\d%\s+[+−]?(\d+\.\d)", table)]
        assert len(drifts) == 4, table
        assert max(drifts) < 5, f"nothing is outside its band after the plan: {table}"


@pytest.mark.parametrize(
    ("name", "size", "dark", "language"),
    [
        pytest.param("phone-dark-ru", PHONE, True, "ru", marks=pytest.mark.slow),
        pytest.param("desk-dark-es", DESK, True, "es", marks=pytest.mark.slow),
        pytest.param("desk-light-en", DESK, False, "en", marks=pytest.mark.slow),
    ],
)
async def test_setting_up_looks_right_everywhere(
    tmp_path: Path, name: str, size: tuple[int, int], dark: bool, language: str, chromium: Browser
) -> None:
    """The first minutes in other languages, sizes and lights: every word is translated, nothing is cut off."""
    async with demo(tmp_path) as url, visitor(chromium, url, name, size=size, dark=dark, language=language) as person:
        await person.page.locator("#language").select_option(language)
        await open_portfolio(person)
        if language == "ru":  # the other pictures show a portfolio at rest
            await person.page.locator(".strip .happen").click()
            await person.page.get_by_role("button", name="Крайний страх").first.click()
            await expect(person.page.locator("#toast")).to_have_text("Сначала жду ответа на план 1, потом: Крайний страх.")
            await expect(person.page.locator("#tempo")).to_contain_text("Потом: Крайний страх.")
            await person.look("waits")
        await person.tap("Confirm")
        await person.sees("Details", within_s=30)
        await person.look("filled")
        await person.say("/status")
        answer = person.page.locator("article").filter(has=person.button("Refresh"))
        await expect(answer).to_be_visible()
        await person.look("status")
        if README_PICTURES and name == "desk-light-en":
            await person.page.set_viewport_size({"width": DESK[0], "height": 960})  # the answer stands there whole
            _keep(await person.page.screenshot(), Path(README_PICTURES) / "demo.png")
            await person.page.set_viewport_size({"width": DESK[0], "height": 1300})
            _keep(await answer.screenshot(), Path(README_PICTURES) / "status.png")


@pytest.mark.slow
async def test_what_is_made_to_happen_moves_the_market_and_is_there_after_a_restart(tmp_path: Path, chromium: Browser) -> None:
    """The menu on the page of the real program: the clock goes forward by weeks, and a program started again stands there, chat and all."""
    async with demo(tmp_path) as url, visitor(chromium, url, "phone-stage-en", size=PHONE) as person:
        await expect(person.page.locator("#language option")).to_have_count(len(Catalogue(ROOT / "locale").languages))
        await person.say("/start")
        await person.sees("Demo portfolio")
        before = await market_time(person)
        await person.page.get_by_role("button", name="Make something happen").click()
        await person.look("menu")
        await person.page.get_by_role("button", name="A trend wears out").click()
        await expect(person.page.locator("#toast")).to_contain_text("The market was moved forward to")
        moved = await market_time(person)
        assert (moved - before).days in range(14, 19)
        await person.look("moved")
    async with demo(tmp_path) as url, visitor(chromium, url, "desk-stage-en", size=DESK) as person:
        await person.tap("Demo portfolio")
        await expect(person.page.locator("#side-played")).to_contain_text("A trend wears out. The market was moved forward to")
        assert await market_time(person) >= moved
        await person.look("restarted")


#: keeps every line that the page says of the market's speed from now on
_LISTEN = """() => {
  const line = document.getElementById("tempo");
  window.tempos = [];
  new MutationObserver(() => window.tempos.push(line.textContent)).observe(line, {childList: true, characterData: true, subtree: true});
}"""


async def market_time(person: Visitor) -> datetime:
    """Read the page's market clock."""
    clock = person.page.locator("#strip-time")
    await expect(clock).to_contain_text("UTC")
    shown = await clock.text_content() or ""
    return datetime.strptime(shown, "%b %d, %H:%M UTC").replace(year=2025, tzinfo=UTC)


def _keep(picture: bytes, path: Path) -> None:
    """Write a picture with 256 colours, which is a third of its size and looks the same: small areas of a colour keep it."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE).save(path, optimize=True)
