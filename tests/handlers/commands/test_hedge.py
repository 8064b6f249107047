"""A person hedges from the chat: the honest figures, the card, the fill, what /exposure says, the end, and flat again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import COVER
from chatbot.model.hedge import BY_BETA, LITERAL, HedgeWish
from handlers.commands.hedge import read
from handlers.views.hedge.words import wish_arg, wish_of
from tests.moments import after
from tests.portfolio.still_market import D, StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

DAY = 24 * 3600.0


async def spot_holder(ann: Someone) -> None:
    """Open a portfolio of 10,000 without futures: BTC 30, SOL 60, stablecoins 10."""
    await ann.set_up()
    await ann.say("/targets BTC 30 SOL 60 USDT 10")
    await ann.say("/rebalance")
    await ann.confirm()
    await ann.step()


async def test_from_the_command_to_a_short_and_back_to_flat(tmp_path: Path) -> None:
    """/hedge 50 20, Confirm, /exposure, a fall and a rebound, the message, its plan, Confirm, flat."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        market: Any = ann.program.source
        await ann.say("/hedge 50 20")
        card = ann.sees("This opens a hedge: Cover.", "It wins $199 if BTC falls 20%.", "an estimate: it covers 10%.", "gains as much")
        assert "Sized by beta" in card.buttons
        await ann.confirm()
        assert (await ann.books())["book"] == {"BTC-PERP": D("-0.0199")}
        await ann.say("/exposure")
        ann.sees("The hedge covers 11% of the spot exposure")
        await ann.say("/hedge")
        ann.sees("Cover: short $995 of BTC since", "It ends in 30 days at the latest", "only one of each kind")
        await ann.step(60)
        for factor in ("0.9", "1.12"):
            for coin in ("BTC", "SOL"):
                market.move(coin, factor)
            await ann.step(DAY)
        over = next(message for message in reversed(ann.messages) if "Cover is over" in message.text)
        assert "the price has recovered from its low" in over.text
        assert "BTC was at" in over.text
        card = ann.with_button("Confirm")
        assert "This closes the hedge: Cover." in card.text
        await ann.confirm()
        assert (await ann.books())["book"] == {}
        await ann.say("/hedge")
        ann.sees("No hedge is open.")


async def test_the_overview_says_what_each_size_pays_and_its_buttons_lead_to_cards(tmp_path: Path) -> None:
    """The rule as written, what half the loss would take, and the table with a picture and larger betas."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge")
        overview = ann.sees("A short of $995", "this covers 10%", "To cover 50% you would need about", "too few daily prices are known")
        await ann.tap("Show table")
        table = ann.sees("BTC   without  with it  covers", "Betas as estimated")
        assert table.attachment is not None, "the table has a picture"
        await ann.tap("Betas × 1.25")
        ann.sees("Betas a quarter larger")
        await ann.tap("Rotate", on=overview)
        ann.sees("This opens a hedge: Rotation.", "sell", "SOL", "futures: sell")
        await ann.tap("Skip")
        await ann.say("/hedge close")
        ann.sees("No hedge is open.")


async def test_a_near_liquidation_is_told_and_needs_a_second_tap(tmp_path: Path) -> None:
    """The distance is said in words; only "all the same" leads to a card."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        before = len(await ann.plans())
        await ann.say("/hedge 50 60")
        ann.sees("would be liquidated if BTC rose", "should survive a rise of 90%", "Nothing was planned yet.")
        assert len(await ann.plans()) == before
        await ann.tap("Plan it anyway")
        ann.sees("This opens a hedge: Cover.", "Liquidation")


async def test_hedge_close_takes_the_only_one_off(tmp_path: Path) -> None:
    """By words, in any letters; a second hedge of the kind is refused with the way out."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge 50 20")
        await ann.confirm()
        await ann.say("/hedge 30 20")
        ann.sees("close it and open a new one")
        await ann.say("/hedge Close")
        ann.sees("This closes the hedge: Cover.", "futures: reduce the BTC short by", "from futures to spot")
        await ann.confirm()
        assert (await ann.books())["book"] == {}


async def test_the_close_button_leads_to_the_card_that_closes_that_hedge(tmp_path: Path) -> None:
    """With two open there is a button for each, and the words alone show the page; afterwards an old button finds nothing left."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge 50 20")
        await ann.confirm()
        await ann.say("/hedge")
        await ann.tap("Rotate")
        await ann.confirm()
        before = (await ann.books())["book"]["BTC-PERP"]
        await ann.say("/hedge close")
        page = ann.last
        assert {"Close: Cover", "Close: Rotation"} <= set(page.buttons)
        await ann.tap("Close: Cover")
        ann.sees("Cover", "futures: reduce the BTC short by")
        await ann.confirm()
        left = (await ann.books())["book"]["BTC-PERP"]
        assert before < left < 0
        await ann.say("/hedge")
        page = ann.last
        assert "Close: Rotation" in page.buttons
        assert "Close: Cover" not in page.buttons
        await ann.say("/hedge close rotation")
        await ann.confirm()
        assert (await ann.books())["book"] == {}
        orders = await ann.orders()
        await ann.tap("Close: Rotation", on=page)
        ann.sees("No hedge is open.")
        assert await ann.orders() == orders


async def test_a_hedge_whose_plan_is_being_carried_out_is_not_closed_yet(tmp_path: Path) -> None:
    """Its size is not known before its plan has ended: the tap says so and plans nothing."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge 50 20")
        await ann.tap("Confirm")
        count = len(await ann.plans())
        await ann.say("/hedge")
        answer = await ann.tap("Close: Cover")
        assert (answer.text, answer.alert) == ("Its plan is being carried out.", True)
        assert len(await ann.plans()) == count
        await ann.work()
        await ann.say("/hedge close")
        ann.sees("futures: reduce the BTC short by")


@pytest.mark.parametrize(
    ("text", "problems"), [("50", 1), ("50 20 10", 1), ("x y", 2), ("0 20", 1), ("50 95", 1), ("50.55 20", 1), ("-5 -5", 2)]
)
def test_what_is_wrong_with_the_two_numbers_is_told_together(text: str, problems: int) -> None:
    """Each number has its range and its form."""
    wish, found = read(text)
    assert wish is None
    assert len(found) == problems


@pytest.mark.parametrize("text", ["50 20", "50% 20%", "50 % 20 %"])
def test_two_numbers_are_read_as_people_write_them(text: str) -> None:
    """With or without per cent signs."""
    assert read(text)[0] == HedgeWish(kind=COVER, size=LITERAL, coverage=D("0.5"), drop=D("0.2"))


def test_a_wish_survives_its_button() -> None:
    """What a button says is what is planned."""
    for wish in (
        HedgeWish(kind="rotation", reason="fear_greed"),
        HedgeWish(kind="minvar", accepted=True),
        HedgeWish(kind=COVER, size=BY_BETA, coverage=D("0.125"), drop=D("0.333"), accepted=True, reason="below_mean"),
    ):
        assert wish_of(wish_arg(wish)) == wish
        assert wish_of(f"{wish_arg(wish)}:x") == wish
