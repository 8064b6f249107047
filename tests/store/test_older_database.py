"""A database that an earlier version has written is read as it stands: people, portfolios, plans, and everything that is remembered.

``database_of_november_2026.sql`` is the dump of a bot with two people: an auto portfolio with an open hedge, a tilt, a coin that a spike
has cut, a line that has fired and a schedule; and a portfolio kept by hand whose plan waits for an answer.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import Settings
from chatbot.engine.bands import BandState
from chatbot.execution.pace import Pace
from chatbot.model import COVER, AnswerMode, Mode, PlanState, Portfolio, Unanswered
from chatbot.portfolio.stored import states
from chatbot.store import accounts, plans, portfolios
from chatbot.store.past import strategies
from tests.inline import Inline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chatbot.app import Program

pytestmark = pytest.mark.sqlite

D = Decimal
DUMP = Path(__file__).with_name("database_of_november_2026.sql")
ANN, BEN = 42, 43
#: a minute after its last moment
LATER = datetime(2026, 1, 5, 9, 53, tzinfo=UTC)


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """Open today's program on the old database."""
    with closing(sqlite3.connect(tmp_path / "ballast.sqlite")) as database:
        database.executescript(DUMP.read_text(encoding="utf-8"))
    settings = Settings(_env_file=None, data_dir=tmp_path, market="simulated", operator_ids=f"{ANN},{BEN}", port=0)
    async with open_program(settings, clock=ManualClock(LATER), work=Inline(), pace=Pace(poll_s=15.0)) as opened:
        yield opened


async def test_what_is_remembered_is_read_and_written_as_it_was(program: Program) -> None:
    """Every row becomes the typed value, and the typed value becomes the same rows."""
    async with program.db.read() as tx:
        rows = await portfolios.states(tx, 1)
        remembered, by_hand = await states.read(tx, 1), await states.read(tx, 2)
    assert remembered.line("ALT") == BandState(fired=True, side="under", last_drift=D("0.061"))
    assert remembered.line("CORE") == states.ARMED
    assert not remembered.margin_fired
    assert remembered.rang_at == datetime(2026, 1, 5, 9, 52, tzinfo=UTC)
    assert remembered.memory.told == {"volatility:SOL": "0.4"}
    assert remembered.memory.anchors["SOL"].weight == D("0.12")
    assert [reason.line for reason in remembered.memory.pending] == ["SOL"]
    assert [(hedge.kind, hedge.qty, hedge.settled) for hedge in remembered.hedges] == [(COVER, D("-0.016"), True)]
    assert [(tilt.asset, tilt.weight) for tilt in remembered.tilts] == [("SOL", D("-0.02"))]
    assert by_hand.outage is not None
    assert by_hand.outage.told == by_hand.outage.since + timedelta(hours=1)
    assert len(rows) == 6
    written = states.encoded(remembered)
    pending = written["triggers"]["pending"]
    newer = {"read_at", "age_s"}  # what nobody wrote down then is unknown
    assert all(reason[name] is None for reason in pending for name in newer)
    written["triggers"]["pending"] = [{name: value for name, value in reason.items() if name not in newer} for reason in pending]
    assert not written["ALT"].pop("silent")
    assert rows["hedge:cover"].pop("loss"), "what a hedge was to save is worked out from what is there, and stored no more"
    assert written == {key: body for key, body in rows.items() if key != "margin"}, "an armed trigger needs no row"


async def test_people_portfolios_plans_and_messages_are_read(program: Program) -> None:
    """Whole values, with what only some of them have: limits, a schedule, a hedge, what is done when nobody answers."""
    async with program.db.read() as tx:
        people = {person.id: person for person in await accounts.people(tx)}
        ann, ben = await portfolios.get(tx, 1), await portfolios.get(tx, 2)
        hers, his = await plans.plans(tx, 1, limit=10), await plans.plans(tx, 2, limit=10)
        checks = await portfolios.checks_of(tx, (1, 2))
    assert set(people) == {ANN, BEN}
    assert ann is not None
    assert ben is not None
    assert (ann.mode, ann.answer, ben.mode) == (Mode.DEMO, AnswerMode.AUTO, Mode.MANUAL)
    assert ann.answering.limits is not None
    assert ann.answering.unanswered is Unanswered.REDUCE
    assert ann.strategy.schedule is not None
    assert ann.window_opened_at is not None
    assert [plan.state for plan in hers] == [PlanState.DONE, PlanState.DONE]
    assert hers[0].hedge is not None
    assert [plan.state for plan in his] == [PlanState.PROPOSED, PlanState.SUPERSEDED]
    assert all(plan.legs and plan.before.value > 0 for plan in (*hers, *his))
    assert checks.keys() == {1, 2}


async def test_which_strategies_it_had_is_known_from_the_upgrade_on(program: Program) -> None:
    """The one that it has then is the oldest that is known; a change is written down beside it."""
    ben = await program.access.known(BEN)
    assert ben is not None
    (older,) = [one for one in await program.portfolios.of(ben) if one.id == 2]
    async with program.db.read() as tx:
        (oldest,) = await strategies.of_portfolio(tx, 2)
    assert oldest.strategy == older.strategy
    changed = await program.portfolios.change(older, strategy=replace(older.strategy, theta=D("0.5")))
    async with program.db.read() as tx:
        assert {LATER: changed.strategy} == {one.at: one.strategy for one in await strategies.of_portfolio(tx, 2) if one != oldest}


async def test_an_older_portfolio_can_be_closed_and_opened_again(program: Program) -> None:
    """Its card that waited ends; its plans, account and states are as they were."""
    ben = await program.access.known(BEN)
    assert ben is not None
    async with program.db.read() as tx:
        account, remembered = await portfolios.accounts_of(tx, (2,)), await portfolios.states(tx, 2)
    closed = await program.portfolios.close(ben, 2)
    assert isinstance(closed, Portfolio)
    assert closed.closed_at == LATER
    assert (await program.monitor.tick()).portfolios == 1
    opened = await program.portfolios.reopen(ben, 2)
    assert opened is not None
    assert (opened.is_open, opened.paused, opened.name) == (True, True, closed.name)
    async with program.db.read() as tx:
        assert (await portfolios.accounts_of(tx, (2,)), await portfolios.states(tx, 2)) == (account, remembered)
        assert (await plans.plans(tx, 2, limit=1))[0].state is PlanState.SUPERSEDED


async def test_the_bot_goes_on_where_the_older_one_stopped(program: Program) -> None:
    """A check, both statuses, and the plan that waited: nothing of it stumbles over an old row."""
    tick = await program.monitor.tick()
    assert tick.portfolios == 2
    for person_id, portfolio_id in ((ANN, 1), (BEN, 2)):
        async with program.db.read() as tx:
            person, portfolio = await accounts.person(tx, person_id), await portfolios.get(tx, portfolio_id)
        assert person is not None
        assert portfolio is not None
        report = await program.reports.status(person, portfolio)
        assert report.check.figures is not None
        assert report.check.figures.value > 1000
    answer = await program.rebalancing.confirm(4, BEN)
    assert type(answer).__name__ in {"Confirmed", "Proposed"}
