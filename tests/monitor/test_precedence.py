"""Whoever waits for an answer goes before a check of very many, which is not kept from going on either."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.monitor import check, precedence
from chatbot.monitor.precedence import Precedence
from chatbot.store import portfolios
from tests.monitor.test_hundreds import copies
from tests.person import someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.monitor.check import Tick
    from tests.person import Someone

MANY = 50
#: what may still be done for others until her message has come out of the line and is known to be there
_UNDER_WAY = 8


@dataclass(slots=True)
class Crowd:
    """A check of many that is under way, and how much of it is done."""

    ann: Someone
    ticking: asyncio.Task[Tick]
    looks: int = 0
    judgements: int = 0


@asynccontextmanager
async def checked(folder: Path, monkeypatch: pytest.MonkeyPatch, during: str) -> AsyncIterator[Crowd]:
    """Give a check of many in the middle of its looks, or of what it makes of them; it is over when the block is."""
    monkeypatch.setattr(precedence, "_TURN_S", 60.0)  # on a busy machine too
    async with someone(folder) as ann:
        await ann.settle()
        async with ann.program.db.transaction() as tx:
            mine = await portfolios.get(tx, await ann.portfolio_id())
            assert mine is not None
            for portfolio in await copies(tx, mine, MANY):
                ann.program.roster.forget(portfolio.id)
        begun, look, judge = asyncio.Event(), ann.program.evaluator._look, check.judge

        def count(what: str) -> None:
            setattr(crowd, what, getattr(crowd, what) + 1)
            if getattr(crowd, during) == MANY // 3:
                begun.set()

        async def looked(*args: Any, **more: Any) -> Any:
            count("looks")
            return await look(*args, **more)

        def judged(seen: Any) -> Any:
            count("judgements")
            return judge(seen)

        monkeypatch.setattr(ann.program.evaluator, "_look", looked)
        monkeypatch.setattr(check, "judge", judged)
        crowd = Crowd(ann, asyncio.create_task(ann.program.monitor.tick()))
        await begun.wait()
        yield crowd
        tick = await crowd.ticking
        assert crowd.judgements == tick.examined == MANY


@pytest.mark.long
@pytest.mark.parametrize("during", ["looks", "judgements"])
async def test_status_is_answered_in_the_middle_of_a_check_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str) -> None:
    """The check stands still until she has her answer, whether it looks at portfolios or writes down what it has found."""
    async with checked(tmp_path, monkeypatch, during) as crowd:
        before = getattr(crowd, during)
        assert "Balanced" in await crowd.ann.say("/status")
        assert getattr(crowd, during) - before <= _UNDER_WAY


@pytest.mark.long
async def test_whoever_wants_to_write_waits_for_one_portfolio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for all whose findings share a transaction; an answer is not even waited for."""
    async with checked(tmp_path, monkeypatch, "judgements") as crowd:
        before = crowd.judgements
        async with crowd.ann.program.db.transaction():
            assert crowd.judgements - before <= 1


async def test_nobody_is_waited_for_where_nobody_waits() -> None:
    """Others have one turn."""
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    await Precedence().give_way()
    assert turns == [1]


async def test_work_goes_on_with_the_end_of_the_last_answer() -> None:
    """Not with the first."""
    people, order = Precedence(), list[str]()

    async def answer(name: str, turns: int) -> None:
        with people.answering():
            for _ in range(turns):
                await asyncio.sleep(0)
            order.append(name)

    async def work() -> None:
        await people.give_way()
        order.append("work")

    async with asyncio.TaskGroup() as group:
        for one in (answer("short", 2), answer("long", 5), work()):
            group.create_task(one)
    assert order == ["short", "long", "work"]


async def test_an_answer_that_takes_long_keeps_the_check_for_half_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where an exchange or Telegram does not answer: after a turn the check has as long a turn of its own, then waits again."""
    now = [100.0]
    monkeypatch.setattr(precedence, "_TURN_S", 0.01)
    monkeypatch.setattr(precedence, "time", SimpleNamespace(monotonic=lambda: now[0]))
    people, waited = Precedence(), []
    with people.answering():
        assert people.is_due
        await people.give_way()
        for _ in range(3):
            waited.append(people.is_due)
            await people.give_way()
            now[0] += 0.004
        assert people.is_due
    assert waited == [False, False, False]


async def test_an_answer_that_breaks_is_waited_for_no_longer() -> None:
    """Whatever ends it."""
    people = Precedence()
    with pytest.raises(RuntimeError, match="broken"), people.answering():
        raise RuntimeError("broken")
    assert not people.is_due
