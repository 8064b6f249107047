"""/report in the chat: years, a period in words, the three files as documents, and nothing invented where nothing happened."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.i18n import Catalogue
from chatbot.reports.tax.books import books
from chatbot.reports.tax.entries import BookKind, Entry, Journal
from chatbot.reports.tax.files import Format
from handlers.views.past import report as views
from tests.handlers.views.view_examples import portfolio
from tests.moments import after
from tests.person import START, someone
from tests.places import LOCALE
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from handlers.loopback import Message
    from tests.person import Someone

D = Decimal


async def traded(ann: Someone) -> None:
    """Deposit a coin, carry out the first plan, then another with other weights."""
    await ann.set_up()
    await ann.confirm()
    await ann.step()
    await ann.say("/deposit 0.01 BTC")
    await ann.say("/targets BTC 20 ETH 40 ALT 20 USDT 20")
    await ann.tap("Plan now")
    await ann.confirm()
    await ann.step()


def rows(message: Message) -> list[dict[str, str]]:
    """Return the rows of the file of a message."""
    assert message.attachment is not None
    return list(csv.DictReader(io.StringIO(message.attachment.data.decode())))


@pytest.mark.long
async def test_from_the_chat_to_the_file(tmp_path: Path) -> None:
    """The year's file holds every fill of the journal and the deposit; its sums are those of the caption; buttons bring the other two."""
    async with after(traded, tmp_path, source=LivelyMarket) as ann:
        page = await ann.say("/report")
        assert "2026" in page
        await ann.tap("2026")
        told, sent = rows(ann.last), ann.last
        assert "Report · 2026" in sent.text
        assert "Realised: coins" in sent.text
        fills = sum(1 for plan in await ann.plans() for leg in plan.legs if leg.filled and not leg.is_transfer)
        kinds = [row["kind"] for row in told]
        assert kinds.count("deposit") == 1
        assert {"buy", "sell", "deposit"} <= set(kinds)
        assert len({(row["plan"], row["instrument"], row["kind"]) for row in told if row["plan"]}) == fills
        paid = sum(leg.fee for plan in await ann.plans() for leg in plan.legs)
        assert sum(D(row["fee_usd"]) for row in told if row["fee_usd"]) == paid
        sold = [row for row in told if row["kind"] == "sell"]
        assert sold
        assert all(D(row["gain_usd"]) == D(row["proceeds_usd"]) - D(row["cost_usd"]) for row in sold)
        await ann.tap("Koinly", on=sent)
        assert "Received Currency" in rows(ann.last)[0]
        await ann.tap("CoinTracker", on=sent)
        assert rows(ann.last)[0].keys() >= {"Received Quantity", "Tag"}


@pytest.mark.long
async def test_periods_behind_the_command(tmp_path: Path) -> None:
    """In words; a period without anything is an empty file that says so, one that cannot be read is answered, the beginning is known."""
    async with after(traded, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/report January 2026")
        assert "0 trades" not in ann.last.text
        assert ann.last.attachment is not None
        await ann.tap("Koinly")
        assert rows(ann.last)
        await ann.say("/report 2025")
        assert "0 trades" in ann.last.text
        assert rows(ann.last) == []
        assert "Write it like 2025" in await ann.say("/report soon")
        await ann.say("/report last 30 days")
        ann.sees("7 Dec 2025 – 5 Jan 2026")
        await ann.say("/report everything")
        assert "everything" in ann.last.text


@pytest.mark.long
async def test_a_card_says_behind_more_what_it_would_realise(tmp_path: Path) -> None:
    """By the books: the sum is what the year has gained once it is done at the prices of the card; a plan that is over says nothing."""
    async with after(traded, tmp_path, source=LivelyMarket) as ann:

        async def realised() -> Decimal:
            await ann.say("/report everything")
            return sum((D(row["gain_usd"]) for row in rows(ann.last) if row["gain_usd"]), D(0))

        before = await realised()
        await ann.say("/targets BTC 30 ETH 10 ALT 20 USDT 40")
        await ann.tap("Plan now")
        card = ann.with_button("Confirm")
        await ann.tap("More", on=card)
        told = re.search(r"It would realise (\S+) \(first in, first out, after fees\)", ann.last.text)
        assert told is not None, ann.last.text
        await ann.tap("Back to the plan")
        await ann.confirm()
        assert float(await realised() - before) == pytest.approx(float(told[1].replace("$", "").replace("−", "-")), abs=0.3)
        assert before


@pytest.mark.long
async def test_who_answers_the_first_card_at_once_knows_what_it_realised(tmp_path: Path) -> None:
    """Before the first check: nothing was written down of what was held, so that all of it had a cost that nobody knew, for ever."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=LivelyMarket(clock)) as ann:
        await ann.type_in("0.1 BTC, 1 ETH, 5000 USDT")
        await ann.tap("All done")
        await ann.step()
        assert "without a known cost" not in await ann.say("/report")
        await ann.say("/report 2026")
        ann.sees("Realised: coins −$1.25")
        assert {row["instrument"] for row in rows(ann.last) if row["kind"] == "opening"} == {"BTC", "ETH", "USDT"}


def test_what_nobody_knows_is_a_dash() -> None:
    """All that was sold had a cost that nobody knows: what that realised is no 0, neither for the year nor under its file."""
    sold = Entry(at=START, kind=BookKind.SELL, instrument="BTC", qty=D(-1), price=D(100))
    told, words = books(Journal(quote="USDT", entries=(sold,)), UTC), Catalogue(LOCALE).words("en")
    assert re.search(r"2026 +— +\$0\.00", views.overview(words, portfolio(), told).text)
    assert "Realised: coins —" in views.caption(words, portfolio(), told, "2026", "2026", Format.OURS).text
    bought = Entry(at=START, kind=BookKind.BUY, instrument="ETH", qty=D(1), price=D(100))
    won = replace(bought, kind=BookKind.SELL, qty=D(-1), price=D(110))
    told = books(Journal(quote="USDT", entries=(bought, sold, won)), UTC)
    assert "Realised: coins +$10.00" in views.caption(words, portfolio(), told, "2026", "2026", Format.OURS).text


async def fresh(ann: Someone) -> None:
    """Set a portfolio up, and confirm nothing."""
    await ann.set_up()


async def test_nothing_yet(tmp_path: Path) -> None:
    """Without a trade or a deposit there is nothing to tell."""
    async with after(fresh, tmp_path, source=LivelyMarket) as ann:
        assert "nothing to report yet" in await ann.say("/report")
