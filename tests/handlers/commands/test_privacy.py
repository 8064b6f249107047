"""/privacy: what is stored is handed out whole, and what is deleted is gone from the file as well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from chatbot.model import Role
from chatbot.store import accounts, privacy
from handlers.loopback import TelegramUser
from tests.person import ANN, BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ZOE = TelegramUser(id=77, name="Zoe Quetzalcoatl")


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann runs the bot and has a portfolio."""
    async with someone(tmp_path, operator_ids=str(ANN.id)) as found:
        await found.set_up()
        yield found


async def zoe_beside(ann: Someone) -> Someone:
    """Let Zoe in, with a portfolio whose first plan is done."""
    zoe = ann.beside(ZOE)
    await zoe.say("/start")
    async with ann.program.db.read() as tx:
        operator = await accounts.person(tx, ANN.id)
    assert operator is not None
    await ann.program.access.decide(operator, ZOE.id, Role.MEMBER)
    await zoe.set_up()
    await zoe.confirm()
    return zoe


async def stored(ann: Someone, user: TelegramUser) -> dict[str, object]:
    async with ann.program.db.read() as tx:
        return await privacy.export_person(tx, user.id)


def bytes_in(folder: Path) -> bytes:
    """Return all that lies on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.long
async def test_everything_is_handed_out_as_a_file(ann: Someone) -> None:
    """The rows of who asks and nobody else's, as JSON that any program reads."""
    zoe = await zoe_beside(ann)
    await zoe.say("/privacy")
    await zoe.tap("My data as a file")
    sent = zoe.last.attachment
    assert sent is not None
    assert sent.name == "ballast-my-data.json"
    assert zoe.last.text == "Everything I have stored about you, table by table."
    found = json.loads(sent.data)
    assert found == json.loads(json.dumps(await stored(ann, ZOE)))
    assert [one["name"] for one in found["people"]] == [ZOE.name]
    assert {"portfolios", "plans", "legs", "orders", "accounts"} <= found.keys()


@pytest.mark.long
async def test_what_is_damaged_is_handed_out_as_it_stands_and_goes_with_the_rest(ann: Someone) -> None:
    """One field that could not be read kept back everything."""
    whole = await stored(ann, ANN)
    async with ann.program.db.transaction() as tx:
        for change in ("pf_portfolios SET strategy = '{', created_at = 'x'", "pf_legs SET price = 'NaN'", "pf_accounts SET body = x'ff'"):
            await tx.execute(text(f"UPDATE {change}"))
    await ann.say("/privacy")
    await ann.tap("My data as a file")
    sent = ann.last.attachment
    assert sent is not None
    found: dict[str, Any] = json.loads(sent.data)
    assert found["plans"] == json.loads(json.dumps(whole["plans"]))
    assert (found["portfolios"][0]["strategy"], found["portfolios"][0]["created_at"]) == ("{", "x")
    assert found["portfolios"][0]["paused"] is False
    assert {leg["price"] for leg in found["legs"]} == {"NaN"}
    await ann.say("/privacy")
    await ann.taps("Delete everything…", "Delete everything")
    assert await stored(ann, ANN) == {}


@pytest.mark.long
async def test_what_is_deleted_is_gone_and_nobody_else_notices(ann: Someone, tmp_path: Path) -> None:
    """No row and no byte of the name; the check that comes next looks at the others, and Zoe is a stranger again."""
    zoe = await zoe_beside(ann)
    mine = await stored(ann, ANN)
    await ann.step()
    await zoe.say("/privacy")
    await zoe.tap("Delete everything…")
    zoe.sees("Portfolios that go, with all their plans and history: Balanced", "Nothing is sold")
    await zoe.tap("Delete everything")
    zoe.sees("Everything I knew of you is deleted.")
    assert await stored(ann, ZOE) == {}
    await ann.say("/status")  # the tap itself is emptied once it is answered
    await ann.program.db.scrub()
    assert ZOE.name.encode() not in bytes_in(tmp_path)
    assert (await stored(ann, ANN))["portfolios"] == mine["portfolios"]
    assert (await ann.step()).portfolios == 1
    await ann.outbox.drain()
    assert "This bot is private." in await zoe.say("/status")
    await ann.outbox.drain()
    ann.sees("Zoe Quetzalcoatl")


@pytest.mark.long
async def test_a_plan_that_is_carried_out_must_end_first(ann: Someone) -> None:
    """Nothing is deleted in the middle of orders; the plan is named, with a button to it."""
    zoe = await zoe_beside(ann)
    await zoe.say("/rebalance")
    async with ann.program.db.transaction() as tx:
        await tx.exec_driver_sql(
            "UPDATE pf_plans SET state = 'running' WHERE portfolio_id = (SELECT portfolio_id FROM pf_people WHERE id = 77)"
        )
    before = await stored(ann, ZOE)
    await zoe.say("/privacy")
    await zoe.taps("Delete everything…", "Delete everything")
    zoe.sees("is not finished")
    assert (await stored(ann, ZOE))["portfolios"] == before["portfolios"]


async def test_the_only_operator_cannot_leave_the_others_behind_a_closed_door(tmp_path: Path) -> None:
    """One of two may; the last is told what to do instead. Who is named in the settings may as well: they stay the operator."""
    async with someone(tmp_path, operator_ids="") as ann:
        await ann.say(await ann.program.access.pairing_code() or "")
        await ann.set_up()
        await ann.say("/privacy")
        await ann.taps("Delete everything…", "Delete everything")
        ann.sees("You are the only operator of this bot.")
        assert (await stored(ann, ANN))["portfolios"]
    async with someone(tmp_path, operator_ids=f"{ANN.id},{BEN.id}", loopback=ann.loopback) as ann:
        await ann.say("/privacy")
        await ann.taps("Delete everything…", "Delete everything")
        ann.sees("Everything I knew of you is deleted.")
        assert await stored(ann, ANN) == {}
