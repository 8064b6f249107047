"""Members against members: whatever one of them writes or taps, the portfolios, plans, dialogs and files of the other are not theirs."""

from __future__ import annotations

import csv
import io
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from chatbot.model import PlanState, Role
from chatbot.store import accounts, privacy
from chatbot.store import tables as stored
from handlers.bot import BUTTONS, COMMANDS
from handlers.buttons import LIFETIME, Signer, Tap, told_apart
from handlers.loopback import TelegramUser
from tests.person import ANN, BEN, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from handlers.loopback import Message
    from tests.person import Someone

OPERATOR = TelegramUser(id=7, name="Olga")
#: what is tried besides: about a plan of Ann's that waits, about herself, and what a conversation without mishaps does not offer
BESIDE = (
    *(f"{action} {{plan}}" for action in ("confirm", "card", "edit", "skip", "plan", "look_again", "close_plan", "stop_plan", "again")),
    *(f"{action} {{plan}}:1" for action in ("toggle", "snooze_plan", "pay", "leave_dear")),
    *("leave_it {plan}", "snooze {portfolio}:1", "snooze_longer {portfolio}", "approve {ann}", "block {ann}", "users", "mode", "correct"),
    *("auto 500:10", "auto_yes 500:10", "hedge_close cover", "holdings_ok", "start_strategy", "schedule"),
    *(f"{action} ~{{portfolio}}" for action in ("switch", "rename", "close", "close_yes", "closed", "reopen", "status", "csv", "pause")),
    *("start", "amount 10000", "show_preset balanced", "custom", "choose balanced", "unhalt", "unhalt_yes 1", "leap {portfolio}:true:0"),
    *("panic {portfolio}", "panic_go {portfolio}:0", "panic_sell {portfolio}", "panic_sell_go {portfolio}:0"),
)
#: an amount of money that nobody has who began with 1,000 or 10,000, and that is no price of BTC
RICH = re.compile(r"\$(?:1[1-9]|[2-4]\d|[7-9]\d|1\d\d),\d{3}")


@dataclass(slots=True, kw_only=True)
class Two:
    """Ann and Ben, both members with a portfolio of their own."""

    ann: Someone
    ben: Someone
    #: every button that Ann was ever shown, as it was sealed for her
    taps: dict[Tap, Message] = field(default_factory=dict)

    async def rows(self, user: TelegramUser) -> dict[str, Any]:
        """Return everything that is stored of somebody but what was sent to them."""
        async with self.ann.program.db.read() as tx:
            found = await privacy.export_person(tx, user.id)
        return {name: rows for name, rows in found.items() if name != "outbox"}

    def collect(self) -> None:
        """Note the buttons that Ann sees."""
        signer, now = Signer(self.ann.program.button_key), self.ann.clock.now()
        for message in self.ann.messages:
            for row in message.keyboard:
                for button in row:
                    opened = signer.unpack(str(button["callback_data"]), ANN.id, ANN.id, now)
                    assert isinstance(opened, Tap)
                    self.taps.setdefault(opened, message)

    async def a_plan_that_waits(self) -> int:
        """Let Ann have a card that waits for her answer; return the plan's id."""
        await self.ann.say("/targets BTC 70 USDT 30")
        await self.ann.say("/rebalance")
        self.collect()
        plan = await self.ann.plan()
        assert plan.state is PlanState.PROPOSED
        return plan.id

    async def look_around(self) -> None:
        """Let Ann write every command and tap one button of each kind, until she is shown nothing new."""
        tried: set[str] = {"pause", "confirm", "skip", "snooze_plan", "cancel"}
        for command in COMMANDS:
            await self.ann.say(f"/{command}")
            self.collect()
        while new := [tap for tap in self.taps if tap.action not in tried]:
            for tap in new:
                if tap.action not in tried:
                    tried.add(tap.action)
                    message = self.taps[tap]
                    await self.ann.loopback._tapped(ANN, message, self.sealed(tap, ANN))
                    await self.ann.handle()
                    self.collect()

    def sealed(self, tap: Tap, user: TelegramUser) -> str:
        """Return a tap as the bot would seal it for somebody."""
        return Signer(self.ann.program.button_key).pack(tap.action, tap.arg, user.id, user.id, self.ann.clock.now() + LIFETIME)

    async def taps_as(self, one: Someone, tap: Tap, sealed_for: TelegramUser) -> tuple[str, str]:
        """Let somebody tap a button in their own chat; return the answer to the tap and everything that they are shown."""
        before = one.newest
        query = await one.loopback._tapped(one.user, one.last, self.sealed(tap, sealed_for))
        await one.handle()
        await one.outbox.drain()
        answer = one.loopback.answer(query)
        assert answer is not None, tap
        return answer.text, one.since(before) + one.last.text


@asynccontextmanager
async def two(folder: Path, *, traded: bool = False) -> AsyncIterator[Two]:
    async with someone(folder, operator_ids=str(OPERATOR.id)) as ann:
        ben = ann.beside(BEN)
        await ann.beside(OPERATOR).say("/start")
        for one in (ann, ben):
            await one.say("/start")
            async with ann.program.db.transaction() as tx:
                await accounts.change_person(tx, one.user.id, role=Role.MEMBER)
        for one, preset, amount in ((ann, "Aggressive", "100,000"), (ben, "Conservative", "1,000")):
            await one.set_up(preset, amount)
            if traded:
                await one.confirm()
        yield Two(ann=ann, ben=ben)


@pytest.mark.long
async def test_no_button_of_anns_does_anything_for_ben(tmp_path: Path) -> None:
    """Every button that she was ever shown, tapped by him as it was sealed for her, and, as if the seal were broken, sealed for him."""
    async with two(tmp_path) as both:
        await both.look_around()
        plan_id = await both.a_plan_that_waits()
        numbers = {"plan": plan_id, "ann": ANN.id, "portfolio": await both.ann.portfolio_id()}
        beside = [Tap(*words.format(**numbers).partition(" ")[::2]) for words in BESIDE]
        untried = BUTTONS.keys() - {tap.action for tap in (*both.taps, *beside)}  # whatever comes later
        guessed = [
            Tap(action, arg.format(**numbers)) for action in sorted(untried) for arg in ("{plan}", "~{portfolio}", "BTC~{portfolio}")
        ]
        taps = (*both.taps, *beside, *guessed)
        hers, his = await both.rows(ANN), await both.rows(BEN)
        for tap in taps:
            answer, _ = await both.taps_as(both.ben, tap, ANN)
            assert answer.startswith("This button belongs to somebody else, or to records"), tap
        assert await both.rows(BEN) == his
        for tap in {(tap.action, len(tap.arg)): tap for tap in taps}.values():
            answer, shown = await both.taps_as(both.ben, tap, BEN)
            assert "went wrong" not in shown, tap
            assert not RICH.search(answer + shown), (tap, shown)
        assert await both.rows(ANN) == hers
        assert (await both.ann.plan()).state is PlanState.PROPOSED


@pytest.mark.long
async def test_no_command_or_reply_of_bens_shows_or_changes_anything_of_anns(tmp_path: Path) -> None:
    """Every command, alone and with her numbers behind it, and replies to her question, while a plan of hers waits."""
    async with two(tmp_path) as both:
        plan_id = await both.a_plan_that_waits()
        await both.ann.say("/settings")
        await both.ann.tap("Time zone")
        hers, asked = await both.rows(ANN), await both.ann.dialog()
        assert asked is not None
        begun = both.ben.newest
        for command in COMMANDS:
            for behind in ("", f" {plan_id} {ANN.id}"):
                assert await both.ben.say(f"/{command}{behind}")
        assert not RICH.search(both.ben.since(begun))
        assert "went wrong" not in both.ben.since(begun)
        for text in ("Europe/Madrid", "BTC 50 USDT 50", "5,000", "yes"):
            await both.ben.loopback.text(BEN, text, reply_to=both.ann.last.id)  # to the very message that asks her
            await both.ben.handle()
        assert await both.rows(ANN) == hers
        assert await both.ann.dialog() == asked


@pytest.mark.long
async def test_files_and_exports_hold_what_belongs_to_who_asks(tmp_path: Path) -> None:
    """Ben's file has his legs and nothing of hers, whatever is on the button that he taps; his export his rows alone."""
    async with two(tmp_path, traded=True) as both:
        his, hers = await both.ben.plans(), await both.ann.plans()
        for arg in ("", str(hers[0].id), str(hers[0].portfolio_id), f"{ANN.id}"):
            await both.taps_as(both.ben, Tap("csv", arg), BEN)
            attached = both.ben.last.attachment
            assert attached is not None
            rows = list(csv.reader(io.StringIO(attached.data.decode("utf-8-sig"))))
            assert len(rows) - 1 == sum(len(plan.legs) for plan in his)
            told = {cell for row in rows for cell in row}
            assert {str(leg.qty) for plan in his for leg in plan.legs} <= told
            assert not {str(leg.qty) for plan in hers for leg in plan.legs} & told
        await exports_are_apart(both)


async def exports_are_apart(both: Two) -> None:
    """Hold that each table that knows of a person, a portfolio, a plan or a chat is exported, with the rows of one person."""
    async with both.ann.program.db.transaction() as tx:
        await accounts.set_dialog(tx, ANN.id, "zone", {"hers": 1})
        await accounts.set_dialog(tx, BEN.id, "zone", {"his": 1})
        hers, his = await privacy.export_person(tx, ANN.id), await privacy.export_person(tx, BEN.id)
        everything = {table.name: len((await tx.execute(select(table))).all()) for table in stored.metadata.tables.values()}
    of_somebody = {
        table.name
        for table in stored.metadata.tables.values()
        if {"person_id", "portfolio_id", "plan_id", "chat_id"} & set(table.columns.keys())
    }
    filled = {name for name in of_somebody if everything[name]}
    assert {name.removeprefix(stored.PREFIX) for name in filled} == hers.keys() | his.keys()
    assert "legs" in hers.keys() & his.keys()
    for name in hers.keys() & his.keys():
        assert not [row for row in hers[name] if row in his[name]], name
    assert [row["id"] for row in his["people"]] == [BEN.id]


@pytest.mark.long
async def test_a_portfolio_of_somebody_else_is_nobodys_current_one(tmp_path: Path) -> None:
    """Ben's row names Ann's portfolio, by a fault of ours or of whoever wrote the database: he has none, and nothing of hers is shown."""
    async with two(tmp_path) as both:
        async with both.ann.program.db.transaction() as tx:
            await accounts.change_person(tx, BEN.id, portfolio_id=await both.ann.portfolio_id())
        hers = await both.rows(ANN)
        for command in COMMANDS:
            assert not RICH.search(await both.ben.say(f"/{command}")), command
        assert await both.rows(ANN) == hers


@pytest.mark.long
@pytest.mark.parametrize("role", [Role.PENDING, Role.BLOCKED])
async def test_who_is_not_let_in_sees_and_moves_nothing(tmp_path: Path, role: Role) -> None:
    """A stranger and somebody blocked, with every command and every button, sealed for them: no answer shows anything of anybody."""
    async with two(tmp_path) as both:
        eve = both.ann.beside(TelegramUser(id=66, name="Eve"))
        await eve.say("/start")
        async with both.ann.program.db.transaction() as tx:
            await accounts.change_person(tx, eve.user.id, role=role, portfolio_id=await both.ann.portfolio_id())
        plan_id = await both.a_plan_that_waits()
        stood, everything = {ANN.id: await both.rows(ANN), BEN.id: await both.rows(BEN)}, eve.newest
        for command in COMMANDS:
            await eve.say(f"/{command}")
        for action in BUTTONS:
            answer, _ = await both.taps_as(eve, Tap(action, str(plan_id)), eve.user)
            assert answer == "", action
        said = {message.text for message in eve.messages if message.id > everything}
        assert len(said) == (1 if role is Role.PENDING else 0), said
        assert {ANN.id: await both.rows(ANN), BEN.id: await both.rows(BEN)} == stood


async def test_her_own_button_pressed_elsewhere_does_nothing(tmp_path: Path) -> None:
    """A card that was forwarded, shown in a group or by another bot's inline message: Confirm works in her chat alone, and once."""
    async with two(tmp_path) as both:
        plan_id = await both.a_plan_that_waits()
        (tap,) = (tap for tap in both.taps if told_apart(tap)[0] == Tap("confirm", f"{plan_id}:0"))
        shown = {"message_id": both.ann.last.id, "date": 1767603600, "from": {"id": 7000000001, "is_bot": True, "first_name": "Ballast"}}
        places: tuple[dict[str, Any], ...] = (
            {"message": {**shown, "chat": {"id": -100, "type": "supergroup", "title": "Friends"}}},
            {"message": {**shown, "chat": {"id": -200, "type": "channel", "title": "News"}}},
            {"message": {**shown, "chat": {"id": BEN.id, "type": "private", "first_name": "Ben"}}},
            {"inline_message_id": "BAAAA"},
        )
        for number, place in enumerate(places):
            body = {"id": str(number), "from": ANN.to_json(), "chat_instance": "1", "data": both.sealed(tap, ANN), **place}
            await both.ann.update("callback_query", **body)
            assert (await both.ann.plan()).state is PlanState.PROPOSED, place
        await both.ann.confirm()
        assert (await both.ann.plan()).state is PlanState.DONE
