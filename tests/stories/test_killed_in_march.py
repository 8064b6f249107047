"""kill -9 in the middle of March 2020: between two chat steps and at every step of the execution, the books end as if nothing had been.

The program runs as a process of its own with real DBOS; Telegram stays here and remembers what was said. The market stands still at the
moment of the plan, so that both ends can be held against each other to the last digit.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import tempfile
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from handlers.loopback import Loopback
from tests.person import ANN, someone
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

#: one look at a working order in a minute: the replay moves by the minute
PACE = Pace(poll_s=60.0, look_s=60.0)
BEGIN = datetime(2020, 2, 15, 12, 0, tzinfo=UTC)
CRASH = datetime(2020, 3, 12, 11, 0, tzinfo=UTC)
LIMIT_S = 100
#: of the plain run the death at every step is that of `tests/execution/test_crash.py`
pytestmark = [needs_history, pytest.mark.slow]

#: the first life only writes the tap down, the second commits the Confirm and dies before its answer, the others die at every kind of step;
#: the futures go first; the buys, legs 2 to 7, run side by side, and DOGE, leg 5, is the one that goes on longest
CHAIN = (
    "journaled", "answering", "begun", "intended-0", "lost-0", "quarantine-0", "resent-0", "acted-0", "sized",
    "answered-5", "sent-plan_progress", "acted-5#2", "ended-5", "replanned", "acted-8", "measured", "finished", "sent-plan_result",
)  # fmt: skip
#: every step of a leg of each kind, for the long run
EVERY = (
    "begun", *(f"{point}-0" for point in ("intended", "acted", "answered")), "sized",
    *(f"{point}-5" for point in ("intended", "acted", "answered")), "ended-5", "replanned",
    *(f"{point}-8" for point in ("intended", "acted", "answered")), "measured", "finished",
)  # fmt: skip


class Phone:
    """Ann's chat, which outlives the program, behind a socket."""

    def __init__(self, loopback: Loopback) -> None:
        self.loopback = loopback
        self._request = loopback.request()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one call; a caller that died is not waited for."""
        try:
            size = int.from_bytes(await reader.readexactly(4), "big")
            url, method, data = pickle.loads(await reader.readexactly(size))  # noqa: S301 - from our own child
            answering = asyncio.ensure_future(self._request.do_request(url, method, data))
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                code, body = answering.result()
                writer.write(code.to_bytes(4, "big") + body)
                await writer.drain()
            for task in (answering, gone):
                task.cancel()
            await asyncio.gather(answering, gone, return_exceptions=True)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # killed in the middle of a call
        finally:
            writer.close()


@asynccontextmanager
async def at_the_crash(folder: Path) -> AsyncIterator[tuple[Phone, datetime]]:
    """Open the portfolio in February, fill it, sleep until 12 March, and stop the program when the card is there."""
    clock = ManualClock(BEGIN)
    loopback = Loopback(clock, epoch=1)
    async with someone(folder, clock=clock, loopback=loopback, pace=PACE, market=f"replay:{DATA}", market_start=BEGIN) as ann:
        await ann.set_up()
        await ann.confirm()
        clock.set(CRASH)
        await ann.until_card(step_s=3600)
        await ann.bot.bot.get_updates(offset=ann.turn.offset + 1, timeout=0)  # Telegram lets go of what was handled
        ann.sees("Plan 2")
    yield Phone(loopback), clock.now()


async def lived(folder: Path, deaths: Sequence[str]) -> tuple[dict[str, Any], Phone]:
    """Tap Confirm, let the program die at each point in turn and live to the end; return its books and the chat."""
    async with at_the_crash(folder) as (phone, moment):
        card = phone.loopback.last(ANN.id)
        query = await phone.loopback.tap_old(ANN, card, "Confirm")
        with tempfile.TemporaryDirectory() as short:  # the path of a socket must be short
            socket = str(Path(short) / "s")
            async with asyncio.timeout(LIMIT_S), await asyncio.start_unix_server(phone.serve, socket):
                worker = Path(__file__).with_name("mortal.py")
                process = await asyncio.create_subprocess_exec(
                    sys.executable, str(worker), str(folder), socket, moment.isoformat(),
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                assert process.stdin is not None
                assert process.stdout is not None
                for where in (*deaths, "nowhere"):
                    process.stdin.write(f"{where}\n".encode())
                    ended = (await process.stdout.readline()).decode().strip()
                    assert ended == ("0" if where == "nowhere" else "-9"), f"{where} was never passed"
                process.stdin.close()
                await process.wait()
    answer = phone.loopback.answer(query)
    assert answer is not None, "the tap is answered in the end"
    found: dict[str, Any] = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    return found, phone


@pytest.fixture(scope="module")
def unhurt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Carry the plan out without any death."""
    found, phone = asyncio.run(lived(tmp_path_factory.mktemp("unhurt"), ()))
    assert "Plan 2 · done" in phone.loopback.last(ANN.id).text
    return found


def same(hurt: dict[str, Any], unhurt: dict[str, Any]) -> None:
    """Hold both ends against each other: one Confirm, one set of fills, one set of books."""
    for part in ("state", "number", "legs", "spot", "wallet", "positions"):
        assert hurt[part] == unhurt[part], part
    assert hurt["confirmed"] == 1
    assert hurt["journal"] == hurt["exchange"]
    ids = [name for name, _, _ in hurt["exchange"]]
    assert len(ids) == len(set(ids))


def test_the_unhurt_plan_is_filled_and_the_books_agree(unhurt: dict[str, Any]) -> None:
    # fear has the book closed in the same plan, which therefore takes what there is: less DOGE than wanted trades in that minute
    assert {leg[1]: leg[2] for leg in unhurt["legs"] if leg[2] != "filled"} == {"DOGE": "partial"}
    assert [leg[1] for leg in unhurt["legs"]] == ["BTC-PERP", "ETH-PERP", "ADA", "BNB", "BTC", "DOGE", "ETH", "XRP", "USDT"]
    assert unhurt["journal"] == unhurt["exchange"]
    assert unhurt["confirmed"] == 1


def test_a_program_killed_at_every_step_from_the_tap_to_the_result_ends_with_the_same_books(unhurt: dict[str, Any], tmp_path: Path) -> None:
    found, phone = asyncio.run(lived(tmp_path, CHAIN))
    same(found, unhurt)
    cards = [message.text for message in phone.loopback.chat(ANN.id) if message.text.startswith("DEMO · Balanced · Plan 2")]
    assert len(cards) == 3, "the card, and the result, which rings because DOGE fell short: twice, as whoever sent it died before noting it"
    assert cards[-2] == "DEMO · Balanced · Plan 2\nIts result is below.", "what was sent before points to the last"
    assert cards[-1].startswith("DEMO · Balanced · Plan 2 · done")


def test_no_kind_of_step_is_left_out(unhurt: dict[str, Any]) -> None:
    """A new point in the executor, or a new kind of message about a plan, must get its death here."""
    kinds = {point if point.startswith("sent") else point.partition("-")[0] for point in unhurt["points"]}
    killed = {point if point.startswith("sent") else point.partition("-")[0] for point in CHAIN}
    assert kinds <= killed


def test_a_program_killed_at_every_step_of_a_leg_of_each_kind_ends_with_the_same_books(unhurt: dict[str, Any], tmp_path: Path) -> None:
    found, _ = asyncio.run(lived(tmp_path, EVERY))
    same(found, unhurt)
