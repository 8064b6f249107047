"""The test exchange beside the demo: a newcomer connects it with the key that the demo prints, and sees what a key doctor sees."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from chatbot.app import OwnExchange
from chatbot.clock import ManualClock
from chatbot.exchanges.own_exchange import running
from chatbot.model import PlanState
from handlers.views.person.key_guides import name_of
from tests.person import START, someone
from tests.places import ROOT
from tests.stories.at_exchange import doctor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.exchanges.own_exchange import RunningExchange
    from tests.person import Someone


@asynccontextmanager
async def beside(folder: Path, name: str) -> AsyncIterator[tuple[Someone, RunningExchange]]:
    """Sit down at the demo page with a test exchange beside it."""
    clock = ManualClock(START)
    async with (
        running(name, clock) as test_exchange,
        someone(
            folder,
            clock=clock,
            secret_keys=test_exchange.master_key,
            exchange_options={name: {**test_exchange.options, "timeout_on_exit": 0, "enableRateLimit": False}},
            own_exchange=OwnExchange(f"{name}:own", test_exchange.key),
        ) as ann,
    ):
        ann.program.keyring._ask = doctor(clock, test_exchange.options)
        await test_exchange.follow(ann.program.source)
        yield ann, test_exchange


@pytest.mark.parametrize("name", ["binance", "bybit", *(pytest.param(one, marks=pytest.mark.slow) for one in ("bingx", "mexc", "weex"))])
async def test_connect_shows_the_key_and_reads_an_account_of_play_money(tmp_path: Path, name: str) -> None:
    """Its coins are those of the demo's market; no word of the secret stays in the chat beside what was shown to everybody."""
    async with beside(tmp_path, name) as (ann, test_exchange):
        guide = await ann.say("/connect")
        assert f"TEST · {name_of(name)} test" in guide
        assert test_exchange.key in guide
        assert test_exchange.key in (await ann.taps("Send it here")).text, "it is still there to be copied"
        answer = await ann.say(test_exchange.key)
        assert "Connected" in answer, answer
        assert f"TEST · {name_of(name)} test …" in answer
        assert re.search(r"Withdraws +no", answer) or f"{name_of(name)} test does not say whether it can withdraw" in answer
        assert "0.04 BTC" in answer
        assert "6,000 USDT" in answer
        assert "Watch this account" in ann.last.buttons
        assert test_exchange.server.asked("place") == []
        assert not [one for one in ann.loopback.chat(ann.user.id) if one.sender and test_exchange.key.split()[1] in one.text]


@pytest.mark.long
@pytest.mark.parametrize("name", ["binance", "bybit", *(pytest.param(one, marks=pytest.mark.slow) for one in ("bingx", "mexc", "weex"))])
async def test_a_plan_on_the_test_exchange_is_marked_and_needs_no_permission(tmp_path: Path, name: str) -> None:
    """From /start to a plan that is done, each message with its mark; CHATBOT_ALLOW_LIVE is off, and the server holds the orders."""
    marked = f"TEST · {name_of(name)}"
    async with beside(tmp_path, name) as (ann, test_exchange):
        await ann.say("/start")
        await ann.taps("Connect an exchange", "Send it here")
        await ann.say(test_exchange.key)
        watching = (await ann.taps("Watch this account")).text
        assert f"{marked} · only watched" in watching
        assert marked in await ann.say("/status")
        assert marked in await ann.say("/portfolios")
        assert "no real money moves" in await ann.say("/mode")
        asked = await ann.say("/live")
        assert "Trade on this test account?" in asked
        assert "real money?" not in asked
        await ann.say("trade with real money")  # of another account
        assert "only watched" in await ann.say("/status")
        await ann.say("/live")
        agreed = await ann.say("Trade with test money")
        assert f"{marked}" in agreed
        assert "only watched" not in agreed
        await ann.say("/targets BTC 50 ETH 20 USDT 30")
        card = await ann.say("/rebalance")
        assert marked in card
        assert "real money" not in card
        assert (await ann.confirm()).state is PlanState.DONE
        assert marked in ann.last.text
        assert test_exchange.server.asked("place")
        assert not [one for one in ann.messages if "LIVE ·" in one.text]


@pytest.mark.long
async def test_without_it_its_portfolio_does_nothing_and_no_real_exchange_is_asked(tmp_path: Path) -> None:
    """A demo that is started again on the same folder, without a test exchange beside it."""
    async with beside(tmp_path, "binance") as (ann, test_exchange):
        await ann.say("/connect")
        await ann.taps("Send it here")
        await ann.say(test_exchange.key)
        await ann.taps("Watch this account")
    async with someone(tmp_path, clock=ann.clock, loopback=ann.loopback, secret_keys=test_exchange.master_key) as ann:
        assert {quoted.world for quoted in ann.program.markets} == {""}
        assert "it belongs to the market" in await ann.say("/status")


@pytest.mark.slow
def test_the_demo_starts_with_it_and_prints_its_key(tmp_path: Path) -> None:
    """The whole process, as its first line tells a newcomer to use it; what it seals is opened again after a restart."""
    for _ in range(2):
        command = [sys.executable, "-m", "chatbot", "demo", "--exchange", "binance", "--data", str(tmp_path / "kept")]
        demo = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert demo.stdout is not None
            until = time.monotonic() + 60
            said = [demo.stdout.readline() for _ in range(4) if time.monotonic() < until]
        finally:
            demo.terminate()
            _, trouble = demo.communicate(timeout=30)
        assert said[0].startswith("Ballast demo: http://127.0.0.1:")
        assert "test exchange" in said[1]
        assert len(said[2].strip()) >= 32
        assert len(said[3].strip()) >= 32
        assert trouble == ""
