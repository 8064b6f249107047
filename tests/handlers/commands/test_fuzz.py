"""Chance at the keyboard: any text in any state of any dialog gets an answer, and never an apology."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.bot import COMMANDS
from handlers.loopback.markup import plain
from tests.examples import examples
from tests.person import ANN, someone

if TYPE_CHECKING:
    from tests.person import Someone

#: taps that lead into each state in which text is waited for, or not
STATES = {
    "nothing": (),
    "welcome": ("/start",),
    "amount": ("/start", "Demo portfolio"),
    "strategy": ("/start", "Demo portfolio", "10,000"),
    "weights": ("/start", "Demo portfolio", "10,000", "Own weights"),
    "holdings": ("/start", "Type in my holdings"),
    "correct": (
        "/start",
        "Type in my holdings",
        "BTC 1 USDT 1000",
        "That is right",
        "Yes",
        "Balanced",
        "Use Balanced",
        "/status",
        "Correct amounts",
    ),
    "zone": ("/settings", "Time zone"),
}
_COMMANDS = st.sampled_from([f"/{name}" for name in COMMANDS])
_WORDS = st.text(max_size=60) | st.sampled_from(
    ["BTC 40", "ETH", "USDT 60", "100 %", "Europe/Madrid", "5k", "<b>", "&amp;", "{0}", "-1", "0"]
)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=4).map(" ".join) | st.tuples(_COMMANDS, _WORDS).map(" ".join)
_SAYS = st.tuples(st.just("say"), _TEXTS.filter(lambda text: bool(plain(text).text)))
_TAPS = st.tuples(st.just("tap"), st.integers(min_value=0, max_value=30))


async def act(chat: Someone, kind: str, what: object) -> None:
    """Write something, or tap one of the buttons that are in sight."""
    before = chat.newest
    if kind == "say":
        answer = await chat.say(str(what))
        assert answer, f"silence after {what!r}"
        assert "went wrong" not in answer, f"{what!r} broke it"
        return
    buttons = [(message, label) for message in chat.loopback.chat(ANN.id)[-4:] for label in message.buttons]
    if buttons:
        message, label = buttons[int(str(what)) % len(buttons)]
        await chat.tap(label, on=message)
        assert "went wrong" not in chat.since(before), f"the tap on {label!r} broke it"


async def play(state: str, acts: list[tuple[str, object]]) -> None:
    """Bring a fresh program into a state and let chance act."""
    with tempfile.TemporaryDirectory() as folder:
        async with someone(Path(folder)) as chat:
            for step in STATES[state]:
                await (chat.say(step) if step.startswith(("/", "BTC")) else chat.tap(step))
            for kind, what in acts:
                await act(chat, kind, what)


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.too_slow])
@given(state=st.sampled_from(sorted(STATES)), acts=st.lists(_SAYS | _TAPS, min_size=1, max_size=12))
def test_any_text_and_any_tap_in_any_state_is_answered(state: str, acts: list[tuple[str, object]]) -> None:
    """No exception, no silence, every tap answered, every view accepted by a server as strict as Telegram."""
    asyncio.run(play(state, acts))


@pytest.mark.long
async def test_every_state_can_be_reached() -> None:
    """Otherwise chance would play somewhere else than it says."""
    for state in STATES:
        await play(state, [("say", "hello")])
