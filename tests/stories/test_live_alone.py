"""Acting by itself with real money: by a sentence of its own after a plan confirmed by hand, and over at the first doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.testserver.account import Right
from chatbot.model import AnswerMode, DecidedBy, PlanState
from tests.stories.at_exchange import D, agree, at_exchange, beside, theirs, tried, venue

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.exchanges.testserver.server import Server
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


async def agree_to_alone(ann: Someone, sentence: str = "Trade without  asking me.") -> str:
    """Read what it means, and type the sentence."""
    asked = await ann.say("/mode auto 4000 20%")
    assert "Act by myself with real money?" in asked
    assert "at most $4,000 an order and 20% of the value a day" in asked
    assert "To agree, type: trade without asking me" in asked
    return await ann.say(sentence)


async def drifts(ann: Someone, server: Server, by: str = "1.25") -> None:
    """Let BTC rise, and give the bot time to notice it, to gather, and to act."""
    server.venue.move("BTC", server.venue.price("BTC") * D(by))
    for _ in range(4):
        await ann.step(240)


async def answer(ann: Someone) -> AnswerMode:
    """Return how the portfolio answers now."""
    found = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert found is not None
    return found.answer


async def test_one_plan_by_hand_then_a_sentence_then_it_acts_and_one_tap_ends_it(tmp_path: Path) -> None:
    """Not before a plan has traded, not by another sentence or the other one; then inside the limits, through a restart, until one tap."""
    async with venue() as server:
        async with beside(server, tmp_path) as ann:
            await tried(ann, before_first="/mode auto")
            for other in ("yes", "trade with real money", "trade without asking"):
                assert "That was not the sentence" in await agree_to_alone(ann, other)
                assert await answer(ann) is AnswerMode.ASK
            assert "From now on I act by myself here, with real money." in await agree_to_alone(ann)
            loopback = ann.loopback
        async with beside(server, tmp_path, loopback=loopback) as ann:
            sent = len(theirs(server).orders)
            await drifts(ann, server)
            acted = await ann.plan()
            assert (acted.state, acted.decided_by) == (PlanState.DONE, DecidedBy.AUTO)
            assert all(leg.notional <= D(4000) for leg in acted.legs)
            assert len(theirs(server).orders) > sent
            await ann.say("/mode")
            await ann.tap("Ask me")
            assert "wait for your Confirm" in ann.last.text
            before = len(theirs(server).orders)
            await drifts(ann, server)
            assert (await ann.plan()).decided_by is not DecidedBy.AUTO or (await ann.plan()).id == acted.id
            assert len(theirs(server).orders) == before
            assert "To agree, type" in await ann.say("/mode auto 4000 20%")


async def test_it_ends_by_itself(tmp_path: Path) -> None:
    """A pause, a halt, other limits, trouble with the key, the loss of a day: from then on it asks, and says so, each time anew."""
    async with at_exchange(tmp_path) as (ann, server):
        await tried(ann)
        for how in ("pause", "halt", "limits", "key", "loss"):
            agreed = await agree_to_alone(ann)
            assert await answer(ann) is AnswerMode.AUTO, agreed
            said = await end(ann, server, how)
            assert await answer(ann) is AnswerMode.ASK, said
            assert {"limits": "Largest order", "loss": "Paused: it has lost"}.get(how, "no longer act by myself") in said
            assert "I ask before each plan" in said
        await ann.say("/resume")
        sent = len(theirs(server).orders)
        await drifts(ann, server, "1.4")
        assert len(theirs(server).orders) == sent
        assert (await ann.plan()).decided_by is not DecidedBy.AUTO


async def end(ann: Someone, server: Server, how: str) -> str:
    """Let something end it, and return all that is said."""
    before = ann.newest
    if how == "pause":
        await ann.say("/pause")
        await ann.work()
        await ann.say("/resume")
    elif how == "halt":
        await ann.say("/halt")
        await ann.work()
        await ann.say("/unhalt")
        await ann.taps("Let trading go on")
    elif how == "limits":
        await ann.say("/live 6000 25% 5%")
    elif how == "loss":
        server.venue.move("BTC", D(47_000))
        await ann.step()
        await ann.step()
    else:
        theirs(server).rights -= {Right.SPOT}
        await ann.say("/keys")
        await ann.taps("Binance …0001", "Check again")
        theirs(server).rights |= {Right.SPOT}
    await ann.work()
    return ann.since(before)


async def test_larger_limits_need_the_sentence_again_and_smaller_ones_do_not(tmp_path: Path) -> None:
    """What was agreed to is not widened by a command."""
    async with at_exchange(tmp_path) as (ann, _):
        await tried(ann)
        assert "Largest order: $3,000" in await ann.say("/live 3000 25% 5%")
        asked = await ann.say("/live 3001 25% 5%")
        assert "To agree, type" in asked
        assert "Largest order: $3,000" in await ann.say("/live")
        assert "That was not the sentence" in await ann.say("ok")
        for wider in ("/live 3000 26% 5%", "/live 3000 25% 6%"):
            assert "To agree, type" in await ann.say(wider)
        assert "Most lost in a day: 6%" in await ann.say("trade with real money")


async def test_the_sentence_agrees_to_nothing_that_has_changed_since(tmp_path: Path) -> None:
    """A pause, a halt, other limits between the question and the sentence: nothing is agreed to."""
    async with at_exchange(tmp_path) as (ann, _):
        await tried(ann)
        await ann.say("/mode auto 4000 20%")
        found = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert found is not None
        await ann.program.portfolios.change(found, answer=AnswerMode.NOTIFY)
        assert "Something has changed since I asked" in await ann.say("trade without asking me")
        await ann.say("/mode auto 4000 20%")
        await ann.program.portfolios.pause((await ann.program.access.everybody())[0])
        assert "Not while trading is stopped" in await ann.say("trade without asking me")
        await ann.say("/resume")
        await ann.taps("Only watch") if "Only watch" in ann.last.buttons else await ann.say("/live")
        await ann.tap("Only watch")
        assert "I only watch here" in await ann.say("/mode auto 4000 20%")
        assert "Something has changed" not in await agree(ann)
