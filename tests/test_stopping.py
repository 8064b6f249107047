"""A stop is obeyed within ten seconds, whatever the program is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

#: CI runs them after the plain run
pytestmark = pytest.mark.long

BUSY = """
import asyncio, time
from chatbot.__main__ import _until_stopped

async def work():
    print("up", flush=True)
    while True:
        time.sleep(0.05)  # and never lets the loop go

asyncio.run(_until_stopped(work()))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_stop_is_obeyed_although_the_loop_is_never_free(number: signal.Signals) -> None:
    """A market that runs an hour a second kept the loop to itself for longer."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    begun = time.monotonic()
    process.send_signal(number)
    assert process.wait(15) == 0
    assert time.monotonic() - begun < 10
    process.stdout.close()


HALF_A_LOOP = """
import os, signal, sys
from asyncio import selector_events
from chatbot.__main__ import main

made = selector_events.BaseSelectorEventLoop._make_self_pipe

def stopped_while_made(self):
    os.kill(os.getpid(), signal.SIGTERM)
    made(self)

selector_events.BaseSelectorEventLoop._make_self_pipe = stopped_while_made
sys.exit(main(["run"]))
"""


def test_a_stop_that_comes_while_the_loop_is_made_is_a_clean_one(tmp_path: Path) -> None:
    """The loop that was left by half could not be put away, and said so with a traceback."""
    settings = {"CHATBOT_TELEGRAM_TOKEN": "123456:" + "a" * 35, "CHATBOT_DATA_DIR": str(tmp_path), "CHATBOT_MARKET": "simulated"}
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CHATBOT_TELEGRAM_API_URL": "http://127.0.0.1:9", **settings}
    done = subprocess.run([sys.executable, "-c", HALF_A_LOOP], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


AFTER_THE_LOOP = """
import asyncio, os, signal
from chatbot.__main__ import _run_until_stopped

_run_until_stopped(asyncio.sleep(0))
os.kill(os.getpid(), signal.SIGTERM)
print("put away")
"""


def test_a_stop_that_comes_after_the_loop_breaks_nothing_off() -> None:
    """Somebody asks once more while what the program leaves behind is put away."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", AFTER_THE_LOOP], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "put away\n"), done.stderr
