"""A stop is obeyed within ten seconds, whatever the program is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.places import ROOT

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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
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
