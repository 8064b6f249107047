"""Every kind of message has one renderer, and rows of another version stop nobody."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import InternalError
from chatbot.i18n import Catalogue
from chatbot.model import Message, MessageKind
from chatbot.store import messages
from handlers.transport import rendering
from tests.moments import after
from tests.person import ANN, Someone
from tests.places import LOCALE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


WORDS = Catalogue(LOCALE).words("en")


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


def test_every_kind_of_message_has_exactly_one_renderer() -> None:
    """A kind without one would be written down and never delivered."""
    ways = (rendering.CARDS, rendering.ABOUT_PLANS, rendering.ABOUT_PEOPLE, rendering.ABOUT_PORTFOLIOS, {MessageKind.DIGEST})
    assert Counter(kind for way in ways for kind in way) == dict.fromkeys(MessageKind, 1)
    assert len(MessageKind) > 20


async def test_a_kind_of_another_version_is_read_and_only_its_own_delivery_fails(chat: Someone) -> None:
    """The error names it, so that the operator knows what was lost."""
    now = chat.program.clock.now()
    async with chat.program.db.transaction() as tx:
        await messages.post(tx, chat_id=-7, kind=MessageKind("moon_alert"), facts={"portfolio_id": 1}, key="k", now=now)
        (read,) = [message for message in await messages.due(tx, now) if message.chat_id == -7]
    assert (read.kind, read.kind in set(MessageKind)) == ("moon_alert", False)
    with pytest.raises(InternalError, match="moon_alert"):
        await rendering.view_of(chat.program, WORDS, read)


async def test_a_trigger_of_another_version_is_left_out_of_an_alert(chat: Someone) -> None:
    """What is known of the others is told; where it was alone nothing is."""
    numbers = {"subject": "", "event": "begin", "suppressed": False, "reading": "20", "enter": "25", "leave": "30", "size": "1"}
    steps = [{"trigger": trigger, **numbers} for trigger in ("moon_phase", "fear_greed")]

    def alert(told: list[dict[str, object]]) -> Message:
        return Message(id=1, chat_id=ANN.id, kind=MessageKind.SIGNALS, facts={"portfolio_id": 1, "steps": told}, key="k")

    view = await rendering.view_of(chat.program, WORDS, alert(steps))
    assert view is not None
    assert "Fear" in view.text
    assert await rendering.view_of(chat.program, WORDS, alert(steps[:1])) is None
