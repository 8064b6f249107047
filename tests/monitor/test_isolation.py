"""One portfolio's data never ends a check for others: every stored field is poisoned in turn, and the neighbour is told and planned for."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import Boolean, CheckConstraint, Text, text
from sqlalchemy.exc import SQLAlchemyError

from chatbot.engine.bands import BandState
from chatbot.exchanges.base import Quote
from chatbot.exchanges.paper.account import AccountState
from chatbot.model import (
    COVER,
    AlertKind,
    AlertSettings,
    Answering,
    AutoLimits,
    Check,
    Flow,
    FlowKind,
    KeyProblem,
    KeyReport,
    LiveLimits,
    LiveTerms,
    Mode,
    Person,
    PlanState,
    Ring,
    Role,
    ScheduleRule,
    Unanswered,
)
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from chatbot.store import accounts, flows, keys, plans, portfolios, tables
from chatbot.store.codec import Day, Exact, Facts, Moment
from tests.execution.lab import proposed
from tests.handlers.views.view_examples import an_open_hedge
from tests.portfolio.still_market import bench

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Table

    from chatbot.model import Message, Portfolio
    from chatbot.store.database import Tx
    from tests.portfolio.still_market import Bench

D = Decimal
ANN, BEN = Person(id=101, chat_id=101, role=Role.MEMBER), Person(id=102, chat_id=102, role=Role.MEMBER)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
#: a flow as a correction leaves it, with what was before and after
TRACED = {"before": {"spot": {"BTC": "1"}}, "after": {"spot": {"BTC": "2"}}, "trace": {"strategy": {}, "plan": 1}}
#: what no field of ours may hold
POISON = ("NaN", "1e999999", "-1", "", None, [], {"a": 1}, 10**40, "𝟙", "\x00")


async def opened(on: Bench, person: Person) -> Portfolio:
    """Give somebody a portfolio that stands on its targets."""
    async with on.program.db.transaction() as tx:
        await accounts.add_person(tx, person)
    markets = await on.market.markets()
    strategy, problems = strategies.own_weights(
        {"BTC": D(40), "SOL": D(40), "USDT": D(20)}, markets, strategies.preset("balanced", markets)
    )
    assert strategy is not None, problems
    return await on.program.portfolios.open(person, Mode.PAPER, strategy, {"BTC": D("0.08"), "SOL": D(40), "USDT": D(2000)})


def fields(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value inside a stored JSON."""
    if path:
        yield path
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in items:
        yield from fields(value, (*path, key))


def poisoned(body: Any, path: tuple[Any, ...], with_: Any) -> Any:
    """Return the JSON with another value at the end of a path."""
    copy = json.loads(json.dumps(body))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = with_
    return copy


async def fall_and_hear(on: Bench) -> tuple[set[int], set[int]]:
    """Let SOL fall by a third, wait for the window, and return who has been told of it and who has a plan."""
    on.market.prices["SOL"] = D(35)
    told: list[Message] = []
    for _ in range(4):
        await on.tick(seconds=39)  # quicker than who stumbles is tried again
        told += await on.mail()
    async with on.program.db.read() as tx:
        planned = {row.portfolio_id for row in await tx.execute(text("SELECT portfolio_id FROM pf_plans"))}
    return {message.chat_id for message in told if message.kind == "drift_alert"}, planned


#: what a column may hold although nothing of ours would write it; where the database itself refuses a value, there is nothing to show
RAW = ("", "NaN", "\ud7ff\x00", -1, 10**18, 1e308, None, b"\xff", "[]", '{"a": 1}', "2026-01-01")
#: what says whose a row is: with another value there it is somebody else's
WHOSE = {"id", "portfolio_id", "plan_id", "person_id"}
#: the tables of nobody: settings of the bot itself, and what Telegram sent, which test_facts_of_the_program.py damages; and the past of
#: markets, which only a backtest reads
OF_NOBODY = {"pf_meta", "pf_updates", "pf_history"}
_PLAN_OF = "plan_id IN (SELECT id FROM pf_plans WHERE portfolio_id = :portfolio)"


def of_somebody(table: Table) -> str:
    """Return how somebody's rows of a table are found, told by its columns."""
    if table in (tables.people, tables.portfolios):
        return "id = :person" if table is tables.people else "id = :portfolio"
    ways = {
        "portfolio_id": "portfolio_id = :portfolio",
        "plan_id": _PLAN_OF,
        "person_id": "person_id = :person",
        "chat_id": "chat_id = :person",
    }
    return next(way for column, way in ways.items() if column in table.columns)


#: every table, and how somebody's rows are found: one that is new is among them by itself
ROWS = {name: of_somebody(table) for name, table in tables.metadata.tables.items() if name not in OF_NOBODY}


def any_row(table: Table, known: Mapping[str, int]) -> dict[str, Any]:
    """Return a row of a table of which this file knows nothing, by what its columns can hold."""
    allowed = {
        column: re.findall(r"'([^']+)'", str(check.sqltext))
        for check in table.constraints
        if isinstance(check, CheckConstraint)
        for column in table.columns.keys()  # noqa: SIM118 - columns are no mapping of names
        if str(check.sqltext).startswith(f"{column} IN")
    }
    made: dict[str, Any] = {Boolean: False, Moment: NOW, Day: NOW.date(), Exact: D(1), Facts: {"a": {"b": ["1", None]}}}
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.primary_key and column.autoincrement is True:
            continue
        usual = next((value for kind, value in made.items() if isinstance(column.type, kind)), None)
        text_or_number = f"{table.name}:{known['portfolio_id']}" if isinstance(column.type, Text) else known["portfolio_id"]
        chosen = allowed.get(column.name, [None])[-1]
        row[column.name] = known.get(column.name, chosen if chosen is not None else text_or_number if usual is None else usual)
    return row


@dataclass(frozen=True, slots=True)
class Place:
    """One field of somebody's rows, or one inside a stored JSON."""

    table: str
    column: str
    #: which of the person's rows, in the order in which they were written
    row: int
    path: tuple[Any, ...] = ()

    async def spoil(self, tx: Tx, portfolio: Portfolio, value: Any) -> bool:
        """Write a value there that it cannot have; False where the database itself refuses it."""
        stored = (await rows_of(tx, self.table, self.column, portfolio))[self.row]
        value = json.dumps(poisoned(json.loads(stored[1]), self.path, value)) if self.path else value
        change = text(f"UPDATE {self.table} SET {self.column} = :value WHERE rowid = :row")  # noqa: S608 - names of ours
        try:
            async with tx.begin_nested():
                await tx.execute(change, {"value": value, "row": stored[0]})
        except (SQLAlchemyError, UnicodeEncodeError, OverflowError):
            return False
        return True


async def rows_of(tx: Tx, table: str, column: str, portfolio: Portfolio) -> list[tuple[int, Any]]:
    """Return what stands in a column of somebody's rows, each with the number of its row."""
    query = text(f'SELECT rowid, "{column}" FROM {table} WHERE {ROWS[table]} ORDER BY rowid')  # noqa: S608 - names of ours
    known = {"person": portfolio.person_id, "portfolio": portfolio.id}
    return [(row[0], row[1]) for row in await tx.execute(query, {name: known[name] for name in known if f":{name}" in ROWS[table]})]


async def every_place(tx: Tx, portfolio: Portfolio) -> list[Place]:
    """Return every field of somebody's rows, drawn from what is stored: a field that is new is among them by itself."""
    found: list[Place] = []
    for table in ROWS:
        for column in set(tables.metadata.tables[table].columns.keys()) - WHOSE:
            stored = await rows_of(tx, table, column, portfolio)
            assert stored, table
            for row, (_, value) in enumerate(stored):
                found.append(Place(table, column, row))
                if isinstance(value, str) and value.startswith("{"):
                    found += [Place(table, column, row, path) for path in fields(json.loads(value))]
    return sorted(found, key=str)


async def neighbour(on: Bench, person: Person) -> Portfolio:
    """Give somebody a portfolio of which everything is stored that can be: states, a hedge, limits, settings, a plan that waits."""
    portfolio = await opened(on, person)
    async with on.program.db.transaction() as tx:
        rule = ScheduleRule(freq="weekly", time="09:00", zone="UTC", set_at=on.clock.now())
        strategy = replace(portfolio.strategy, schedule=rule, turnover_budget=D("0.1"), tilt=D("0.1"))
        limits = AutoLimits(trade=D(500), turnover=D(1000), share=D("0.1"))
        answering = Answering(limits=limits, unanswered=Unanswered.REDUCE)
        now = on.clock.now()
        full = replace(
            portfolio,
            strategy=strategy,
            answering=answering,
            snoozed_until=now - timedelta(1),
            window_opened_at=now - timedelta(seconds=30),
            live=LiveTerms(since=now, limits=LiveLimits(order=D(500), turnover=D("0.5"), loss=D("0.05")), auto_since=now),
        )
        await portfolios.save(tx, full)
        before = await states.read(tx, portfolio.id)
        lines = {"BTC": BandState(fired=True, side="over", last_drift=D("0.06"))}
        await states.write(tx, portfolio.id, before, replace(before, lines=lines, hedges=(an_open_hedge(COVER),)))
        quiet = AlertSettings(rings={AlertKind.FUNDING: Ring.OFF}, quiet_from="22:00", quiet_to="08:00", reminder_h=4)
        await accounts.change_person(tx, person.id, alerts=quiet)
        await portfolios.save_checks(tx, {portfolio.id: Check(at=now, figures=None)})
        await flows.record_values(tx, [(portfolio.id, flows.Opening(day=now.date(), at=now, value=D(10_000)))])
        plan = await plans.add_plan(tx, proposed(portfolio.id, "sell 0.01 BTC", now))
        await flows.add(tx, Flow(portfolio_id=portfolio.id, at=now, kind=FlowKind.DEPOSIT, value=D(1), amount=D(1), facts=TRACED))
        report = KeyReport(at=now, problems=(KeyProblem.NO_FUTURES,), reads=True, off_s=0.5, expires_at=now, found=(("spot", "BTC", "1"),))
        await keys.add(tx, person.id, "binance", "abcd", report, lambda number: f"sealed:{number}")
        known = {"portfolio_id": portfolio.id, "plan_id": plan.id, "person_id": person.id, "chat_id": person.id}
        for name, table in tables.metadata.tables.items():  # whatever there is besides
            if name in ROWS and not await rows_of(tx, name, next(iter(table.columns.keys())), portfolio):
                await tx.execute(table.insert().values(any_row(table, known)))
    return portfolio


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in (1, 5, 9))])
async def test_every_field_of_many_neighbours_is_wrong_and_the_others_are_told_and_planned_for(tmp_path: Path, turn: int) -> None:
    """A neighbour for each stored field, with a value there that it cannot have; whole people stand first, in the middle and last.

    Those three hear of a fall, get their plans, and these expire, as if they were alone.
    """
    async with bench(tmp_path) as on:
        first = await neighbour(on, Person(id=1000, chat_id=1000, role=Role.MEMBER))
        async with on.program.db.read() as tx:
            places = [place for place in await every_place(tx, first) if turn or len(place.path) < 2]  # the soak goes deeper
        assert len(places) > (200 if turn else 100)
        whole, written = [await opened(on, Person(id=1, chat_id=1, role=Role.MEMBER))], 0
        for at, place in enumerate(places):
            mine = await neighbour(on, Person(id=2000 + at, chat_id=2000 + at, role=Role.MEMBER))
            values = POISON if place.path else RAW
            async with on.program.db.transaction() as tx:
                written += await place.spoil(tx, mine, values[(at + turn) % len(values)])
            if at == len(places) // 2:
                whole.append(await opened(on, Person(id=2, chat_id=2, role=Role.MEMBER)))
        whole.append(await opened(on, Person(id=3, chat_id=3, role=Role.MEMBER)))
        assert written > len(places) * 0.8
        with structlog.testing.capture_logs():  # writing hundreds of tracebacks takes longer than all the rest
            told, planned = await fall_and_hear(on)
            on.clock.advance(1200)
            await on.program.monitor._housekeeping.keep(ends=True)  # a check would log what goes wrong in it, and go on
        assert {1, 2, 3} <= told
        assert {one.id for one in whole} <= planned
        async with on.program.db.read() as tx:
            ended = {one.id: (await plans.plans(tx, one.id))[-1].state for one in whole}
        assert set(ended.values()) == {PlanState.EXPIRED}


async def test_a_plan_under_way_that_cannot_be_read_keeps_no_other_from_being_carried_on(tmp_path: Path) -> None:
    """Nobody carries out either of two confirmed plans; the row of the older one is damaged, the younger one is begun again."""
    async with bench(tmp_path) as on:
        ann, ben = await opened(on, ANN), await opened(on, BEN)
        async with on.program.db.transaction() as tx:
            made = [await plans.add_plan(tx, proposed(one.id, "sell 0.01 BTC", on.clock.now())) for one in (ann, ben)]
            for plan in made:
                await plans.decide(tx, plan.id, PlanState.CONFIRMED, on.clock.now())
            await tx.execute(text("UPDATE pf_plans SET proposal = '{', fees = 'NaN' WHERE id = :id"), {"id": made[0].id})
        assert await on.program.executor.recovery.reconcile() == (made[1].id,)


@pytest.mark.parametrize("field", sorted({one.name for one in dataclass_fields(Quote)} - {"instrument"}))
async def test_every_field_of_a_quote_of_coins_and_contracts_of_others_may_be_wrong(tmp_path: Path, field: str) -> None:
    """Ann holds ETH and is short of BTC-PERP; whatever stands in their quotes, another thing at each look, Ben is told and planned for."""
    numbers = (D("NaN"), D("sNaN"), D("Infinity"), D("-1"), D(0), D("1e400"), D("1e-400"), None)
    times = (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), None)
    evil: tuple[Any, ...] = {"at": times[:2], "told_at": times, "seen": (math.nan, math.inf, -math.inf, None)}.get(field, numbers)
    values = itertools.cycle(one for one in evil if one is not None or field not in ("bid", "ask"))
    async with bench(tmp_path) as on:
        await holder_of_others(on)
        ben = await opened(on, BEN)
        quotes = on.market.quotes

        async def wrong(instruments: Collection[str]) -> Mapping[str, Quote]:
            found, value = await quotes(instruments), next(values)
            return {name: replace(one, **{field: value}) if name in ("ETH", "BTC-PERP") else one for name, one in found.items()}

        on.market.quotes = wrong  # type: ignore[method-assign]
        for _ in range(4):
            await on.tick(seconds=39)
        told, planned = await fall_and_hear(on)
        assert BEN.chat_id in told
        assert ben.id in planned


async def holder_of_others(on: Bench) -> None:
    """Give Ann a portfolio of coins and a contract that Ben does not have."""
    markets = await on.market.markets()
    strategy, problems = strategies.own_weights(
        {"ETH": D(60), "USDT": D(30), "FUTURES": D(10)}, markets, strategies.preset("balanced", markets)
    )
    assert strategy is not None, problems
    async with on.program.db.transaction() as tx:
        await accounts.add_person(tx, ANN)
    ann = await on.program.portfolios.open(ANN, Mode.PAPER, strategy, {"ETH": D("2.4"), "USDT": D(4000)})
    account = AccountState.holding(
        {"ETH": D("2.4"), "USDT": D(3000)}, futures_wallet=D(1000), positions={"BTC-PERP": (D("-0.01"), D(50_000))}
    )
    async with on.program.db.transaction() as tx:
        await portfolios.save_account(tx, ann.id, account.to_json())
    on.program.accounts._open.pop(ann.id, None)
    assert {"ETH", "BTC-PERP"} <= set((await on.program.evaluator.look(ann)).quotes)


@pytest.mark.parametrize("table", ["pf_portfolios", "pf_accounts", "pf_states", "pf_checks", "pf_people"])
async def test_a_row_that_is_no_json_stops_nobody_else(tmp_path: Path, table: str) -> None:
    """Half a write, a foreign tool, a bad disk: the neighbour is told and planned for."""
    async with bench(tmp_path) as on:
        ann, ben = await opened(on, ANN), await opened(on, BEN)
        await on.tick()
        column, key, value = {
            "pf_portfolios": ("strategy", "id", ann.id),
            "pf_accounts": ("body", "portfolio_id", ann.id),
            "pf_states": ("body", "portfolio_id", ann.id),
            "pf_checks": ("body", "portfolio_id", ann.id),
            "pf_people": ("alerts", "id", ANN.id),
        }[table]
        async with on.program.db.transaction() as tx:
            if table == "pf_states":
                await portfolios.save_states(tx, {(ann.id, "BTC"): {"fired": True}})
            damage = f"UPDATE {table} SET {column} = :half WHERE {key} = :value"  # noqa: S608 - names of ours
            await tx.execute(text(damage), {"half": '{"half', "value": value})
        on.program.roster.forget(ann.id)
        on.program.accounts._open.pop(ann.id, None)
        told, planned = await fall_and_hear(on)
        assert BEN.chat_id in told
        assert ben.id in planned


@pytest.mark.long
async def test_who_stumbles_is_told_once_and_tried_again_with_growing_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault has an id, the pauses double, and its end is told."""
    async with bench(tmp_path) as on:
        ann = await opened(on, ANN)
        await opened(on, BEN)
        evaluator = on.program.evaluator
        look, tries = evaluator._look, []

        async def breaks(portfolio: Portfolio, *given: Any, **more: Any) -> Any:
            if portfolio.id == ann.id and broken:
                tries.append(on.clock.now())
                raise OverflowError("a number that is none")
            return await look(portfolio, *given, **more)

        broken = True
        monkeypatch.setattr(evaluator, "_look", breaks)
        for _ in range(40):
            on.program.roster._restless |= {ann.id}
            await on.tick()
        pauses = [(later - earlier).total_seconds() for earlier, later in zip(tries[::2], tries[2::2], strict=False)]
        assert len(tries) < 20
        assert pauses == sorted(pauses)
        mine = [message for message in await on.mail() if message.chat_id == ANN.chat_id]
        assert [message.kind for message in mine] == ["stumbled"]
        assert len(mine[0].facts["id"]) == 6
        async with on.program.db.read() as tx:
            assert json.loads(await accounts.meta(tx, f"stumble:{ann.id}") or "")["what"] == "OverflowError"
        broken = False
        for _ in range(61):
            on.program.roster._restless |= {ann.id}
            await on.tick()
        assert [message.kind for message in await on.mail() if message.chat_id == ANN.chat_id] == ["evaluated_again"]
