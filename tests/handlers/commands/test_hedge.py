"""A person hedges from the chat: the honest figures, the card, the fill, what /exposure says, the end, and flat again."""

from __future__ import annotations

import re
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

    from handlers.loopback import Message
    from tests.person import Someone

DAY = 24 * 3600.0


async def spot_holder(ann: Someone) -> None:
    """Open a portfolio of 10,000 without futures: BTC 30, SOL 60, stablecoins 10."""
    await holder_of(ann, "BTC 30 SOL 60 USDT 10")


async def holder_of(ann: Someone, weights: str) -> None:
    """Open a portfolio of 10,000 that holds this."""
    await ann.set_up()
    await ann.say(f"/targets {weights}")
    await ann.say("/rebalance")
    await ann.confirm()
    await ann.step()


def choice(page: Message, name: str) -> str:
    """Return the label of the one button that begins so."""
    (label,) = [label for label in page.buttons if label.startswith(name)]
    return label


def amount_of(label: str) -> str:
    """Return what a fall would cost by a button."""
    return label.rpartition(" ")[2]


@pytest.mark.long
async def test_from_the_command_to_a_short_and_back_to_flat(tmp_path: Path) -> None:
    """/hedge 50 20, Confirm, /exposure, a fall and a rebound, the message, its plan, Confirm, flat."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        market: Any = ann.program.source
        await ann.say("/hedge 50 20")
        card = ann.sees(
            "This opens a hedge: Cover.",
            "If BTC falls 20%, you lose about $1,839 after this plan.",
            "Without it you would lose $2,038: it covers 10%.",
            "gains as much",
        )
        assert "Sized by beta" in card.buttons
        await ann.confirm()
        assert (await ann.books())["book"] == {"BTC-PERP": D("-0.0199")}
        await ann.say("/exposure")
        ann.sees("The hedge covers 11% of the spot exposure")
        await ann.say("/hedge")
        ann.sees("Cover: short $995 of BTC since", "It ends in 30 days at the latest", "one hedge of each kind")
        await ann.step(60)
        for factor in ("0.9", "1.12"):
            for coin in ("BTC", "SOL"):
                market.move(coin, factor)
            await ann.step(DAY)
            if factor == "0.9":
                await ann.say("/hedge")
                ann.sees("earlier when BTC rises 10% from its low, 45,000.00 so far, or when")
        over = next(message for message in reversed(ann.messages) if "Cover is over" in message.text)
        assert "the price has recovered from its low" in over.text
        assert "BTC was at" in over.text
        card = ann.with_button("Confirm")
        assert "This closes the hedge: Cover." in card.text
        assert "after this plan. Without it you would lose" in card.text
        await ann.confirm()
        assert (await ann.books())["book"] == {}
        await ann.say("/hedge")
        assert not any(label.startswith("Close") for label in ann.last.buttons)


@pytest.mark.long
async def test_the_overview_is_one_choice_and_its_buttons_lead_to_cards(tmp_path: Path) -> None:
    """The loss now and with each size, the least variance that is not known, and the table with a picture and larger betas."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge")
        overview = ann.sees("If BTC falls 20% now, you lose about $2,038.", "too few daily prices are known")
        ann.sees("$995: you lose $1,839, 10% less. The 50% × 20% rule as written.", "As much as the leverage limits allow")
        await ann.tap("Table")
        table = ann.sees("BTC   without  with it  covers", "In US dollars, with betas as estimated")
        assert table.attachment is not None, "the table has a picture"
        await ann.tap("Betas × 1.25")
        ann.sees("with betas a quarter larger")
        await ann.tap(choice(overview, "Rotate"), on=overview)
        ann.sees("This opens a hedge: Rotation.", "sell", "SOL", "futures: sell")
        await ann.tap("Skip")
        await ann.say("/hedge close")
        ann.sees("No hedge is open.")


@pytest.mark.long
async def test_the_card_shows_the_figure_of_the_button_and_says_where_prices_have_moved(tmp_path: Path) -> None:
    """Each choice once, with its own figure, the same in the text; at the same prices its card says no other, at others it says why."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        market: Any = ann.program.source
        await ann.say("/hedge")
        page = ann.last
        choices = [label for label in page.buttons if ": lose " in label]
        assert len(choices) == len({amount_of(label) for label in choices}) == 3
        for label in choices:
            name, _, _ = label.partition(":")
            assert f"{name}: you lose {amount_of(label)}" in page.text
            await ann.tap(label, on=page)
            card = ann.sees(f"you lose about {amount_of(label)} after this plan")
            assert "Prices have moved" not in card.text
        for coin in ("BTC", "SOL"):
            market.move(coin, "1.01")
        await ann.step(60)
        await ann.tap(choices[0], on=page)
        card = ann.sees(f"Prices have moved: the button said {amount_of(choices[0])}.")
        assert f"you lose about {amount_of(choices[0])} after this plan" not in card.text


@pytest.mark.long
async def test_where_there_is_no_room_the_limit_what_is_used_of_it_and_the_cure_are_told(tmp_path: Path) -> None:
    """Without stablecoins nothing can stand behind a short; as many coins sold as it says, and the size that was asked for is there."""
    async with after(holder_of, tmp_path, "BTC 100", source=StillMarket) as ann:
        await ann.say("/hedge")
        told = ann.sees("$999 would be the full size", "Futures may be worth", "3.00x of your stablecoins and futures money", "is used")
        assert "Targets" in told.buttons
        await ann.say("/withdraw all USDT")
        await ann.say("/hedge 50 20")
        ann.sees("There is no room for a short. Futures may be worth", "points more for Stable in /targets")
        points = re.search(r"that is ([\d.]+) points more for Stable in /targets", ann.last.text)
        assert points is not None
        cash = D(points[1])
        await ann.say(f"/targets BTC {100 - cash} USDT {cash}")
        await ann.say("/rebalance")
        await ann.confirm()
        await ann.step()
        await ann.say("/hedge")
        ann.sees("The 50% × 20% rule as written.")


async def test_a_near_liquidation_is_told_and_needs_a_second_tap(tmp_path: Path) -> None:
    """The distance is said in words; only "all the same" leads to a card."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        before = len(await ann.plans())
        await ann.say("/hedge 50 60")
        ann.sees("would be liquidated if BTC rose", "should survive a rise of 90%", "Nothing was planned yet.")
        assert len(await ann.plans()) == before
        await ann.tap("Plan it anyway")
        ann.sees("This opens a hedge: Cover.", "Liquidation")


@pytest.mark.long
async def test_hedge_close_takes_the_only_one_off(tmp_path: Path) -> None:
    """By words, in any letters; a second hedge of the kind is refused with the way out."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge 50 20")
        await ann.confirm()
        await ann.say("/hedge 30 20")
        ann.sees("A hedge of this kind is open already", "To change its size, close it first.")
        await ann.say("/hedge Close")
        ann.sees("This closes the hedge: Cover.", "futures: reduce the BTC short by", "from futures to spot")
        await ann.confirm()
        assert (await ann.books())["book"] == {}


@pytest.mark.long
async def test_the_close_button_leads_to_the_card_that_closes_that_hedge(tmp_path: Path) -> None:
    """With two open the words alone ask which one, each with the loss that is left; afterwards an old button finds nothing left."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge 50 20")
        await ann.confirm()
        await ann.say("/hedge")
        await ann.tap(choice(ann.last, "Rotate"))
        await ann.confirm()
        before = (await ann.books())["book"]["BTC-PERP"]
        await ann.say("/hedge close")
        page = ann.sees("More than one hedge is open. Which one should I close?")
        assert len(page.buttons) == 3
        cover = choice(page, "Close Cover")
        assert f"Without Cover you would lose {amount_of(cover)}." in page.text
        await ann.tap(cover)
        ann.sees("Cover", "futures: reduce the BTC short by", f"you lose about {amount_of(cover)} after this plan")
        await ann.confirm()
        left = (await ann.books())["book"]["BTC-PERP"]
        assert before < left < 0
        await ann.say("/hedge")
        page = ann.last
        rotation = choice(page, "Close Rotation")
        assert not any(label.startswith("Close Cover") for label in page.buttons)
        await ann.say("/hedge close rotation")
        await ann.confirm()
        assert (await ann.books())["book"] == {}
        orders = await ann.orders()
        await ann.tap(rotation, on=page)
        ann.sees("No hedge is open.")
        assert await ann.orders() == orders


@pytest.mark.long
async def test_a_hedge_whose_plan_is_being_carried_out_is_not_closed_yet(tmp_path: Path) -> None:
    """Its size is not known before its plan has ended: the tap says so and plans nothing."""
    async with after(spot_holder, tmp_path, source=StillMarket) as ann:
        await ann.say("/hedge 50 20")
        await ann.tap("Confirm")
        count = len(await ann.plans())
        await ann.say("/hedge")
        answer = await ann.tap("Close Cover")
        assert (answer.text, answer.alert) == ("Its plan is being carried out.", True)
        assert len(await ann.plans()) == count
        await ann.work()
        for said in ("/hedge close", "/hedge close all", "/hedge close it", "/hedge cerrar", "/hedge закрыть", "/hedge close cover"):
            await ann.say(said)
            ann.sees("futures: reduce the BTC short by")


@pytest.mark.parametrize(
    ("text", "problems"),
    [("50", 1), ("50 20 10", 1), ("x y", 2), ("0 20", 1), ("50 95", 1), ("50.55 20", 1), ("-5 -5", 2), ("eth 50 20", 1), ("50,20", 1)],
)
def test_what_is_wrong_with_the_two_numbers_is_told_together(text: str, problems: int) -> None:
    """Each number has its range and its form."""
    wish, found = read(text)
    assert wish is None
    assert len(found) == problems


@pytest.mark.parametrize(
    "text",
    [
        *(
            "50 20",
            "50% 20%",
            "50 % 20 %",
            "50/20",
            "50% / 20%",
            "half 20",
            "cover half if btc falls 20%",
            "50% of the loss if BTC drops 20%",
        ),
        *(
            "if btc falls 20% cover 50%",
            "when bitcoin falls by 20 percent cover half",
            "cubre la mitad si cae 20%",
            "si BTC cae un 20% cubrir 50%",
        ),
        *("покрыть половину если упадёт на 20%", "при падении на 20% покрыть 50%"),
    ],
)
def test_two_numbers_are_read_as_people_write_them(text: str) -> None:
    """With or without per cent signs, and in a sentence, whichever of them it says first."""
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


async def all_cash(ann: Someone) -> None:
    """Open a portfolio whose first plan is not confirmed yet."""
    await ann.set_up()


@pytest.mark.long
async def test_a_hedge_larger_than_what_it_covers_says_that_it_turns_the_portfolio_round(tmp_path: Path) -> None:
    """The rule as written goes by all of the value; it said that losses shrink, and gains as much, of a portfolio that was to be short."""

    async def mostly_cash(ann: Someone) -> None:
        await holder_of(ann, "BTC 4 USDT 96")

    async with after(mostly_cash, tmp_path, source=StillMarket) as ann:
        card = await ann.say("/hedge 50 20")
        assert "If BTC falls 20%, you gain about $" in card
        assert "from then on you gain when BTC falls, and lose when it rises." in card
        assert "losses shrink" not in card


async def test_cash_has_nothing_to_hedge(tmp_path: Path) -> None:
    """10,000 USDT does not fall with BTC: no size of any kind is offered, by page, command or old button, and nobody wins $0."""
    async with after(all_cash, tmp_path) as ann:
        await ann.say("/hedge")
        page = ann.sees("DEMO · Hedges\nThere is nothing to hedge: the portfolio does not fall with BTC.")
        assert not re.search(r"win|lose", page.text)
        assert page.buttons == ("Exposure", "Refresh")
        number = len(await ann.plans())
        await ann.say("/hedge 50 20")
        ann.sees("There is nothing to hedge")
        assert len(await ann.plans()) == number


async def held_for_a_day(ann: Someone) -> None:
    """Carry the first plan out; what upkeep would fetch beside the chat was not fetched yet."""
    await ann.settle()


@pytest.mark.long
async def test_every_page_about_hedges_speaks_of_the_same_loss(tmp_path: Path) -> None:
    """The first /hedge after a start, the next, its table, and the card: one set of betas, the estimated ones, and one figure."""
    async with after(held_for_a_day, tmp_path) as ann:
        await ann.say("/hedge")
        first = ann.last
        (lost,) = re.findall(r"now, you lose about (\S+)\.", first.text)
        await ann.tap("Refresh")
        assert lost in ann.last.text.splitlines()[1]
        await ann.tap("Table")
        (fall,) = [line.split() for line in ann.last.text.splitlines() if line.startswith("−20%")]
        assert fall[1] == f"−{lost[1:]}"
        await ann.tap("Plan it")
        ann.sees(f"Without it you would lose {lost}: it covers")


@pytest.mark.long
async def test_a_hedge_by_command_is_sized_by_what_the_page_would_show(tmp_path: Path) -> None:
    """Straight to the card, before any page has asked for history."""
    async with after(held_for_a_day, tmp_path) as ann:
        await ann.say("/hedge 50 20")
        (straight,) = re.findall(r"Without it you would lose (\S+):", ann.last.text)
        await ann.say("/hedge")
        ann.sees(f"If BTC falls 20% now, you lose about {straight}.")
