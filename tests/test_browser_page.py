"""A person with a browser uses the demo page: a real bot behind it, no network, real Chromium."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from playwright.async_api import async_playwright, expect
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from chatbot.exchanges.markets.episodes import SCENES
from chatbot.web.server import WebServer
from chatbot.web.socket import Around
from handlers.loopback import Loopback, Seat
from tests.languages import CATALOGUE, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page
    from telegram.ext import ContextTypes

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),  # the loop in which the browser lives
]
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
#: Where pictures for the eye go, when somebody asks for them.
PICTURES = os.environ.get("CHAT_PICTURES")

TABLE = """<b>PAPER · Balanced</b>
<b>$98,412.07</b>   -1.6 % today, deposits apart

<pre>            now   target   drift
BTC/ETH   46.2 %  40.0 %   +6.2 ●
ALT       35.1 %  40.0 %   -4.9
Stable     8.9 %  10.0 %   -1.1
1234567890123456789012345678901234567890</pre>
● outside its band of ±5.0 points

Net exposure <code>91 %</code> · beta <code>1.02</code>
<blockquote expandable>Volatility BTC 1.4x usual (cuts at 2.0x)
Funding +0.011 % per 8 h (cuts above 0.050 %)
Fear &amp; Greed 31
Prices 4 s old
Next check in 41 s</blockquote>"""
CARD = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("Confirm", callback_data="confirm", style="success"),
            InlineKeyboardButton("Edit", callback_data="alert"),
            InlineKeyboardButton("Skip", callback_data="skip", style="danger"),
        ],
        [InlineKeyboardButton("Snooze 1 h", callback_data="never"), InlineKeyboardButton("Details", callback_data="x", style="primary")],
    ]
)


def picture() -> bytes:
    image = Image.new("RGB", (800, 420), "#f4f7f8")
    draw = ImageDraw.Draw(image)
    for index, (share, colour) in enumerate([(40, "#0e7490"), (35, "#d97706"), (15, "#64748b"), (10, "#7c3aed")]):
        draw.rectangle((90, 60 + 85 * index, 90 + 15 * share, 115 + 85 * index), fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


async def _start(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    language = update.effective_user.language_code
    await update.effective_message.reply_html(f"Welcome! Your app speaks <b>{language}</b>. Try /status or /picture.")


async def _status(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_message.reply_html(TABLE, reply_markup=CARD)


async def _slow(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_chat.send_action("typing")


async def _picture(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_chat.send_action("upload_photo")
    await update.effective_message.reply_photo(picture(), caption="BTC/ETH 40 · ALT 35 · Futures 15 · Stable 10")
    await update.effective_message.reply_document(b"time,side\n", filename="fills.csv")


async def _tapped(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    if query.data == "confirm":
        await query.answer("Confirmed")
        await query.edit_message_text("<b>PAPER · Plan 27</b>\nExecuting 1 of 4 …", parse_mode="HTML")
    elif query.data == "alert":
        await query.answer("Plan 27 expired at 14:05", show_alert=True)


async def _echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_message.reply_text(f"You said: {update.effective_message.text}")


def _app(loopback: Loopback) -> Application:
    app = Application.builder().token(loopback.token).request(loopback.request()).get_updates_request(loopback.request()).build()
    for name, act in (("start", _start), ("status", _status), ("picture", _picture), ("slow", _slow)):
        app.add_handler(CommandHandler(name, act))
    app.add_handler(CallbackQueryHandler(_tapped))
    app.add_handler(MessageHandler(filters.TEXT, _echo))
    return app


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[WebServer]:
    loopback = Loopback()

    def market() -> dict[str, object]:
        return {"now": "2022-05-09T14:05:00+00:00", "speed": 60, "note": "Simulated prices"}

    async with _app(loopback) as app, WebServer(conversation=Seat(loopback), around=Around(market=market, catalogue=CATALOGUE)) as server:
        await app.bot.set_my_commands([BotCommand("start", "Begin"), BotCommand("status", "Where I stand"), BotCommand("picture", "Look")])
        await app.bot.set_my_commands([BotCommand("start", "Empezar")], language_code="es")
        await app.bot.set_my_description("Keeps a crypto portfolio balanced over spot and futures.")
        await app.start()
        await app.updater.start_polling()
        yield server
        await app.updater.stop()
        await app.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
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


async def _open(
    browser: Browser, server: WebServer, *, width: int = 390, height: int = 844, dark: bool = False, locale: str = "en"
) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale=locale)
    page.set_default_timeout(5000)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("request", lambda asked: asked.url.startswith(server.url) or page.complaints.append(f"asked {asked.url}"))
    await page.goto(server.url)
    return page


async def _look(page: Page, name: str) -> None:
    if PICTURES:
        await page.wait_for_timeout(350)
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def _say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


@pytest.mark.long
async def test_a_conversation_on_a_phone(browser: Browser, server: WebServer) -> None:
    """Start, see a table, tap, see the edit in place and a picture; nothing overflows and nothing leaves the machine."""
    page = await _open(browser, server)
    await expect(page.get_by_text("Keeps a crypto portfolio balanced over spot and futures.")).to_be_visible()
    await _look(page, "1-empty-light")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator("#log").get_by_text("Your app speaks en")).to_be_visible()
    await page.get_by_role("button", name="/status", exact=True).click()
    table = page.locator("pre")
    await expect(table).to_be_visible()
    assert await table.evaluate("e => e.scrollWidth <= e.clientWidth"), "a table of 40 columns must fit a phone"
    await _look(page, "2-status-light")
    await _say(page, "/slow")
    await expect(page.locator("#state")).to_have_text("typing…")
    await expect(page.locator("#typing")).to_be_visible()
    await page.get_by_role("button", name="Snooze 1 h").click()
    await expect(page.locator(".key.waiting")).to_have_text("Snooze 1 h")
    card = page.locator("article").filter(has=table)
    number = await card.get_attribute("data-id")
    await page.get_by_role("button", name="Confirm").click()
    edited = page.locator(f"article[data-id='{number}']")
    await expect(edited).to_contain_text("Executing 1 of 4")
    await expect(edited).to_contain_text("edited")
    await expect(page.locator("#toast")).to_have_text("Confirmed")
    await _say(page, "/picture")
    image = page.locator("article .photo img")
    await expect(image).to_be_visible()
    await page.wait_for_function("() => document.querySelector('article .photo img').naturalWidth === 800")
    await expect(page.locator("a.document")).to_contain_text("fills.csv")
    await _look(page, "3-picture-light")
    await page.get_by_role("button", name="Open the picture").click()
    await expect(page.locator("#viewer-picture")).to_be_visible()
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []


@pytest.mark.long
async def test_text_of_a_person_never_becomes_markup_and_comes_back_to_be_sent_again(browser: Browser, server: WebServer) -> None:
    """An edited message would not act, so the arrow brings the last one back as a new one."""
    page = await _open(browser, server)
    await _say(page, "<img src=x onerror=alert(1)> & <b>x</b>")
    await expect(page.locator("#log").get_by_text("You said: <img src=x onerror=alert(1)> & <b>x</b>")).to_be_visible()
    assert await page.locator("article img").count() == 0
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("<img src=x onerror=alert(1)> & <b>x</b>")
    await page.get_by_role("textbox", name="Message").fill("שלום")
    await page.keyboard.press("Enter")
    await expect(page.locator("#log").get_by_text("You said: שלום")).to_be_visible()
    await expect(page.locator("article.mine")).to_have_count(2)
    assert page.complaints == []


@pytest.mark.long
async def test_the_menu_filters_while_typing_and_obeys_the_keyboard(browser: Browser, server: WebServer) -> None:
    page = await _open(browser, server, dark=True)
    await page.get_by_role("button", name="Commands").click()
    await expect(page.locator("#menu").get_by_role("option")).to_have_count(3)
    await _look(page, "4-menu-dark")
    await page.get_by_role("textbox", name="Message").press_sequentially("/st")
    await expect(page.locator("#menu").get_by_role("option")).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#menu").get_by_role("option", selected=True)).to_contain_text("/status")
    await page.keyboard.press("Enter")
    await expect(page.locator("pre")).to_be_visible()
    await expect(page.locator("#menu")).to_be_hidden()
    await _look(page, "5-status-dark")


@pytest.mark.long
async def test_an_alert_waits_to_be_closed(browser: Browser, server: WebServer) -> None:
    page = await _open(browser, server)
    await _say(page, "/status")
    await page.get_by_role("button", name="Edit", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("Plan 27 expired at 14:05")
    await _look(page, "6-alert-light")
    await page.get_by_role("button", name="OK").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.long
async def test_the_language_of_the_app_reaches_the_bot_and_the_page(browser: Browser, server: WebServer) -> None:
    page = await _open(browser, server)
    await page.locator("#language").select_option("es")
    await expect(page.get_by_placeholder("Mensaje")).to_be_visible()
    await page.get_by_role("button", name="Empezar").click()
    await expect(page.locator("#log").get_by_text("Your app speaks es")).to_be_visible()
    await page.get_by_role("button", name="Comandos").click()
    await expect(page.locator("#menu").get_by_role("option")).to_have_text(["/startEmpezar"])
    await page.keyboard.press("Escape")
    await page.locator("#language").select_option("ar")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await _look(page, "7-arabic-light")


@pytest.mark.long
async def test_the_page_begins_in_the_language_of_the_browser(browser: Browser, server: WebServer) -> None:
    """Before the first word, and once: what is chosen after that stays, and a language that nobody speaks here leaves it as it is."""
    page = await _open(browser, server, locale="sw-TZ")
    await expect(page.get_by_role("button", name="Start")).to_be_visible()
    page = await _open(browser, server, locale="es-MX")
    await expect(page.get_by_placeholder("Mensaje")).to_be_visible()
    await page.get_by_role("button", name="Empezar").click()
    await expect(page.locator("#log").get_by_text("Your app speaks es")).to_be_visible()
    await page.locator("#language").select_option("en")
    await expect(page.get_by_placeholder("Message")).to_be_visible()
    await page.reload()
    await expect(page.get_by_placeholder("Message")).to_be_visible()


@pytest.mark.long
async def test_on_a_desk_the_chat_stands_beside_an_explanation(browser: Browser, server: WebServer) -> None:
    for dark in (False, True):
        page = await _open(browser, server, width=1200, height=800, dark=dark)
        await expect(page.get_by_role("heading", name="Try this")).to_be_visible()
        await expect(page.locator("#side-time")).to_contain_text("UTC")
        await page.locator(".tries").get_by_role("button", name="/status").click()
        await expect(page.locator("pre").last).to_be_visible()
        await _say(page, "/picture")
        await expect(page.locator("a.document").last).to_be_visible()
        await _look(page, f"8-desk-{'dark' if dark else 'light'}")


@pytest.mark.long
async def test_a_reader_who_scrolled_up_stays_there_and_is_told_of_news(browser: Browser, server: WebServer) -> None:
    page = await _open(browser, server)
    for _ in range(3):
        await _say(page, "/status")
    await expect(page.locator("pre")).to_have_count(3)
    await page.locator("#scroll").evaluate("e => { e.scrollTop = 0 }")
    await expect(page.get_by_role("button", name="To the newest")).to_be_visible()
    other = await browser.new_page()
    await other.goto(server.url)
    await _say(other, "from elsewhere")
    await expect(page.locator("#log").get_by_text("You said: from elsewhere")).to_be_attached()
    await page.get_by_role("button", name="To the newest").click()
    await expect(page.locator("#log").get_by_text("You said: from elsewhere")).to_be_in_viewport()


@pytest.mark.long
async def test_the_page_finds_back_after_the_server_was_away(browser: Browser, server: WebServer) -> None:
    page = await _open(browser, server)
    await _say(page, "before")
    await expect(page.locator("#log").get_by_text("You said: before")).to_be_visible()
    await server.close()
    await expect(page.get_by_text("Connection lost, trying again…").first).to_be_visible()
    await _look(page, "9-lost-light")
    await server.start()
    await expect(page.locator("#lost")).to_be_hidden()
    await _say(page, "after")
    await expect(page.locator("#log").get_by_text("You said: after")).to_be_visible()
    await expect(page.locator("#log").get_by_text("You said: before")).to_be_visible()


@pytest_asyncio.fixture(loop_scope="module")
async def stage() -> AsyncIterator[tuple[WebServer, list[str]]]:
    """Give a page with a made-up market beside it, and what was made to happen there."""
    played: list[str] = []
    loopback = Loopback()

    async def play(name: str) -> None:
        played.append(name)

    def market() -> dict[str, object]:
        last = {"name": played[-1], "moved_to": "2025-03-02T21:50:00+00:00"} if played else None
        return {
            "now": "2025-03-02T21:50:00+00:00" if played else "2025-03-02T08:00:00+00:00",
            "speed": 1,
            "note": "simulated",
            "played": last,
        }

    around = Around(market=market, scenes=tuple(SCENES), play=play, catalogue=CATALOGUE)
    async with _app(loopback) as app, WebServer(conversation=Seat(loopback), around=around) as server:
        await app.start()
        await app.updater.start_polling()
        yield server, played
        await app.updater.stop()
        await app.stop()


@pytest.mark.long
@pytest.mark.parametrize("dark", [False, True])
async def test_on_a_phone_the_menu_makes_something_happen_and_the_clock_shows_it(
    browser: Browser, stage: tuple[WebServer, list[str]], dark: bool
) -> None:
    server, played = stage
    page = await _open(browser, server, dark=dark)
    await page.get_by_role("button", name="Make something happen").click()
    menu = page.get_by_role("dialog", name="Make something happen")
    await expect(menu.get_by_role("listitem")).to_have_count(len(SCENES))
    await _look(page, f"10-stage-phone-{'dark' if dark else 'light'}")
    await menu.get_by_role("button", name="Extreme fear Fear").click()
    await expect(menu).to_be_hidden()
    await expect(page.locator("#toast")).to_have_text("Extreme fear. The market was moved forward to Mar 2, 21:50 UTC.")
    await expect(page.locator("#strip-time")).to_have_text("Mar 2, 21:50 UTC")
    assert played == ["panic"]
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await _look(page, f"11-played-phone-{'dark' if dark else 'light'}")
    assert page.complaints == []


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "es", "ru"])
async def test_on_a_desk_the_menu_obeys_the_keyboard_in_every_language_of_the_bot(
    browser: Browser, stage: tuple[WebServer, list[str]], language: str
) -> None:
    server, played = stage
    page = await _open(browser, server, width=1200, height=800, dark=language == "ru")
    await expect(page.locator("#language option")).to_have_count(len(LANGUAGES))  # the page asks for them once it stands
    assert await page.locator("#language option").evaluate_all("all => all.map(one => one.value)") == [
        language.replace("_", "-").lower() for language in LANGUAGES
    ]
    await page.locator("#language").select_option(language)
    opener = page.locator(".side .happen")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#stage")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#stage")).to_be_hidden()
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator("#scenes button").nth(1).focus()
    await page.keyboard.press("Tab")
    words = await page.locator("#scenes button").evaluate_all("all => all.map(one => [...one.children].map(part => part.textContent))")
    assert all(title and title not in SCENES and sentence for title, sentence in words), words
    assert language == "en" or not any("portfolio" in sentence or "leverage" in sentence for _, sentence in words)
    await _look(page, f"12-stage-desk-{language}")
    await page.keyboard.press("Enter")
    await expect(page.locator("#side-played")).to_contain_text(words[2][0])
    assert played == [tuple(SCENES)[2]]
    assert await page.locator("#side-note").text_content() != "simulated"
    await _look(page, f"13-played-desk-{language}")
    assert page.complaints == []


@pytest.mark.long
async def test_a_market_that_nobody_stages_shows_no_menu(browser: Browser, server: WebServer) -> None:
    page = await _open(browser, server)
    await expect(page.locator("#strip-time")).to_contain_text("UTC")
    assert await page.locator(".happen:visible").count() == 0
