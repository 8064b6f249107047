"""/users: everybody who ever wrote to the bot, a page at a time, whoever asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import Person, Role
from chatbot.store import accounts
from tests.person import ANN, someone

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_operator_turns_the_pages_and_blocks_somebody_on_the_last(tmp_path: Path) -> None:
    async with someone(tmp_path, operator_ids=str(ANN.id)) as ann:
        async with ann.program.db.transaction() as tx:
            for number in range(100, 165):
                role = Role.PENDING if number == 164 else Role.MEMBER
                await accounts.add_person(tx, Person(id=number, chat_id=number, name=f"P{number}", role=role))
        await ann.say("/users")
        ann.sees("66 people", "Page 1 of 3")
        assert ann.last.text.split("\n")[1].startswith("P164"), "who asks stands first"
        await ann.taps("More", "More")
        ann.sees("P163", "Page 3 of 3")
        assert "More" not in ann.last.buttons
        await ann.tap("Block P163")
        ann.sees("P163 is blocked.")
        await ann.say("/users")
        await ann.taps("More", "Back")
        ann.sees("Page 1 of 3")
