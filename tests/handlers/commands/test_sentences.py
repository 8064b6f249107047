"""Sentences without a command, through the chat: what only asks is answered, what would act is asked about, and a button does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import moments
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def _by_hand(ann: Someone) -> None:
    await ann.type_in("BTC 0.5, ETH 4, ADA 10000, USDT 20000", "Not done")


async def test_what_only_asks_is_answered_at_once_as_its_command_would(tmp_path: Path) -> None:
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        assert await ann.say("how am I doing?") == await ann.say("/status")
        assert await ann.say("why don't you do anything") == await ann.say("/why")
        assert await ann.say("what if btc drops 35%") == await ann.say("/hedge 35")
        ann.sees("If BTC falls 35% now, you lose about")
        assert await ann.say("show me my trades") == await ann.say("/history")


async def test_what_would_act_is_named_and_done_by_its_button_alone(tmp_path: Path) -> None:
    """The stored result comes from the tap, by the command's own way, and once however often it is tapped."""
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        told = await ann.say("I added five hundred dollars yesterday")
        assert told.splitlines() == [
            "MANUAL · made-up prices",
            "I understood: Money or coins that came in",
            "/deposit 500 USD",
            "Nothing happens before you tap the button.",
        ]
        question = ann.last
        assert (await ann.books())["spot"]["USDT"] == 20_000
        await ann.tap("/deposit 500 USD")
        ann.sees("Deposit noted", "+500 USDT")
        await ann.tap("/deposit 500 USD", question)
        assert (await ann.books())["spot"]["USDT"] == 20_500

        await ann.say("leave 0.1 of my btc alone")
        assert not await _kept(ann)
        await ann.tap("/keep 0.1 BTC")
        assert await _kept(ann) == {"BTC"}

        await ann.say("please stop everything")
        assert not await _is_paused(ann)
        await ann.tap("/pause")
        assert await _is_paused(ann)


@pytest.mark.long
async def test_only_what_can_be_kept_out_is_offered(tmp_path: Path) -> None:
    """A coin with a target of its own cannot be kept out for good: that is said, and what can be done does it with its button."""
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        await ann.say("/targets BTC 40 ADA 30 USDT 30")
        told = await ann.say("don't touch my ADA")
        assert "ADA has a target of its own." in told
        assert "/keep all ADA" not in told
        assert list(ann.last.buttons) == ["/keep 10000 ADA", "Targets", "Help"]
        assert not await _kept(ann)
        await ann.tap("/keep 10000 ADA")
        assert await _kept(ann) == {"ADA"}

        told = await ann.say("keep 3 of my ETH")
        assert "/keep 3 ETH" in told
        told = await ann.say("keep 5 of my ETH")
        assert "can't keep 5 out" in told
        assert list(ann.last.buttons) == ["/keep all ETH", "/keep 4 ETH", "Targets", "Help"]
        assert "You hold no SOL" in await ann.say("don't touch my sol")
        assert list(ann.last.buttons) == ["Targets", "Help"]


async def test_what_is_not_to_be_done_is_not_done_and_not_offered(tmp_path: Path) -> None:
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        for said in ("don't rebalance", "do not invest 500", "never deposit 500"):
            assert (await ann.say(said)).startswith("I did nothing and changed nothing."), said
            assert ann.last.buttons == ("/why", "/mode", "/pause")


async def test_what_is_not_understood_gets_the_three_nearest_commands(tmp_path: Path) -> None:
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        assert "/targets — Strategy and target weights" in await ann.say("sell my eth to my brother")
        assert ann.last.buttons == ("/targets", "/rebalance", "/panic")
        await ann.tap("/targets")
        ann.sees("MANUAL")


async def test_a_sentence_in_the_middle_of_a_dialog_is_answered_where_the_dialog_cannot_read_it(tmp_path: Path) -> None:
    """What was asked for still waits; what it can read is its own: "put 500 in" is the amount that it asked for."""
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        await ann.say("/deposit")
        assert "ALT" in await ann.say("how am I doing?")
        await ann.say("500")
        ann.sees("Deposit noted")


async def test_why_a_coin_was_bought_shows_the_last_plan_that_did(tmp_path: Path) -> None:
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.settle()
        assert "Plan 1" in await ann.say("why did you buy btc?")
        assert "Plan 1" not in await ann.say("why did you buy link?")


@pytest.mark.long
async def test_people_are_understood_in_their_own_language(tmp_path: Path) -> None:
    """Three of them here; what is understood in each of the eight stands in the tables beside ``tests/phrases``."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, asks, acts in (
            ("en", "how am I doing", "put 500 in"),
            ("es", "¿cómo voy?", "mete 500"),
            ("ru", "как дела?", "вложи 500"),
        ):
            one = people[language]
            assert await one.say(asks) == await one.say("/status")
            await one.say(acts)
            assert one.last.buttons[0] == "/invest 500"


async def _kept(ann: Someone) -> set[str]:
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    return set(portfolio.strategy.kept)


async def _is_paused(ann: Someone) -> bool:
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    return portfolio.paused
