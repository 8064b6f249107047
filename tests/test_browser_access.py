"""The demo page and the form for a key, by keyboard, screen reader and magnifying glass: real Chromium, and axe."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright, expect
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup

from chatbot.exchanges.markets.episodes import SCENES
from chatbot.web.key_form import KeyForm, Page
from chatbot.web.server import WebServer
from chatbot.web.socket import Around
from handlers.loopback import Loopback, Seat
from tests.languages import CATALOGUE, LANGUAGES
from tests.test_browser_key_form import free_port
from tests.test_browser_page import CARD, FLAGS, _app, _say
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser
    from playwright.async_api import Page as Tab
    from telegram import Bot

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),  # the loop in which the browser lives
]
PHONE, DESK = (390, 844), (1280, 800)


class Stage(NamedTuple):
    """A page with a made-up market beside it, and the bot behind it."""

    url: str
    bot: Bot
    chat: int


@pytest_asyncio.fixture(loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    loopback = Loopback()
    seat = Seat(loopback)

    async def play(_name: str) -> None:
        """Do nothing."""

    def market() -> dict[str, object]:
        return {"now": "2025-03-02T08:00:00+00:00", "speed": 1, "note": "simulated", "played": None}

    around = Around(market=market, scenes=tuple(SCENES), play=play, catalogue=CATALOGUE)
    async with _app(loopback) as app, WebServer(conversation=seat, around=around) as server:
        await app.bot.set_my_commands([BotCommand("start", "Begin"), BotCommand("status", "Where I stand"), BotCommand("picture", "Look")])
        await app.start()
        await app.updater.start_polling()
        yield Stage(server.url, app.bot, seat.user.id)
        await app.updater.stop()
        await app.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=LIMIT_S * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """Begin and end without a page, and so without anything that a page remembers."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


async def opened(browser: Browser, size: tuple[int, int] = DESK) -> Tab:
    """Return an empty page of somebody who asked for little motion: what fades in would be paler than it is meant, for a moment."""
    viewport: Any = {"width": size[0], "height": size[1]}
    page = await browser.new_page(viewport=viewport, locale="en", reduced_motion="reduce")
    page.set_default_timeout(LIMIT_S * 1000)
    return page


#: every text that can be seen, and its contrast (WCAG 2) to what lies behind it; of a gradient its worse end counts
CONTRASTS = """() => {
  const parts = (colour) => {
    const found = colour.match(/[\\d.]+/g).map(Number), own = colour.startsWith("color(") ? 255 : 1;
    return [found[0] * own, found[1] * own, found[2] * own, found[3] ?? 1];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, at) => part * a + under[at] * (1 - a));
  const light = (colour) => colour.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    if (!element) return [[255, 255, 255]];
    const style = getComputedStyle(element), ends = style.backgroundImage.match(/rgba?\\([^)]*\\)/g) ?? [];
    if (ends.length) return ends.map((end) => parts(end).slice(0, 3));
    const own = parts(style.backgroundColor);
    if (own[3] === 1) return [own.slice(0, 3)];
    const lower = element.closest("dialog") === element ? [[255, 255, 255]] : behind(element.parentElement);
    return lower.map((under) => over(own, under));
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const said = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!said || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".spoiler, option")) continue;
    const ink = parts(getComputedStyle(element).color);
    for (const ground of behind(element)) {
      const [low, high] = [light(over(ink, ground)), light(ground)].sort((a, b) => a - b);
      const name = `${element.className || element.tagName}: ${said.slice(0, 20)}`;
      found[name] = Math.min(found[name] ?? 21, (high + 0.05) / (low + 0.05));
    }
  }
  return found;
}"""


class Looks:
    """Looks at a page on a phone and on a desk, by day and by night, and keeps what would keep somebody out of it."""

    def __init__(self, page: Tab) -> None:
        self.page = page
        self.texts: set[str] = set()
        self.barriers: list[str] = []

    async def look(self, state: str) -> None:
        """Look at the page as it stands. What axe cannot tell for certain counts too, but for covered text, which CONTRASTS sees."""
        for size, scheme in itertools.product((PHONE, DESK), ("light", "dark")):
            await self.page.set_viewport_size({"width": size[0], "height": size[1]})
            await self.page.emulate_media(color_scheme=scheme)
            found = (await Axe().run(self.page, options={"resultTypes": ["violations", "incomplete"]})).response
            unsure = [one for one in found["incomplete"] if one["id"] != "color-contrast"]
            seen = await self.page.evaluate(CONTRASTS)
            wrong = [f"{one['id']}: {node['html'][:200]}" for one in (*found["violations"], *unsure) for node in one["nodes"]]
            wrong += [f"{ratio:.2f}: {name}" for name, ratio in seen.items() if ratio < 4.5]
            self.barriers += [f"{state}, {scheme}, {size[0]}: {one}" for one in wrong]
            self.texts |= set(seen)


async def test_everybody_can_read_and_reach_what_is_on_the_page(browser: Browser, stage: Stage) -> None:
    """No state keeps anybody out; a contrast of at least 4.5, buttons of every colour and times included; one heading of its own."""
    page = await opened(browser)
    looks = Looks(page)
    await page.goto(stage.url)
    await expect(page.locator("#language option")).to_have_count(len(LANGUAGES))
    await looks.look("empty")
    await _say(page, "/status")
    await expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    await _say(page, "/picture")
    await expect(page.locator("a.document")).to_be_visible()
    await looks.look("chat")
    await page.get_by_role("button", name="Commands").click()
    await expect(page.locator("#menu").get_by_role("option")).to_have_count(3)
    await looks.look("menu")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Make something happen").click()
    await looks.look("stage")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Edit", exact=True).click()
    await expect(page.get_by_role("dialog", name="Plan 27 expired at 14:05")).to_be_visible()
    await looks.look("alert")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Open the picture: BTC/ETH 40").click()
    shown = page.get_by_role("dialog", name="BTC/ETH 40 · ALT 35")
    await expect(shown.get_by_role("img", name="BTC/ETH 40 · ALT 35 · Futures 15 · Stable 10")).to_be_visible()
    await looks.look("picture")
    await shown.get_by_role("button", name="Close").press("Enter")
    await expect(shown).to_be_hidden()
    assert looks.barriers == []
    assert len(looks.texts) > 30
    for wanted in ("Confirm", "Skip", "Details", "/picture", "Today"):
        assert any(wanted in name for name in looks.texts), wanted
    assert sum(name.startswith("TIME: ") for name in looks.texts) > 1
    for size in (PHONE, DESK):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        assert await page.locator("h1:visible").all_text_contents() == ["Ballast"]


class Desk:
    """Shows one page, whatever is asked for or sent."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def form(self, _token: str) -> Page:
        """Return the page."""
        return self.page

    async def take(self, _token: str, _credentials: object) -> Page:
        """Return the page."""
        return self.page


async def test_everybody_can_read_and_reach_the_form_for_a_key(browser: Browser) -> None:
    """In a language that is read from the right, too, and where something was wrong."""
    fields, port = ("API key", "Secret", "Send"), free_port()
    form = Page(language="en", direction="ltr", title="Your key", lines=("It works once.",), fields=fields, passphrase="Passphrase")
    wrong = Page(language="ar", direction="rtl", title="مفتاحك", lines=("يصل إلى البوت وحده.",), fields=fields, wrong="هذا ليس مفتاحًا.")
    desk = Desk(form)
    async with WebServer(port=port, key_form=KeyForm(desk, f"http://127.0.0.1:{port}")) as server:
        page = await opened(browser)
        looks = Looks(page)
        for desk.page, language, direction in ((form, "en", "ltr"), (wrong, "ar", "rtl")):
            await page.goto(f"{server.url}key/{'a' * 43}")
            await expect(page.locator("html")).to_have_attribute("lang", language)
            await expect(page.locator("html")).to_have_attribute("dir", direction)
            await looks.look(language)
        assert looks.barriers == []


#: what has the focus, by what a screen reader calls it; it must be seen that it has
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return `${one.ariaLabel || one.innerText || one.id}${seen && inside ? "" : " UNSEEN"}`;
}"""


async def test_the_keyboard_goes_through_the_page_in_the_order_in_which_it_is_read(browser: Browser, stage: Stage) -> None:
    """From a link that leads past everything to the message field; where the focus is can be seen; folded and hidden text opens."""
    page = await opened(browser)
    await page.goto(stage.url)
    hidden = "Kept <tg-spoiler>0.2 BTC</tg-spoiler>"
    await _say(page, "/status")
    await expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    await stage.bot.send_message(stage.chat, hidden, parse_mode="HTML")
    await expect(page.get_by_role("button", name="Show the hidden text")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Show the hidden text")).to_be_visible()
    met = []
    while not met or not met[-1].startswith("Message"):
        await page.keyboard.press("Tab")
        met.append(await page.evaluate(FOCUSED))
        assert len(met) < 40, met
    commands = ["/start", "/status", "/rebalance", "/triggers", "/hedge", "/why"]
    card = [button.text for row in CARD.inline_keyboard for button in row]
    before = ["To the message field", "Make something happen", *commands, "Language", "Chat with the bot"]
    assert met == [*before, "/status", "Show all", *card, "Show the hidden text", "Commands", "Message"]
    await page.get_by_role("button", name="Show all").press("Enter")
    await expect(page.get_by_role("button", name="Show all", expanded=True)).to_be_focused()
    await page.get_by_role("button", name="Show the hidden text").press("Space")
    await expect(page.locator(".spoiler")).to_have_css(
        "color", await page.locator(".words").last.evaluate("e => getComputedStyle(e).color")
    )
    await page.locator("a.skip").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()


async def test_a_message_is_said_once_and_one_that_keeps_changing_when_it_stands_still(browser: Browser, stage: Stage) -> None:
    """Nothing of one's own, nothing that is only drawn again, and of a plan under way its end alone."""
    page = await opened(browser, PHONE)
    await page.clock.install()
    await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))
    await page.goto(stage.url)
    heard = page.locator("#heard p")
    await _say(page, "hello")
    await expect(heard).to_have_text(["bot: You said: hello"])
    card = await stage.bot.send_message(stage.chat, "Plan 27", reply_markup=CARD)
    await expect(heard).to_have_count(2)
    assert await heard.last.text_content() == "bot: Plan 27\nConfirm, Edit, Skip, Snooze 1 h, Details"
    for done in (1, 2, 3):
        await stage.bot.edit_message_text(f"Executing {done} of 3", stage.chat, card.message_id)
        await expect(page.locator("#log").get_by_text(f"Executing {done} of 3")).to_be_attached()
    await page.locator("#language").select_option("es")
    await expect(page.get_by_placeholder("Mensaje")).to_be_visible()
    await expect(heard).to_have_count(2)
    await page.clock.run_for(3_000)
    await expect(heard).to_have_text(
        ["bot: You said: hello", "bot: Plan 27 Confirm, Edit, Skip, Snooze 1 h, Details", "bot: Executing 3 of 3"]
    )


async def test_whoever_taps_by_keyboard_stays_at_the_message_and_meets_no_other_button(browser: Browser, stage: Stage) -> None:
    """The focus fell to the beginning of the page with every edit; on a button in its place a second Enter would have pressed that."""
    page = await opened(browser, PHONE)
    await page.goto(stage.url)
    await _say(page, "/status")
    snooze = page.get_by_role("button", name="Snooze 1 h")
    await snooze.focus()
    card = page.locator("article").filter(has=snooze)
    number = int(await card.get_attribute("data-id") or 0)
    await stage.bot.edit_message_text("Still open", stage.chat, number, reply_markup=CARD)
    await expect(page.locator("#log").get_by_text("Still open")).to_be_visible()
    await expect(snooze).to_be_focused()
    stop = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop")]])
    await stage.bot.edit_message_text("Under way", stage.chat, number, reply_markup=stop)
    await expect(page.locator("#log").get_by_text("Under way")).to_be_visible()
    await expect(page.locator(f"article[data-id='{number}']")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Stop")).to_be_focused()


async def test_magnified_nothing_sticks_out_and_little_moves(browser: Browser, stage: Stage) -> None:
    """A desk at 200 and at 400 per cent, a phone at 200."""
    page = await opened(browser)
    await page.goto(stage.url)
    for words in ("/status", "/picture", "/slow"):
        await _say(page, words)
    await expect(page.locator("#typing")).to_be_visible()
    assert await page.evaluate("document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime > 10).length") == 0
    await expect(page.locator("a.document")).to_be_attached()
    reached = "all => all.filter(e => e.checkVisibility() && !e.matches('.skip')).map(e => [e.innerText, e.getBoundingClientRect()])"
    for width, height in ((640, 400), (320, 512), (195, 422)):
        await page.set_viewport_size({"width": width, "height": height})
        await expect(page.locator(".strip").get_by_role("button", name="Make something happen")).to_be_visible()
        for name, box in await page.locator("button, a, select, textarea, .badge").evaluate_all(reached):
            assert 0 <= box["left"] < box["right"] <= width, name
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.locator("#scroll").evaluate("e => e.scrollWidth <= e.clientWidth && e.clientHeight >= 100")
