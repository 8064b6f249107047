"""Transfers and leverage: refused, cut to what is there, or unknown; the plan says so and goes on with what it may."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import NotEnoughMoney, OutcomeUnknown, Rejected
from chatbot.exchanges.base import Balances, Position
from chatbot.execution import wallets
from chatbot.execution.pace import Pace
from chatbot.execution.transfers import WrittenTransfers
from chatbot.model import LegState, OrderState, PlanState
from chatbot.store import events, orders
from chatbot.store.orders import Attempt
from tests.execution.lab import Lab, books, fresh_block, open_lab, rich, states
from tests.store import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.store.database import Database

FILLED, PARTIAL, REJECTED, DROPPED = LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED


async def test_a_refused_transfer_ends_its_leg_and_the_overlay_is_made_anew(db: Database) -> None:
    """The surplus cannot leave the futures account: what was to be bought with it shrinks, and it is said why."""
    lab = await open_lab(db)

    async def transfer(*_: object) -> None:
        raise Rejected("withdrawals_halted")

    lab.account.transfer = transfer
    lab.services.block = fresh_block("increase buy 0.2 ETH-PERP")
    plan = await lab.run("to_spot 1200; buy 0.3 ETH; increase buy 0.5 ETH-PERP")
    assert plan.state is PlanState.DONE
    assert (plan.legs[0].state, plan.legs[0].note, plan.legs[0].filled) == (REJECTED, "withdrawals_halted", 0)
    assert plan.legs[1].state is DROPPED, "its money did not come, and the reserve is not for it"
    assert lab.services.replans == 1
    assert (plan.legs[2].state, plan.legs[2].qty) == (FILLED, Decimal("0.2"))
    (first, *_) = await lab.attempts(plan.id)
    assert (first.state.value, first.detail) == ("rejected", "withdrawals_halted")


async def test_a_transfer_of_more_than_may_leave_is_refused_by_the_account(db: Database) -> None:
    """Margin in use stays where it is; the books do not change."""
    lab = await open_lab(db)
    before = books(lab.account)
    plan = await lab.run("to_spot 100000")
    assert states(plan) == [REJECTED]
    assert plan.legs[0].note == "not_enough_money"
    assert books(lab.account) == before


CUTS = [
    ("1000", "1000", FILLED, ""),
    ("1000.00", "999.999", PARTIAL, "not_enough_money"),
    ("1000", "250.559", PARTIAL, "not_enough_money"),
    ("1000", "0.009", DROPPED, "not_enough_money"),
    ("1000", "0", DROPPED, "not_enough_money"),
]


@pytest.mark.parametrize(("wanted", "there", "state", "note"), CUTS, ids=[there for _, there, *_ in CUTS])
async def test_a_transfer_to_futures_is_cut_to_the_whole_cents_that_are_there(
    db: Database, wanted: str, there: str, state: LegState, note: str
) -> None:
    """Nothing is asked for that the spot wallet does not have; less than a cent is nothing."""
    lab = await open_lab(db, state=rich(USDT=there))
    plan = await lab.run(f"to_futures {wanted}")
    leg = plan.legs[0]
    moved = min(Decimal(wanted), Decimal(there).quantize(Decimal("0.01"), "ROUND_DOWN"))
    assert (leg.state, leg.note, leg.filled) == (state, note, moved)
    assert leg.qty == Decimal(wanted), "what was wanted stays said"
    assert lab.account.state.futures_wallet == 9000 + moved
    assert lab.account.state.spot["USDT"] == Decimal(there) - moved
    assert len(await lab.attempts(plan.id)) == (moved > 0)


async def test_a_transfer_to_spot_is_not_cut_to_the_money_of_the_spot_wallet(db: Database) -> None:
    """It comes from the other side."""
    lab = await open_lab(db, state=rich(USDT="0"))
    plan = await lab.run("to_spot 1200")
    assert (states(plan), lab.account.state.spot["USDT"]) == ([FILLED], Decimal(1200))


def refusing(trouble: Exception, times: int) -> tuple[Callable[..., object], list[object]]:
    """Return a call that fails so often, and what it was called with."""
    calls: list[object] = []

    async def call(*given: object) -> None:
        calls.append(given)
        if len(calls) <= times:
            raise trouble

    return call, calls


async def named(lab: Lab, plan_id: int, name: str) -> list[dict[str, object]]:
    """Return the details of what happened under this name."""
    async with lab.db.read() as tx:
        return [event.detail for event in await events.events(tx, plan_id) if event.name == name]


async def test_a_refused_leverage_is_noted_and_the_order_goes_out_all_the_same(db: Database) -> None:
    """The account may have enough room as it is; whether it has, the order itself is told. It is asked once."""
    lab = await open_lab(db)
    lab.account.set_leverage, calls = refusing(Rejected("open_orders"), 99)
    plan = await lab.run("increase buy 0.5 ETH-PERP")
    assert states(plan) == [FILLED]
    assert len(calls) == 1
    assert await named(lab, plan.id, "leverage") == [{"leverage": "3", "why": "open_orders"}]


async def test_a_leverage_whose_answer_was_lost_is_set_again(db: Database) -> None:
    """Twice is harmless; the order waits for it."""
    lab = await open_lab(db)
    lab.account.set_leverage, calls = refusing(OutcomeUnknown("no answer"), 2)
    plan = await lab.run("increase buy 0.5 ETH-PERP")
    assert states(plan) == [FILLED]
    assert len(calls) == 3
    assert await named(lab, plan.id, "leverage") == [{"leverage": "3", "why": ""}]
    assert (lab.clock.now() - lab.market.start).total_seconds() >= 3, "one and two seconds of patience"


async def test_a_reduction_sets_no_leverage(db: Database) -> None:
    """It needs no margin, and a refusal must not stand in its way."""
    lab = await open_lab(db)
    lab.account.set_leverage, calls = refusing(NotEnoughMoney("margin"), 99)
    assert states(await lab.run("reduce sell 0.05 BTC-PERP")) == [FILLED]
    assert calls == []


async def test_the_journal_keeps_which_transfer_at_the_exchange_is_which(db: Database) -> None:
    """Written down with the answer, and never erased by what is written of the transfer later: after a restart it is known."""
    portfolio = await samples.a_portfolio(db)
    made = await samples.a_plan(db, portfolio.id)
    written = {"plan_id": made.id, "leg_index": 0, "attempt": 1, "sent_at": samples.NOW}
    attempt = Attempt(client_id="b1-0-1", instrument="USDT", side="to_futures", qty=Decimal(5), **written)
    journal = WrittenTransfers(db, portfolio.id)
    async with db.transaction() as tx:
        await orders.add_order(tx, attempt)
    assert await journal.claimed() == {}
    await journal.claim("b1-0-1", "11415955596")
    async with db.transaction() as tx:
        await orders.save_order(tx, replace(attempt, state=OrderState.FILLED, ended_at=samples.NOW))
    assert await WrittenTransfers(db, portfolio.id).claimed() == {"11415955596": "b1-0-1"}
    assert set(await journal.done()) == {"b1-0-1"}


async def test_an_account_that_is_behind_is_looked_at_once_for_all_legs_of_a_plan() -> None:
    """Three coins and two contracts cost one look at the coins and one at the positions, not five; what shows is asked about no more."""
    shown: dict[str, tuple[str, ...]] = {"balances": ("0", "5", "5"), "positions": ("0", "0", "5")}
    asked: Counter[str] = Counter()

    def told(call: str) -> Decimal:
        asked[call] += 1
        return Decimal(shown[call][asked[call] - 1])

    async def balances() -> Balances:
        held = dict.fromkeys(("BTC", "ETH", "SOL"), told("balances"))
        return Balances(spot=held, free=held, futures_wallet=Decimal(0))

    async def positions() -> tuple[Position, ...]:
        given = {"entry": Decimal(1), "mark": Decimal(1), "leverage": Decimal(1), "qty": told("positions")}
        return tuple(Position(instrument=name, **given) for name in ("BTC-PERP", "ETH-PERP"))

    written: dict[str, Any] = {"plan_id": 1, "attempt": 1, "sent_at": samples.NOW, "ended_at": samples.NOW, "side": "buy"}
    amounts: dict[str, Any] = {"qty": Decimal(5), "filled": Decimal(5), "limit": Decimal(1), "held": Decimal(0)}
    attempts = [
        Attempt(client_id=f"b1-{leg}-1", leg_index=leg, instrument=name, **written, **amounts)
        for leg, name in enumerate(("BTC", "ETH", "SOL", "BTC-PERP", "ETH-PERP"))
    ]
    account: Any = SimpleNamespace(balances=balances, positions=positions)
    deps: Any = SimpleNamespace(clock=ManualClock(samples.NOW), pace=Pace())
    await wallets.wait_until_shown(account, attempts, deps)
    assert asked == {"balances": 2, "positions": 3}
