"""A check of many portfolios: looked at together they are what each is alone, and the prices do not grow old meanwhile.

What is the same for several of one person is told once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from weakref import ref

from chatbot.exchanges.base import Direction
from chatbot.model import MessageKind
from chatbot.monitor import check as monitor
from chatbot.portfolio import accounts
from chatbot.portfolio.states import PanicMark
from chatbot.portfolio.stored.states import PANIC
from chatbot.store import portfolios
from chatbot.store.codec import to_plain
from handlers.transport import rendering
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.monitor.test_triggers import QUIET, stage
from tests.portfolio.still_market import PERSON, START, bench

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pytest

    from chatbot.model import Portfolio
    from chatbot.portfolio.evaluation import Evaluation

D = Decimal


async def test_portfolios_looked_at_together_are_what_each_is_alone(tmp_path: Path) -> None:
    """One with futures, one without, one paused: the bulk reads lose and mix up nothing."""
    async with bench(tmp_path) as on:
        many = [await on.balanced(), await on.balanced(futures="10"), await on.balanced()]
        await on.program.portfolios.change(many[2], paused=True)
        together = await on.program.evaluator.look_many(many)
        assert together == {one.id: await on.program.evaluator.look(one) for one in many}


async def test_a_portfolio_without_an_account_stops_nobody_else_from_being_opened(tmp_path: Path) -> None:
    """Opening many leaves out who is gone."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.program.accounts.close()
        await on.program.accounts.load([999, portfolio.id])
        assert (await (await on.program.accounts.exchange(portfolio.id)).balances()).spot


async def test_a_check_that_outlives_its_prices_fetches_them_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at each takes half a minute here; prices may be a minute old at most, and everybody is evaluated."""
    monkeypatch.setattr(monitor, "_CHUNK", 1)
    monkeypatch.setattr(monitor, "_IN_TURN_S", 120.0)
    async with bench(tmp_path) as on:
        many = [await on.balanced() for _ in range(4)]
        looks = on.program.evaluator.look_many

        async def slowly(some: Collection[Portfolio]) -> dict[int, Evaluation]:
            found = await looks(some)
            on.clock.advance(30)
            return found

        monkeypatch.setattr(on.program.evaluator, "look_many", slowly)
        await on.tick()
        async with on.program.db.read() as tx:
            seen = await portfolios.checks_of(tx, [one.id for one in many])
        assert {check.held_back for check in seen.values()} == {"inside"}


async def test_who_has_left_a_band_is_looked_at_before_those_who_only_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes half a minute here and those in no hurry share one minute: nobody is left out, and no alert waits for them.

    All have pressed /panic once, so that no glance is enough.
    """
    monkeypatch.setattr(monitor, "_CHUNK", 1)
    async with bench(tmp_path) as on:
        many = [(await on.balanced()).id for _ in range(5)]
        once = to_plain(PanicMark(at=START, pending=False, over=True))
        async with on.program.db.transaction() as tx:
            await portfolios.save_states(tx, {(one, PANIC): once for one in many})
        looks, looked = on.program.evaluator.look_many, list[int]()

        async def slowly(some: Collection[Portfolio]) -> dict[int, Evaluation]:
            looked.extend(one.id for one in some)
            found = await looks(some)
            on.clock.advance(30)
            return found

        monkeypatch.setattr(on.program.evaluator, "look_many", slowly)
        await on.tick()
        assert looked == many[:2]
        on.market.move("BTC", "0.5")
        told, _ = await on.tick()
        assert looked[2:] == many[:3], "the two that stood inside their bands, and one that waited"
        assert told
        await on.tick()
        assert looked[5:] == many[3:], "who waited longest comes first, and what rang before has its turn"


async def test_an_account_that_nobody_uses_is_let_go_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's work goes on with the very object that others get, because its lock protects the account; the rest cost no memory."""
    monkeypatch.setattr(accounts, "KEPT", 2)
    async with bench(tmp_path) as on:
        many = [(await on.balanced()).id for _ in range(6)]
        held = await on.program.accounts.exchange(many[0])
        unused = ref(await on.program.accounts.exchange(many[1]))
        await held.transfer(Direction.TO_FUTURES, D(100), "t1")
        for one in many[2:]:
            await on.program.accounts.exchange(one)
        assert unused() is None, "no garbage collector was needed"
        assert await on.program.accounts.exchange(many[0]) is held
        again = ref(held)
        del held
        for one in many[2:]:
            await on.program.accounts.exchange(one)
        assert again() is None
        assert (await (await on.program.accounts.exchange(many[0])).balances()).futures_wallet == D(100)
        assert set(await on.program.evaluator.look_many([await on.program.portfolios.by_id(one) for one in many])) == set(many)


async def test_what_asks_for_nothing_and_is_the_same_for_three_portfolios_is_one_message(tmp_path: Path) -> None:
    """It names the three, and no button keeps one of them quiet; each has its row in the history. One that is closed is named no more."""
    async with stage(tmp_path) as on:
        mine = [await on.open() for _ in range(3)]
        on.room.clock.advance(120)
        on.hear(replace(QUIET, at=START - timedelta(hours=16), moved=D("3.1"), age_s=57_600.0))
        assert await on.room.tick() == (3, 0)
        (message,) = await on.room.mail()
        assert (message.kind, message.silent) == (MessageKind.SIGNALS, True)
        assert message.facts["first"], "it is their first alert, of whichever portfolio"
        assert [message.facts["portfolio_id"], *message.facts["also"]] == [one.id for one in mine]
        words = CATALOGUE.words("en")
        view = await rendering.view_of(on.room.program, words, message)
        assert view is not None
        assert [line.split(">")[-1] for line in view.text.split("\n")[:3]] == [" · Custom", " · Custom 2", " · Custom 3"]
        assert [[one.label for one in row] for row in view.keyboard][-1] == ["Why?"]
        await on.room.program.portfolios.close(PERSON, mine[0].id)
        later = await rendering.view_of(on.room.program, words, message)
        assert later is not None
        assert later.text.split("\n")[:2] == view.text.split("\n")[1:3]
