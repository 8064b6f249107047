"""From the first key to the first confirmed plan with real money, at each exchange: the chat, and the form behind HTTPS in Chromium."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.async_api import async_playwright, expect

from chatbot.exchanges.testserver.account import Right
from chatbot.model import PlanState
from chatbot.web.key_form import KeyForm
from chatbot.web.server import WebServer
from handlers.transport.key_form import KeyFormAnswers
from tests.stories.at_exchange import API_KEY, NAMES, SECRET, agree, beside, theirs, venue
from tests.test_browser_key_form import free_port, look
from tests.test_browser_page import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Page

    from tests.person import Someone

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine"),
]


def certificate(folder: Path) -> ssl.SSLContext:
    """Return what an operator's proxy shows to browsers."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signed = made.sign(key, hashes.SHA256())
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "proxy.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain) + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def proxy(outside: int, inside: int, folder: Path) -> AsyncIterator[None]:
    """End TLS on a port and hand everything on to another one, as the operator's proxy does."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection("127.0.0.1", inside)
        await asyncio.gather(hand_on(reader, downstream), hand_on(upstream, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", outside, ssl=certificate(folder))
    try:
        yield
    finally:
        server.close()


@pytest.mark.parametrize("exchange", ["binance", *(pytest.param(one, marks=pytest.mark.slow) for one in ("bybit", "bingx"))])
async def test_from_the_first_key_to_the_first_confirmed_plan(tmp_path: Path, exchange: str) -> None:
    """A key that may withdraw is refused on the form; the next one is kept, watched, agreed to, and carries out a tenth, order by order."""
    inside, outside = free_port(), free_port()
    async with (
        venue(exchange) as server,
        beside(server, tmp_path / "data", public_url=f"https://localhost:{outside}") as ann,
        WebServer(port=inside, key_form=KeyForm(KeyFormAnswers(ann.program), f"https://localhost:{outside}")),
        proxy(outside, inside, tmp_path),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await (await browser.new_context(ignore_https_errors=True, java_script_enabled=False)).new_page()
        await ann.say("/start")
        await ann.say("/connect")
        theirs(server).rights |= {Right.WITHDRAW}
        await send(page, await form_of(ann, exchange))
        await ann.work()
        ann.sees("The key was not kept", NAMES[exchange], "withdraw")
        theirs(server).rights -= {Right.WITHDRAW}
        await ann.say("/connect")
        await send(page, await form_of(ann, exchange))
        await expect(page.get_by_role("heading")).to_have_text("Connected")
        await look(page, f"first-key-{exchange}")
        await ann.work()
        ann.sees("Connected", f"{NAMES[exchange]} …0001", "USDT")
        assert f"WATCH · {NAMES[exchange]}" in (await ann.taps("Watch this account")).text
        assert "From now on I trade here with real money." in await agree(ann)
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        card = await ann.say("/rebalance")
        assert f"LIVE · {NAMES[exchange]}" in card
        assert "Plan 1" in card
        plan = await ann.confirm()
        assert plan.state is PlanState.DONE
        assert "done in" in ann.last.text
        sent = theirs(server).orders
        assert len(sent) >= len([leg for leg in plan.legs if not leg.is_transfer]) > 0
        assert sum((leg.notional for leg in plan.legs), Decimal(0)) <= Decimal(6_500)
        await browser.close()


async def form_of(ann: Someone, exchange: str) -> str:
    """Choose the exchange and return where its form is."""
    guide = await ann.taps(NAMES[exchange])
    return next(str(button["url"]) for row in guide.keyboard for button in row if button["text"] == "Open the form")


async def send(page: Page, form: str) -> None:
    """Fill the form in and send it."""
    await page.goto(form)
    await page.get_by_label("API key").fill(API_KEY)
    await page.get_by_label("Secret").fill(SECRET)
    await page.get_by_role("button").click()
    await expect(page.get_by_label("Secret")).to_have_count(0)
