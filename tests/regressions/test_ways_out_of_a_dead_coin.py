"""What a person does about a coin without a market: leave it out, write it off, rename or split it, in paper and by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.exchanges.paper.account import Stake
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.model import FUTURES, STABLE, FlowKind, Strategy
from chatbot.portfolio import strategies
from chatbot.portfolio.lives import targets
from chatbot.store import flows
from tests.moments import after
from tests.person import START
from tests.portfolio.still_market import StillMarket
from tests.regressions.test_coins_that_stop import at_chat, figures, listings, manual, market, paper, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Flow
    from handlers.loopback import Message
    from tests.person import Someone

D = Decimal
SETTINGS = ("paper", "manual")


@pytest.fixture
async def ann(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Someone]:
    """Sit down with a portfolio that holds BTC, ETH, SOL and XRP, in paper or typed in."""
    live = manual if getattr(request, "param", "manual") == "manual" else paper
    async with after(live, tmp_path, source=StillMarket, fear_greed_url="") as opened:
        yield opened


async def gone(ann: Someone, coin: str = "SOL") -> None:
    """Let the exchange delist a coin, and the bot tell of it."""
    listings(ann).gone |= {coin, f"{coin}-PERP"}
    for _ in range(3):
        await ann.step()
    assert told(ann, f"no longer lists {coin}")


async def flows_of(ann: Someone) -> tuple[Flow, ...]:
    async with ann.program.db.read() as tx:
        return await flows.of_portfolio(tx, await ann.portfolio_id())


async def strategy(ann: Someone) -> Strategy:
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    return portfolio.strategy


@pytest.mark.parametrize("ann", SETTINGS, indirect=True)
async def test_a_dead_coin_is_written_off_and_never_bought_again(ann: Someone) -> None:
    """Its amount goes as a loss that is no flow; it is in no target; the next card does without it; nothing is blocked."""
    await gone(ann)
    before, held = await figures(ann), (await ann.books())["spot"]
    await ann.tap("Write off")
    ann.sees("SOL, counted as", "It is a loss of that much", "It leaves your targets too")
    assert (await ann.books())["spot"] == held, "shown, and not done"
    await ann.tap("Write SOL off")
    ann.sees("SOL are written off")
    assert "SOL" not in (await ann.books())["spot"]
    (flow,) = await flows_of(ann)
    assert (flow.kind, flow.amount, flow.value) == (FlowKind.WRITTEN_OFF, 0, before.value)
    after = await figures(ann)
    assert after.value == before.value - before.values["SOL"]
    assert "SOL" not in (await strategy(ann)).spot_assets
    assert "Cannot evaluate" not in await ann.say("/rebalance")
    assert "SOL" not in {leg.instrument for leg in (await ann.plan()).legs}
    assert sum((await strategy(ann)).weights.values()) == 1


@pytest.mark.parametrize("ann", SETTINGS, indirect=True)
async def test_a_dead_coin_is_left_out_as_by_keep_and_that_is_no_loss(ann: Someone) -> None:
    """It is shown, in no value and no weight; a flow says so; /keep knows it."""
    await gone(ann)
    before, held = await figures(ann), (await ann.books())["spot"]["SOL"]
    await ann.taps("Leave out", "Leave SOL out")
    after = await figures(ann)
    assert after.value == before.value - before.values["SOL"]
    assert (await ann.books())["spot"]["SOL"] == held
    assert after.kept["SOL"].qty == held
    (flow,) = await flows_of(ann)
    assert (flow.kind, flow.amount) == (FlowKind.RESERVE, -before.values["SOL"])
    assert "SOL" in await ann.say("/keep")
    assert "halted" not in await ann.say("/status")


@pytest.mark.parametrize("ann", SETTINGS, indirect=True)
async def test_a_renamed_coin_goes_on_under_its_new_name(ann: Someone) -> None:
    """The amount goes over one for one, without flow and profit; the targets know the new name; a name that is not listed is refused."""
    held = (await ann.books())["spot"]["SOL"]
    listings(ann).rename("SOL", "LUNA2")
    for _ in range(3):
        await ann.step()
    before = await figures(ann)
    await ann.tap("New name")
    for wrong in ("NOSUCH", "USDT", "SOL", "BTC-PERP"):
        assert "is not traded here" in await ann.say(wrong)
    await ann.say("luna2")
    ann.sees("SOL, counted as", "LUNA2, worth")
    await ann.tap("SOL is now LUNA2")
    spot = (await ann.books())["spot"]
    assert (spot.get("SOL"), spot["LUNA2"]) == (None, held)
    (flow,) = await flows_of(ann)
    assert (flow.kind, flow.amount) == (FlowKind.RENAMED, 0)
    after = await figures(ann)
    assert (after.value, after.stopped) == (before.value, ())
    assert "LUNA2" in (await strategy(ann)).spot_assets
    assert "SOL" not in (await strategy(ann)).spot_assets


@pytest.mark.parametrize("ann", SETTINGS, indirect=True)
async def test_a_delisted_contract_is_settled_at_its_last_price(ann: Someone) -> None:
    """As exchanges do: the position is closed without an order, its result is in the futures account, and the value is as it was."""
    exchange = await ann.exchange()
    if isinstance(exchange, PaperExchange):
        stake = {"ETH-PERP": Stake(qty=D("0.1"), cost=D(240))}
        exchange._state = replace(exchange.state, futures_wallet=D(1000), positions=stake)
        ann.program.roster.forget(await ann.portfolio_id())
    else:
        await ann.say("/status")
        await ann.tap("Correct amounts")
        await ann.say("futures 1000, ETH-PERP 0.1 at 2400")
    await ann.step()
    listings(ann).gone.add("ETH-PERP")
    for _ in range(3):
        await ann.step()
    before, books = await figures(ann), await ann.books()
    entry = (await ann.exchange()).state.positions["ETH-PERP"].entry
    await ann.say("/status")
    await ann.taps("What about ETH futures?", "Settled")
    ann.sees("ETH futures count as closed at 2,500.00")
    await ann.tap("ETH futures are settled")
    after = await ann.books()
    assert "ETH-PERP" not in after["book"]
    assert after["wallet"] == books["wallet"] + books["book"]["ETH-PERP"] * (2500 - entry)
    stands = await figures(ann)
    assert (stands.value, stands.stopped) == (before.value, ())
    assert [(flow.kind, flow.amount) for flow in await flows_of(ann)][-1] == (FlowKind.SETTLED, 0)
    await ann.say("/rebalance")
    assert all("ETH-PERP" not in {leg.instrument for leg in plan.legs} for plan in (await ann.plans())[-1:])


async def asked(ann: Someone) -> Message:
    """Go from the status to the question whether SOL is to be written off, and return its message."""
    await ann.say("/status")
    await ann.taps("What about SOL?", "Write off")
    return ann.with_button("Write SOL off")


@pytest.mark.long
async def test_a_late_tap_changes_nothing(ann: Someone) -> None:
    """Traded again, another amount, other settings, pressed twice: each is answered in words."""
    await gone(ann)
    shown, held = await asked(ann), (await ann.books())["spot"]["SOL"]
    listings(ann).gone.clear()
    await ann.step()
    assert "That question no longer matters" in (await ann.tap("Write SOL off", on=shown)).text
    await gone(ann)
    shown = await asked(ann)
    await ann.say("/withdraw 5 SOL")
    assert "That question no longer matters" in (await ann.tap("Write SOL off", on=shown)).text
    shown = await asked(ann)
    await ann.say("/bands CORE 7")
    assert "shown for other settings" in (await ann.tap("Write SOL off", on=shown)).text
    assert (await ann.books())["spot"]["SOL"] == held - 5
    shown = await asked(ann)
    for _ in range(2):
        await ann.tap("Write SOL off", on=shown)
    assert len([flow for flow in await flows_of(ann) if flow.kind is FlowKind.WRITTEN_OFF]) == 1


@pytest.mark.long
async def test_amounts_do_not_change_under_a_plan_that_is_carried_out(tmp_path: Path) -> None:
    """The plan's orders rest on them: said, and done when it has ended."""
    async with at_chat(tmp_path, StillMarket(ManualClock(START))) as ann:
        await paper(ann)
        await gone(ann)
        shown = await asked(ann)
        market(ann).move("BTC", "0.6")
        market(ann).move("ETH", "0.6")
        await ann.say("/rebalance")
        await ann.tap("Confirm")  # and nobody works on it yet
        await ann.tap("Write SOL off", on=shown)
        assert told(ann, "One plan at a time")
        assert "SOL" in (await ann.books())["spot"]
        await ann.work()
        await ann.tap("Write SOL off", on=await asked(ann))
        assert "SOL" not in (await ann.books())["spot"]


@pytest.mark.long
async def test_a_coin_of_unknown_price_locks_nobody(tmp_path: Path) -> None:
    """A database that never saw its price: the value is unknown, said with the ways out; each of them ends it."""
    source = StillMarket(ManualClock(START))
    async with at_chat(tmp_path, source) as ann:
        await manual(ann)
    source.listings.gone |= {"SOL", "SOL-PERP"}
    async with at_chat(tmp_path, source, ann.loopback) as ann:
        ann.program.markets.usual.stops.__init__()  # type: ignore[misc]  # as from a version that kept no last prices
        for _ in range(3):
            await ann.step()
        assert "its last price is not known" in (await ann.say("/status")) + (await ann.say("/rebalance"))
        await ann.taps("What about SOL?", "Write off", "Write SOL off")
        await ann.step()
        assert "Cannot evaluate" not in await ann.say("/status")


async def test_a_coin_that_was_taken_out_of_the_amounts_does_not_lock_what_is_left(ann: Someone) -> None:
    """D3, by hand: corrected to 0 after it was delisted, its target waits in cash, nothing is blocked and nothing buys it."""
    await gone(ann)
    await ann.say("/status")
    await ann.tap("Correct amounts")
    await ann.say("SOL 0")
    assert "SOL" not in (await ann.books())["spot"]
    await ann.step()
    assert "Cannot evaluate" not in await ann.say("/status")
    await ann.say("/rebalance")
    assert "SOL" not in {leg.instrument for leg in (await ann.plan()).legs}


@pytest.mark.long
@pytest.mark.parametrize("theta", ["1", "0.5", "0"])
async def test_a_target_that_nothing_can_be_bought_for_waits_as_cash(ann: Someone, theta: str) -> None:
    """D3, L7: a line of its own that is gone and not held; nothing is blocked, and status and card say where its target is."""
    await ann.say("/targets BTC 30 ETH 10 XRP 10 SOL 40 USDT 10")
    await gone(ann)
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    await ann.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, theta=D(theta)))
    assert "Cannot evaluate" not in await ann.say("/rebalance")
    await ann.say("/status")
    await ann.tap("Correct amounts")
    await ann.say("SOL 0")
    await ann.step()
    stands = await figures(ann)
    assert {line.line: line.target for line in stands.lines}["SOL"] == 0
    assert sum(line.target for line in stands.lines) == 1
    assert "SOL can't be bought any more: its target of 40.0% waits as cash." in await ann.say("/status")
    card = await ann.say("/rebalance")
    assert "SOL: the exchange has stopped trading it" in card
    assert "SOL" not in {leg.instrument for leg in (await ann.plan()).legs}


async def test_what_fails_while_it_is_written_changes_nothing(ann: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk at the last row: the amounts, the targets and the flows are as they were, and the next press does it."""
    await gone(ann)
    shown, before = await asked(ann), (await ann.books(), await strategy(ann))

    async def broken(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(flows, "add", broken)
        await ann.tap("Write SOL off", on=shown)
    assert (await ann.books(), await strategy(ann), await flows_of(ann)) == (*before, ())
    await ann.tap("Write SOL off", on=await asked(ann))
    assert "SOL" not in (await ann.books())["spot"]


async def test_nobody_is_offered_a_coin_that_is_not_traded(ann: Someone) -> None:
    """A preset is filled with coins that can be bought."""
    listings(ann).halted |= {"ETH", "ETH-PERP"}
    await ann.say("/targets")
    await ann.taps("Aggressive", "Use it")
    chosen = await strategy(ann)
    assert "ETH" not in chosen.spot_assets
    assert set(chosen.futures_split) == {"BTC-PERP"}


async def test_a_line_of_its_own_gives_its_target_to_the_others(ann: Someone) -> None:
    """BTC 40, SOL 40, cash 20: without SOL two thirds and a third, said before it is done, and exactly 100 %."""
    own, problems = strategies.own_weights({"BTC": D(40), "SOL": D(40), "USDT": D(20)}, await market(ann).markets(), await strategy(ann))
    assert own is not None, problems
    left = targets.without(own, "SOL")
    assert left.weights == {"BTC": D("0.6667"), STABLE: D("0.3333"), FUTURES: D(0)}
    assert "SOL" not in left.bands


@pytest.mark.parametrize("answer", ["Worthless", "Renamed", "Redenominated"])
async def test_a_leap_that_is_not_true_has_a_way_out_in_paper_too(tmp_path: Path, answer: str) -> None:
    """A price a thousandth of yesterday's: written off, renamed, or another amount; then plans go on, and nobody buys what is dead."""
    async with at_chat(tmp_path, StillMarket(ManualClock(START))) as ann:
        await paper(ann)
        market(ann).prices["SOL"] /= 1000
        market(ann).prices["LUNA2"] = D(100)
        for _ in range(3):
            await ann.step()
        held = (await ann.books())["spot"]["SOL"]
        await ann.taps(answer, "What about SOL?")
        if answer == "Worthless":
            await ann.taps("Write off", "Write SOL off")
            assert "SOL" not in (await strategy(ann)).spot_assets
        elif answer == "Renamed":
            listings(ann).names["LUNA2"] = "SOL"
            market(ann).prices["SOL"] *= 1000
            await ann.tap("New name")
            await ann.say("LUNA2")
            await ann.tap("SOL is now LUNA2")
            assert (await ann.books())["spot"]["LUNA2"] == held
        else:
            await ann.tap("New amount")
            await ann.say(str(held * 1000))
            await ann.tap(f"I hold {held * 1000} SOL")
            assert (await ann.books())["spot"]["SOL"] == held * 1000
        await ann.step()
        assert "Cannot evaluate" not in await ann.say("/status")


async def test_a_new_amount_is_read_as_people_write_it(ann: Someone) -> None:
    """With the coin or without, in words and short; what reads two ways, and what is no amount of it, is answered."""
    market(ann).prices["SOL"] /= 1000
    for _ in range(3):
        await ann.step()
    await ann.taps("Redenominated", "What about SOL?", "New amount")
    for text, qty in {
        "20k": "20,000",
        "SOL 20 000": "20,000",
        "20000 sol": "20,000",
        "twenty thousand": "20,000",
        "20 mil": "20,000",
        ".02": "0.02",
        "½": "0.5",
        "$SOL 0.02": "0.02",
    }.items():
        assert f"20 SOL become {qty} SOL" in await ann.say(text), text
    for text, told_so in {
        "20,000": "SOL can be read as 20,000 or as 20.",
        "$20": "“$20” is not an amount of coins",
        "x1000": "I don't understand “x1000” here.",
        "0.02 BTC": "I don't understand “BTC” here.",
        "0": "above 0",
        "SOL 1 SOL 2": "SOL is listed twice.",
    }.items():
        assert told_so in await ann.say(text), text
    await ann.say("0.020")
    await ann.tap("I hold 0.02 SOL")
    assert (await ann.books())["spot"]["SOL"] == D("0.02")


async def test_a_new_name_is_read_as_people_write_it(ann: Someone) -> None:
    """As the market is called, with its sign, in small letters."""
    listings(ann).rename("SOL", "LUNA2")
    for _ in range(3):
        await ann.step()
    await ann.tap("New name")
    for text in ("luna2", "$LUNA2", "LUNA2/USDT", "luna2usdt", "LUNA2-USDT", "LUNA2."):
        assert "LUNA2, worth" in await ann.say(text), text


weights = st.dictionaries(
    st.sampled_from(["BTC", "ETH", "SOL", "XRP", "ADA", STABLE, FUTURES]), st.integers(0, 100), min_size=2, max_size=7
).filter(lambda parts: sum(parts.values()) > 0 and len(parts.keys() - {STABLE, FUTURES}) > 0)


@given(weights, st.data())
def test_targets_without_a_coin_add_up_to_exactly_one(parts: dict[str, int], data: st.DataObject) -> None:
    """Whatever goes: the sum is 1, nothing is below 0, futures take no more, and the others keep their order."""
    whole = D(sum(parts.values()))
    shares = {line: (D(part) / whole).quantize(D("0.0001")) for line, part in parts.items()}
    shares = {STABLE: D(0), FUTURES: D(0), **shares}
    largest = max(shares, key=lambda line: shares[line])
    shares[largest] += 1 - sum(shares.values())
    base = Strategy(preset="custom", weights=shares, members={}, futures_net=D(0), futures_split={}, bands={}, futures_band_pp=D(5))
    coin = data.draw(st.sampled_from(sorted(shares.keys() - {STABLE, FUTURES})))
    left = targets.without(base, coin)
    assert coin not in left.weights
    assert sum(left.weights.values()) == 1
    assert min(left.weights.values()) >= 0
    assert left.weights[FUTURES] <= shares[FUTURES] or set(left.weights) == {FUTURES}
    again = targets.renamed(base, coin, "NEW")
    assert (sum(again.weights.values()), again.weights["NEW"]) == (1, shares[coin])
