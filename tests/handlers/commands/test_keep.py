"""/keep: a quantity that is shown, is in no weight, and that no order ever touches (domain 2.3)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from handlers.chat.reading import sums
from tests import moments
from tests.person import Someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


D = Decimal


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down with 0.5 BTC, 4 ETH, 10,000 ADA and 20,000 USDT, traded by hand, and no card open."""
    async with moments.after(Someone.type_in, tmp_path, "BTC 0.5, ETH 4, ADA 10000, USDT 20000", "Not done", fear_greed_url="") as opened:
        yield opened


def value(text: str) -> Decimal:
    """Return the value that a status shows."""
    return D(next(line for line in text.split("\n") if line.startswith("$")).split("   ")[0].strip("$").replace(",", ""))


def returned(text: str) -> Decimal:
    """Return the day's return that a status shows, per cent."""
    found = re.search(r"([+−]?\d+\.\d+)% today", text)
    assert found, text
    return D(found[1].replace("−", "-"))


def kept(text: str) -> str:
    """Return the line about what is kept out; empty where there is none."""
    return next((line for line in text.split("\n") if line.startswith("Kept out:")), "")


@pytest.mark.parametrize("typed", ["0.2 BTC", "BTC 0.2", "btc 0.2", "0.2 btc", "0,2 BTC"])
async def test_a_quantity_is_shown_and_in_no_weight(ann: Someone, typed: str) -> None:
    """The value falls by what is kept, every page says so in one line, and 0 gives it back."""
    before = value(await ann.say("/status"))
    answer = await ann.say(f"/keep {typed}")
    assert re.search(r"Kept out: 0\.2 BTC, \$1[12],\d{3}", kept(answer)), answer
    status = await ann.say("/status")
    assert before - value(status) == pytest.approx(D(12_000), rel=D("0.05"))
    assert kept(status) == kept(await ann.say("/exposure")) == kept(answer)
    assert "With what is kept out it would be" in ann.last.text
    assert kept(await ann.say("/targets")) == "Kept out: 0.2 BTC"
    assert kept(await ann.say("/rebalance")) == kept(answer)
    await ann.say("/keep BTC 0")
    assert "Nothing is kept out." in ann.last.text
    assert value(await ann.say("/status")) == before
    assert kept(ann.last.text) == ""


async def test_what_leaves_beside_what_is_kept_is_not_said_to_be_all_of_it(ann: Someone) -> None:
    """Of half a bitcoin that goes, the fifth that was kept out was in no value: the other three fifths are what the portfolio loses."""
    await ann.say("/keep 0.2 BTC")
    told = await ann.say("/withdraw all BTC")
    assert "−0.5 BTC" in told
    assert re.search(r"That makes the portfolio worth \$1[78],\d{3}\.\d\d less; the part that was kept out does not count\.", told), told


async def test_keeping_and_giving_back_is_no_profit(ann: Someone) -> None:
    """The value falls by 12,000 and comes back: the day's return stays what the prices made of it."""
    await ann.step()
    quiet = returned(await ann.say("/status"))
    await ann.say("/keep 0.2 BTC")
    assert abs(returned(await ann.say("/status")) - quiet) < D("0.1")
    await ann.step()
    await ann.say("/keep BTC 0")
    assert abs(returned(await ann.say("/status")) - quiet) < D("0.1")


async def test_what_comes_in_for_a_coin_that_is_kept_is_no_loss(ann: Someone) -> None:
    """More of a coin of which all is kept changes no value, so it is no flow: the return stays."""
    await ann.say("/targets BTC 40 ETH 30 SOL 20 ADA 0 USDT 10")
    await ann.say("/keep all ADA")
    await ann.step()
    quiet = returned(await ann.say("/status"))
    await ann.say("/deposit 50000 ADA")
    status = await ann.say("/status")
    assert "60,000 ADA" in kept(status)
    assert abs(returned(status) - quiet) < D("0.1")


async def test_all_of_a_coin_has_no_target_and_no_price_is_waited_for(ann: Someone) -> None:
    """ADA is the only coin of ALT that is held: its 40 % can't be kept; with SOL beside it can, and no plan trades it."""
    answer = await ann.say("/keep all ADA")
    assert "ADA has a target of its own" in answer
    await ann.say("/targets BTC 40 ETH 30 SOL 20 ADA 0 USDT 10")
    await ann.say("/keep ADA all")
    assert re.search(r"Kept out: 10,000 ADA, \$\d", kept(ann.last.text)), ann.last.text
    await ann.say("/rebalance")
    plan = await ann.plan()
    assert plan.legs
    assert "ADA" not in {leg.instrument for leg in plan.legs}
    assert {line.line for line in plan.after.lines} == {"BTC", "ETH", "SOL", "ADA", "STABLE", "FUTURES"}
    assert next(line.weight for line in plan.after.lines if line.line == "ADA") == 0
    await ann.say("/keep")
    await ann.tap("Give back all ADA")
    assert "Nothing is kept out." in ann.last.text
    await ann.say("/rebalance")
    assert "ADA" in {leg.instrument for leg in (await ann.plan()).legs}


async def test_a_sell_of_the_rest_leaves_what_is_kept(ann: Someone) -> None:
    """A target of 0 sells every BTC but the 0.2 that are kept; carried out, they are still there."""
    await ann.say("/keep 0.2 BTC")
    await ann.say("/targets BTC 0 ETH 60 ADA 20 USDT 20")
    await ann.say("/rebalance")
    plan = await ann.plan()
    assert next(leg.qty for leg in plan.legs if leg.instrument == "BTC") == D("0.3")
    await ann.tap("All done")
    await ann.work()
    assert (await ann.books())["spot"]["BTC"] == D("0.2")
    assert kept(await ann.say("/status")).startswith("Kept out: 0.2 BTC, ")


async def test_panic_leaves_what_is_kept(ann: Someone) -> None:
    """The second step sells every coin but what is kept out."""
    await ann.say("/keep 0.2 BTC, all ETH")
    answer = await ann.say("/targets")
    assert "0.2 BTC" in kept(answer), "ETH alone is no reason to refuse: BTC stays in its line"
    assert "Your own open orders I can't cancel" in await ann.say("/panic")
    await ann.tap("Stop")
    await ann.work()
    await ann.tap("Sell all spot to USDT")
    assert kept(ann.last.text).startswith("Kept out: 0.2 BTC, ")
    await ann.tap("Make the list")
    sold = {leg.instrument: leg.qty for leg in (await ann.plan()).legs}
    assert sold == {"ADA": D(10_000), "BTC": D("0.3")}


@pytest.mark.long
async def test_a_plan_that_is_carried_out_leaves_coins_and_money_that_are_kept(tmp_path: Path) -> None:
    """Paper orders of the demo: a target of 0 sells all BTC but what is kept, and the buys leave the money that is kept."""
    async with moments.after(Someone.settle, tmp_path, fear_greed_url="") as ann:
        await ann.say("/keep 0.01 BTC, 500 USDT")
        assert "0.01 BTC, $" in kept(ann.last.text)
        assert "500 USDT, $500" in kept(ann.last.text)
        held = (await ann.books())["spot"]
        await ann.say("/targets BTC 0 ETH 50 ALT 50")
        await ann.say("/rebalance")
        await ann.confirm()
        after = (await ann.books())["spot"]
        assert held["BTC"] > after["BTC"] >= D("0.01")
        assert after["BTC"] < D("0.0101")
        assert 500 <= after["USDT"] < 700
        assert "Kept out: 0.01 BTC, $" in kept(await ann.say("/status"))


@pytest.mark.long
async def test_it_is_not_changed_under_a_plan_that_may_still_trade_it(tmp_path: Path) -> None:
    """Confirmed and not carried out yet: /keep says to wait for the end, and works after it."""
    async with moments.after(Someone.settle, tmp_path, fear_greed_url="") as ann:
        await ann.say("/targets BTC 0 ETH 50 ALT 50")
        await ann.say("/rebalance")
        await ann.tap("Confirm")
        assert "Plan 2 is under way and may still trade it." in await ann.say("/keep 0.001 BTC")
        await ann.work()
        assert kept(await ann.say("/keep 0.5 ETH")).startswith("Kept out: 0.5 ETH")


async def test_a_change_ends_the_open_card(ann: Someone) -> None:
    """What a card rests on includes what is kept out: the card ends visibly, and its button sends nothing."""
    await ann.say("/rebalance")
    card = ann.with_button("All done")
    await ann.say("/keep 0.2 BTC")
    await ann.work()
    assert (await ann.plan()).state is PlanState.SUPERSEDED
    await ann.tap("All done", on=card)
    assert (await ann.plan()).state is PlanState.SUPERSEDED
    assert await ann.orders() == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("0.7 BTC", "You hold 0.5 BTC, so I can't keep 0.7 out. To keep all of it, now and later: /keep all BTC"),
        ("XRP 5", "You hold no XRP, so there is nothing to keep out."),
        ("all DOGE", "You hold no DOGE, so there is nothing to keep out."),
        ("BTC 0", "BTC is not kept out."),
        ("all USDT", "Plans pay with USDT, so I can't keep all of it out."),
        ("all BTC, all ETH", "BTC, ETH are all the coins of one target."),
        ("BTC 0.5, ETH 4, ADA 10000, USDT 20000", "That would leave nothing to keep in balance."),
        ("-1 BTC", "BTC"),
        ("some BTC", "BTC"),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_words(ann: Someone, typed: str, told: str) -> None:
    """Nothing is stored, the reason is told, and an example that works stands below."""
    answer = await ann.say(f"/keep {typed}")
    assert told in answer
    assert "/keep 0.2 BTC" in answer
    assert kept(await ann.say("/status")) == ""


async def test_a_preset_keeps_what_is_kept(ann: Someone) -> None:
    """Another preset is another mix of the rest."""
    await ann.say("/keep 0.2 BTC")
    await ann.say("/targets")
    await ann.taps("Conservative", "Use it")
    assert kept(await ann.say("/status")).startswith("Kept out: 0.2 BTC, ")


@pytest.mark.parametrize(
    ("typed", "decimal", "read"),
    [
        ("0.2 BTC", "", {"BTC": D("0.2")}),
        ("BTC 0.2, all ada", "", {"ADA": None, "BTC": D("0.2")}),
        ("todo ADA", ",", {"ADA": None}),
        ("всё ADA; btc 0,2", ",", {"ADA": None, "BTC": D("0.2")}),
        ("ADA all SOL all", "", {"ADA": None, "SOL": None}),
        ("all of my ADA", "", {"ADA": None}),
        ("0.2BTC", "", {"BTC": D("0.2")}),
        ("all bitcoin", "", {"BTC": None}),
        ("0.2 bitcoin", "", {"BTC": D("0.2")}),
    ],
)
def test_how_people_say_it(typed: str, decimal: str, read: dict[str, Decimal | None]) -> None:
    """Both orders, several at once, all of it in three languages."""
    got = sums.kept(typed, {"BTC", "ADA", "SOL", "ETH"}, "USDT", decimal).sure()
    assert ({**dict.fromkeys(got.every), **got.holdings}, got.problems) == (read, ())
