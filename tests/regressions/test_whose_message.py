"""With two portfolios every message about money says whose it is, and every button under it is about that one (C1, product 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import Check, Flow, FlowKind, Message, MessageKind, PlanState, Problem, Verdict
from chatbot.plans.closing import Outcome
from chatbot.store import accounts, flows, plans, portfolios, tables
from handlers.bot import BUTTONS
from handlers.command_list import visible_to
from handlers.transport.delivery import Courier
from handlers.transport.rendering import ABOUT_PEOPLE
from tests.handlers.commands.test_refusals import press
from tests.handlers.transport.test_sounds import TOLD
from tests.person import Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from handlers.loopback import Message as Shown

#: the name of each portfolio
NAMES = {1: "Pension", 2: "Play money"}
#: what speaks of the person, of all portfolios at once, or of everybody
OF_A_PERSON = {
    "start",
    "portfolios",
    "pause",
    "resume",
    "panic",
    "alerts",
    "settings",
    "connect",
    "keys",
    "disconnect",
    "privacy",
    "help",
    "cancel",
}
#: what each command cannot take
UNTAKEN = {
    "keep": ("5 FOO", "5 BTC", "all", "BTC -1", "nothing"),
    "deposit": ("0", "1e9", "some", "1 FOO", "100 EUR"),
    "withdraw": ("0", "1e9", "all BTC", "9 FOO"),
    "invest": ("0", "1e9", "0.1 BTC", "500 monthly"),
    "targets": ("BTC 40", "BTC 40 FOO 20 ALT -5"),
    "bands": ("FOO 5", "BTC x"),
    "hedge": ("1", "0 20"),
    "schedule": ("blue",),
    "triggers": ("blue",),
    "mode": ("auto x",),
}
OF_A_PORTFOLIO = sorted({command.name for command in visible_to(operator=False)} - OF_A_PERSON)


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann has two portfolios with names and a card each; the second is the current one."""
    async with someone(tmp_path) as found:
        await found.set_up()
        await found.say("/start")
        await found.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        async with found.program.db.transaction() as tx:
            for number, name in NAMES.items():
                await portfolios.rename(tx, number, name)
        yield found


async def switch(ann: Someone, number: int) -> None:
    """Make a portfolio the current one."""
    async with ann.program.db.transaction() as tx:
        await accounts.change_person(tx, ann.user.id, portfolio_id=number)


def is_of(text: str, number: int) -> bool:
    """Tell whether a message says on its first line that it is about this portfolio and no other."""
    first = text.partition("\n")[0]
    return first.startswith(f"DEMO · {NAMES[number]}") and not any(name in first for other, name in NAMES.items() if other != number)


@pytest.mark.long
async def test_every_command_says_which_portfolio_it_speaks_of(ann: Someone) -> None:
    for number in (1, 2):
        await switch(ann, number)
        for command in OF_A_PORTFOLIO:
            await ann.say("/cancel")  # a question of the command before is not what is asked about here
            answer = await ann.say(f"/{command}")
            assert is_of(answer, number), answer
    assert len(OF_A_PORTFOLIO) > 10


@pytest.mark.long
async def test_every_refusal_says_it_too(ann: Someone) -> None:
    """What could not be taken was written for one of the two, and may speak of what that one holds."""
    for number in (1, 2):
        await switch(ann, number)
        for command, typed in UNTAKEN.items():
            for text in typed:
                answer = await ann.say(f"/{command} {text}")
                assert is_of(answer, number), answer


async def tell(ann: Someone, kind: MessageKind, facts: dict[str, Any]) -> str:
    """Deliver a message that the monitor or the executor has written and return what the chat shows of it."""
    before = {message.id: message.text for message in ann.messages}
    message = Message(id=1, chat_id=ann.user.id, kind=kind, facts=facts, key="k")
    delivery = await Courier(ann.program, ann.bot.bot)(message)
    assert delivery.verdict is Verdict.SENT, delivery
    changed = [message.text for message in ann.messages if before.get(message.id) != message.text]
    return changed[-1]  # before it an alert may have learned to point to its plan


async def put(ann: Someone, number: int, state: PlanState) -> int:
    """Write the state of a portfolio's newest plan and return its id; its card is to be sent anew."""
    async with ann.program.db.transaction() as tx:
        (plan,) = await plans.plans(tx, number, limit=1)
        changed = {"state": state, "message_id": None, "finished_at": ann.clock.now()}
        await tx.execute(tables.plans.update().where(tables.plans.c.id == plan.id).values(**changed))
    return plan.id


async def corrected(ann: Someone, number: int) -> int:
    """Write down that an amount of a portfolio was corrected, and return the number of that."""
    held = {"spot": {"BTC": "0.5"}, "futures_wallet": "0", "positions": {}}
    facts = {"before": held, "after": {**held, "spot": {}}, "asks": True}
    flow = Flow(portfolio_id=number, at=ann.clock.now(), kind=FlowKind.CORRECTION, value=Decimal(1), amount=Decimal(-1), facts=facts)
    async with ann.program.db.transaction() as tx:
        return (await flows.add(tx, flow)).id


@pytest.mark.long
async def test_every_message_that_the_bot_sends_by_itself_says_so_too(ann: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alerts, cards, progress, results, and each line of a digest, whichever portfolio is the current one."""
    monkeypatch.setattr(type(ann.program.markets.usual.levels), "marked", lambda *_: "still asked")
    unknown = Check(at=ann.clock.now(), problems=(Problem(code="missing_price", instrument="BTC"),))
    line = TOLD[MessageKind.DRIFT]["lines"][0]
    for number in (1, 2):
        async with ann.program.db.transaction() as tx:
            await portfolios.save_checks(tx, {number: unknown})
        told = {**TOLD, MessageKind.PROBLEM: {}, MessageKind.HEDGE_FUNDING: {"hedge": "cover", "rate": "-0.001"}}
        told[MessageKind.HEDGE_OVER] = {"hedge": "cover", "why": "expired", "days": 5, "price": "60000", "low": "50000", "mark": "55000"}
        told[MessageKind.HEDGE_OVER] |= {"result": "10", "funding": "-1"}
        told[MessageKind.LEAP] = {"asset": "SOL", "before": "100", "after": "1", "at": ann.clock.now().isoformat()}
        told[MessageKind.DEPEG] = {"coins": [{"asset": "USDC", "qty": "100", "price": "0.88"}]}
        stop = {"instrument": "SOL", "kind": "gone", "since": ann.clock.now().isoformat(), "qty": "4", "price": None, "priced_at": None}
        told |= {MessageKind.COIN_STOPPED: {"stops": [stop]}, MessageKind.COIN_TRADED_AGAIN: {"instruments": ["SOL"]}}
        told[MessageKind.AMOUNTS] = {"flow_id": await corrected(ann, number)}
        told[MessageKind.LOSS] = {"lost": "0.06"}
        told[MessageKind.REVIEW] = {"rhythm": "week"}
        acted = {"kind": "liquidation", "contract": "BTC-PERP", "qty": "-0.1", "price": "60000", "at": ann.clock.now().isoformat()}
        told[MessageKind.EXCHANGE_ACTED] = acted
        told[MessageKind.ORDERS_DIFFER] = {
            "number": 3,
            "orders": [{"instrument": "BTC", "side": "sell", "booked": "0", "filled": "1", "price": "9"}],
        }
        told[MessageKind.ALONE_ENDED] = {"why": "paused"}
        told[MessageKind.PANIC] = {"outcome": Outcome.UNKNOWN, "problems": []}
        signal = {"trigger": "volatility", "subject": "SOL", "event": "begin", "suppressed": False, "since": None}
        told[MessageKind.SIGNALS] = {"steps": [signal | {"reading": "2.4", "enter": "2", "leave": "1.5", "size": "0.4"}]}
        plan_id = await put(ann, number, PlanState.PROPOSED)
        for kind, facts in told.items():
            about = {"plan_id": plan_id} if kind.startswith("plan") else {}
            shown = await tell(ann, kind, {"portfolio_id": number, **about, **facts})
            assert is_of(shown, number), (kind, shown)
        cards = {MessageKind.PLAN_CARD: PlanState.PROPOSED, MessageKind.PLAN_PROGRESS: PlanState.RUNNING}
        cards |= {MessageKind.PLAN_RESULT: PlanState.DONE, MessageKind.PLAN_PARKED: PlanState.PARKED}
        for kind, state in cards.items():
            shown = await tell(ann, kind, {"plan_id": await put(ann, number, state)})
            assert is_of(shown, number), (kind, shown)
        assert {*told, *cards, MessageKind.DIGEST, *ABOUT_PEOPLE} == set(MessageKind), "a new kind of message is told for both here"
    items = [
        {"kind": MessageKind.DRIFT, "facts": {"portfolio_id": number, "lines": [line]}, "at": ann.clock.now().isoformat()}
        for number in (1, 2)
    ]
    digest = await tell(ann, MessageKind.DIGEST, {"items": items})
    assert [name in row for name, row in zip(NAMES.values(), digest.split("\n")[1:], strict=False)] == [True, True], digest


@pytest.mark.long
async def test_the_buttons_of_such_a_message_are_about_its_portfolio(ann: Someone) -> None:
    """An alert, a card, a digest of the first one, while the second is the current one: plans, reasons and settings are the first's."""
    other, line = await rows_of(ann, 2), TOLD[MessageKind.DRIFT]["lines"][0]
    about = {"portfolio_id": 1, "lines": [line]}
    digest = {"items": [{"kind": MessageKind.DRIFT, "facts": about, "at": ann.clock.now().isoformat()}]}
    plan_id = await put(ann, 1, PlanState.SKIPPED)
    for kind, facts, label in (
        (MessageKind.DRIFT, about, "Why?"),
        (MessageKind.DRIFT, about, "See the plan"),
        (MessageKind.DRIFT, about, "Snooze 1 h"),
        (MessageKind.DIGEST, digest, "Status"),
        (MessageKind.PLAN_CARD, {"plan_id": plan_id}, "Plan now"),
        (MessageKind.MARGIN, {**TOLD[MessageKind.MARGIN], "portfolio_id": 1}, "See the plan"),
    ):
        await tell(ann, kind, facts)
        await ann.tap(label)
        assert is_of(ann.last.text, 1), (kind, label, ann.last.text)
    await ann.tap("Ring again now")
    assert await rows_of(ann, 2) == other


#: pages of the person, by how they begin
_PERSONAL = (
    "Ballast",
    "Your exchange keys",
    "You have not connected an exchange yet",
    "This is a demo",
    "Alerts",
    "Settings",
    "Which ",
    "Portfolio\n",
    "Strategy\n",
    "Control\n",
    "Operator\n",
    "DEMO · Pension · $",
)
#: what ends the walk: these buttons lead away from the portfolio for good
_LAST = ("Close", "New portfolio")


@pytest.mark.long
async def test_every_button_under_a_message_is_about_the_portfolio_of_the_message(ann: Someone) -> None:
    """All that can be reached by taps from the pages of the first portfolio, while the second is the current one."""
    await switch(ann, 1)
    pages: list[Shown] = []
    for command in OF_A_PORTFOLIO:
        await ann.say(f"/{command}")
        pages.append(ann.last)
    await switch(ann, 2)
    other = await rows_of(ann, 2)
    seen: set[str] = set()
    while pages:
        page = pages.pop(0)
        for label in page.buttons:
            if label in seen or label.startswith(_LAST):
                continue
            seen.add(label)
            before = {message.id: message.text for message in ann.messages}
            await ann.tap(label, on=page)
            changed = [message for message in ann.messages if before.get(message.id) != message.text]
            assert all(is_of(one.text, 1) or one.text.startswith(_PERSONAL) or "How " in one.text for one in changed), (label, changed)
            pages += [one for one in changed if is_of(one.text, 1) and len(seen) < 150]
            assert await rows_of(ann, 2) == other, label
    assert len(seen) > 60


async def rows_of(ann: Someone, number: int) -> Any:
    """Return everything that is stored of a portfolio."""
    async with ann.program.db.read() as tx:
        found = []
        for table in (tables.portfolios, tables.accounts, tables.states, tables.plans):
            key = table.c.id if table is tables.portfolios else table.c.portfolio_id
            query = table.select().where(key == number).order_by(*table.primary_key)
            found.append([dict(row) for row in (await tx.execute(query)).mappings()])
        return found


#: every button that does something for a portfolio or a plan, with what it carries, in an order in which each has something to do
ACTING = (
    ("edit", "1"),
    ("toggle", "1:0"),
    ("leave_dear", "1:1"),
    ("snooze_plan", "1:1"),
    ("rebalance", ""),
    ("snooze", "1:4"),
    ("resume", ""),
    ("pause", ""),
    ("resume", "all"),
    ("unanswered", "remind"),
    ("answer", "notify"),
    ("answer", "ask:1"),
    ("auto", "500:10%"),
    ("auto_yes", "500:10%"),
    ("answer", "ask"),
    ("use_preset", "conservative"),
    ("band", "3"),
    ("theta", "0.5"),
    ("knob", "volatility:enter:2.5"),
    ("turn", "volatility:0"),
    ("schedule_set", "freq:weekly"),
    ("budget", "10"),
    ("tilt", "50"),
    ("use_band", "CORE:4:"),
    ("use_bands", ""),
    ("hedge_open", "c:l:50:20::"),
    ("hedge_close", "cover"),
    ("preset", "custom"),
    ("rename", ""),
    ("close", ""),
)


@pytest.mark.long
async def test_every_acting_button_of_one_portfolio_leaves_the_other_alone(ann: Someone) -> None:
    """Sealed under a page of the first, pressed while the second is the current one: it acts on the first, by name, or says why not."""
    other, answered = await rows_of(ann, 2), []
    for action, arg in ACTING:
        if action == "hedge_open":  # what is all cash has nothing to hedge
            await switch(ann, 1)
            await ann.say("/deposit 0.1 BTC")
            await switch(ann, 2)
        before, number = await rows_of(ann, 1), ann.newest
        texts = {message.id: message.text for message in ann.messages}
        answer = await press(ann, action, arg, about=1)
        shown = [message for message in ann.messages if texts.get(message.id) != message.text]
        assert await rows_of(ann, 2) == other, action
        assert answer.text or any(is_of(message.text, 1) for message in shown), (action, ann.since(number))
        assert await ann.portfolio_id() == 2
        answered += [action] if await rows_of(ann, 1) != before else []
    settings = {"unanswered", "answer", "auto_yes", "use_preset", "band", "theta", "knob", "turn", "schedule_set", "budget", "use_band"}
    assert set(answered) >= {*settings, "toggle", "snooze_plan", "snooze", "pause", "resume", "hedge_open", "rebalance"}
    assert {action for action, _ in ACTING} <= BUTTONS.keys()


@pytest.mark.long
async def test_confirm_trades_for_the_portfolio_on_its_card(ann: Someone) -> None:
    """Both are called plan 1: the newest Confirm is the second's, the older one the first's."""
    other = await rows_of(ann, 2)
    await press(ann, "confirm", "1", about=1)
    await ann.work()
    async with ann.program.db.read() as tx:
        first = (await plans.plans(tx, 1))[0]
    assert first.state is PlanState.DONE
    assert await rows_of(ann, 2) == other
    result = next(message for message in reversed(ann.messages) if "Plan 1 · done" in message.text)
    assert is_of(result.text, 1)


async def test_a_page_from_before_there_were_two_changes_neither(tmp_path: Path) -> None:
    """It says no name, so nobody can know which one is meant: refused in words, as for every change of what was shown."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        pages = []
        for command, label in (("bands", "to the edge"), ("mode", "Only tell me"), ("schedule", "Weekly"), ("pause", "Resume")):
            await ann.say(f"/{command}")
            pages.append((ann.last, label))
        await ann.say("/start")
        await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        before = await rows_of(ann, 1), await rows_of(ann, 2)
        for page, label in pages:
            answer = await ann.tap(label, on=page)
            assert (answer.text or "").startswith("This was shown for other settings or another portfolio."), label
        assert (await rows_of(ann, 1), await rows_of(ann, 2)) == before


async def test_a_page_that_says_an_older_name_changes_neither(ann: Someone) -> None:
    """Names were swapped since: the name on the page is the other one's now."""
    await ann.say("/bands")
    page = ann.last
    assert is_of(page.text, 2)
    async with ann.program.db.transaction() as tx:
        await portfolios.rename(tx, 1, NAMES[2])
        await portfolios.rename(tx, 2, NAMES[1])
    before = await rows_of(ann, 1), await rows_of(ann, 2)
    answer = await ann.tap("to the edge", on=page)
    assert (answer.text or "").startswith("This was shown for other settings or another portfolio.")
    assert (await rows_of(ann, 1), await rows_of(ann, 2)) == before


async def test_one_portfolio_alone_needs_no_name(tmp_path: Path) -> None:
    """The name comes with the second one, and goes with it."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        assert (await ann.say("/bands")).startswith("DEMO · Bands")
        await ann.say("/start")
        await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        assert (await ann.say("/bands")).startswith("DEMO · Balanced 2 · Bands")
        person = await ann.program.access.known(ann.user.id)
        assert person is not None
        assert await ann.program.portfolios.close(replace(person), 1) is not None
        ann.clock.advance(timedelta(minutes=1).total_seconds())
        assert (await ann.say("/bands")).startswith("DEMO · Bands")
