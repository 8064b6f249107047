"""One portfolio's data never ends a check for others: every stored field is poisoned in turn, and the neighbour is told and planned for."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from chatbot.engine.bands import BandState
from chatbot.model import COVER, Answering, Mode, Person, Role, Unanswered
from chatbot.portfolio import states, strategies
from chatbot.store import accounts, portfolios
from chatbot.store.codec import encode
from tests.handlers.views.view_examples import an_open_hedge
from tests.portfolio.still_market import bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatbot.model import Message, Portfolio
    from tests.portfolio.still_market import Bench

D = Decimal
STATE = "UPDATE pf_states SET body = :body WHERE portfolio_id = :id AND key = '{key}'"
ANN, BEN = Person(id=101, chat_id=101, role=Role.MEMBER), Person(id=102, chat_id=102, role=Role.MEMBER)
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
    for _ in range(3):
        await on.tick()
        told += await on.mail()
    async with on.program.db.read() as tx:
        planned = {row.portfolio_id for row in await tx.execute(text("SELECT portfolio_id FROM pf_plans"))}
    return {message.chat_id for message in told if message.kind == "drift_alert"}, planned


async def test_every_field_of_a_neighbours_rows_may_be_poisoned(tmp_path: Path) -> None:
    """Strategy, answering, account and every state of Ann's: Ben, who comes after her, is told and planned for all the same."""
    async with bench(tmp_path) as on:
        ann, ben = await opened(on, ANN), await opened(on, BEN)
        async with on.program.db.transaction() as tx:
            before = await states.read(tx, ann.id)
            after = replace(before, lines={"BTC": BandState(fired=True, side="over", last_drift=D("0.06"))}, hedges=(an_open_hedge(COVER),))
            await states.write(tx, ann.id, before, after)
            rows = await portfolios.states(tx, ann.id)
            account = (await portfolios.accounts_of(tx, (ann.id,)))[ann.id]
        bodies = {
            "UPDATE pf_portfolios SET strategy = :body WHERE id = :id": json.loads(encode(ann.strategy)),
            "UPDATE pf_portfolios SET answering = :body WHERE id = :id": json.loads(encode(Answering(unanswered=Unanswered.REDUCE))),
            "UPDATE pf_accounts SET body = :body WHERE portfolio_id = :id": account,
            **{STATE.format(key=key): body for key, body in rows.items()},
        }
        ways = [(write, body, path) for write, body in bodies.items() for path in fields(body)]
        evil = [POISON[at % len(POISON)] for at in range(2 * len(ways))]
        cases = [(write, poisoned(body, path, value)) for (write, body, path), value in zip((*ways, *ways), evil, strict=True)]
        assert len(cases) > 100
        for at, (write, body) in enumerate(cases):
            async with on.program.db.transaction() as tx:
                for undo, good in bodies.items():
                    await tx.execute(text(undo), {"body": json.dumps(good), "id": ann.id})
                await tx.execute(text(write), {"body": json.dumps(body), "id": ann.id})
            on.program.roster.forget(ann.id)
            on.program.accounts._open.pop(ann.id, None)
            on.program.roster._restless |= {ben.id}
            on.clock.advance(60)
            tick = await on.program.monitor.tick()
            assert tick.examined >= 1, (at, write, body)
        told, planned = await fall_and_hear(on)
        assert BEN.chat_id in told
        assert ben.id in planned


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
