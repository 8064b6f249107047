"""The test exchange beside the demo: a newcomer connects it with the key that the demo prints, and sees what a key doctor sees."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.stand import standing
from tests.person import START, someone
from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["binance", "bybit"])
async def test_the_key_that_the_demo_prints_is_connected_and_reads_an_account_of_play_money(tmp_path: Path, name: str) -> None:
    """Its coins are those of the demo's market; no word of the secret stays in the chat."""
    clock = ManualClock(START)
    async with (
        standing(name, clock) as stand,
        someone(tmp_path, clock=clock, secret_keys=stand.master_key, exchange_options={name: stand.options}) as ann,
    ):
        await stand.follow(ann.program.source)
        await ann.say("/connect")
        await ann.taps(name.capitalize(), "Send it here")
        answer = await ann.say(stand.key)
        assert "Connected" in answer, answer
        assert re.search(r"Withdraws +no", answer)
        assert "0.04 BTC" in answer
        assert "6,000 USDT" in answer
        assert "Watch this account" in ann.last.buttons
        assert stand.server.asked("place") == []
        assert not [one for one in ann.loopback.chat(ann.user.id) if stand.key.split()[1] in one.text]


@pytest.mark.long
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
