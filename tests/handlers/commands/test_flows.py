"""Money that comes and goes, and amounts that a person corrects: believed, shown, no profit, and taken back with one tap."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.exchanges.base import Holdings
from chatbot.model import FlowKind
from chatbot.portfolio.amounts.differences import Typed, difference, merged
from chatbot.store import flows
from tests.moments import after
from tests.person import START, Someone, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Flow

D = Decimal


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann, who trades by hand; her portfolio has been looked at once."""
    async with after(by_hand, tmp_path, fear_greed_url="") as opened:
        yield opened


async def by_hand(ann: Someone) -> None:
    await ann.type_in("BTC 0.5 ETH 4 USDT 10000")
    await ann.step(60)


@pytest.fixture
async def ben(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ben, whose portfolio the bot trades."""
    async with after(Someone.settle, tmp_path, fear_greed_url="") as opened:
        yield opened


async def correct(ann: Someone, text: str) -> str:
    """Correct the amounts, and return what the bot says to it."""
    await ann.say("/status")
    await ann.tap("Correct amounts")
    return await ann.say(text)


async def figures(ann: Someone) -> str:
    """Return the line of /status with the value and what was earned."""
    return (await ann.say("/status")).splitlines()[1]


async def spot(ann: Someone) -> dict[str, Decimal]:
    """Return the coins."""
    found: dict[str, Decimal] = (await ann.books())["spot"]
    return found


async def written(ann: Someone) -> tuple[Flow, ...]:
    """Return every flow of the portfolio."""
    async with ann.program.db.read() as tx:
        return await flows.of_portfolio(tx, await ann.portfolio_id())


async def test_a_correction_names_only_what_differs(ann: Someone) -> None:
    """It deleted ETH and USDT without a word, and turned a day of +29.7 % into -6.3 %."""
    said = await correct(ann, "BTC 0.6")
    assert "BTC 0.5 → 0.6\nEverything else is as it was.\nIs the 0.1 BTC a deposit, or did you buy it?" in said
    assert ann.last.buttons == ("Deposit", "Bought", "Undo", "Status")
    assert await spot(ann) == {"BTC": D("0.6"), "ETH": D(4), "USDT": D(10_000)}
    assert "0.0% today" in await figures(ann)


async def test_a_correction_that_was_a_deposit(ann: Someone) -> None:
    """Checked by hand: 52,003.84 before, 0.1 BTC at 59,998.515 in, 58,003.69 after, and nothing earned."""
    before = D((await figures(ann)).split()[0].removeprefix("$").replace(",", ""))
    await correct(ann, "BTC 0.6")
    await ann.tap("Deposit")
    (flow,) = await written(ann)
    assert flow.amount is not None
    after = D((await figures(ann)).split()[0].removeprefix("$").replace(",", ""))
    assert abs(before + flow.amount - after) < D("0.01")
    assert "0.0% today" in await figures(ann)
    assert "Bought" not in ann.with_button("Undo").buttons
    assert ann.with_button("Undo").text.endswith("came in from outside: no profit.")


async def test_a_correction_that_was_a_trade_is_paid_with_the_quote_coin(ann: Someone) -> None:
    """What was not named pays; the value stays what it was, and the answer shows both lines."""
    value = (await figures(ann)).split()[0]
    await correct(ann, "BTC 0.6")
    await ann.tap("Bought")
    shown = ann.with_button("Undo").text
    assert "BTC 0.5 → 0.6\nUSDT 10,000 → 4,000" in shown
    assert "I count it as a trade: nothing came in and nothing went out." in shown
    assert (await figures(ann)).split()[0] == value
    assert "0.0% today" in await figures(ann)
    await ann.tap("Undo")
    assert await spot(ann) == {"BTC": D("0.5"), "ETH": D(4), "USDT": D(10_000)}
    assert (await figures(ann)).split()[0] == value
    assert "0.0% today" in await figures(ann)
    assert [flow.kind for flow in await written(ann)] == [FlowKind.CORRECTION, FlowKind.TRADE, FlowKind.UNDONE]


async def test_a_trade_that_names_both_sides_asks_nothing_and_its_costs_are_a_loss(ann: Someone) -> None:
    """0.1 BTC for 6,050: some 50 more than the market, which is what trading cost."""
    said = await correct(ann, "BTC 0.6, USDT 3950")
    assert "I count it as a trade" in said
    assert ann.last.buttons == ("Undo", "Status")
    assert "−0.1% today" in await figures(ann)


async def test_a_purchase_that_could_not_be_paid_is_said_and_its_question_stays(ann: Someone) -> None:
    """The answer took the question's place, and with it the ways to call it a deposit or to take it back."""
    await correct(ann, "BTC 0.9")
    told = await ann.tap("Bought")
    assert told.alert
    assert told.text.startswith("You have 10,000 USDT, and 23,999")
    assert told.text.endswith("would have to go out. Nothing was changed.")
    assert (await spot(ann))["USDT"] == D(10_000)
    assert [flow.kind for flow in await written(ann)] == [FlowKind.CORRECTION]
    assert ann.last.buttons == ("Deposit", "Bought", "Undo", "Status")
    await ann.tap("Undo")
    assert (await spot(ann))["BTC"] == D("0.5")


async def test_what_is_undone_is_as_if_it_had_never_been(ann: Someone) -> None:
    """Once: a second tap, and one after other amounts have come, are answered in words."""
    await correct(ann, "SOL 5, ETH 0")
    old = ann.with_button("Undo")
    await ann.tap("Undo")
    assert "The amounts are again what they were before." in "\n".join(message.text for message in ann.messages)
    assert await spot(ann) == {"BTC": D("0.5"), "ETH": D(4), "USDT": D(10_000)}
    assert "0.0% today" in await figures(ann)
    assert (await ann.tap("Undo", old)).text == "That was taken back already. Nothing more was done."
    await correct(ann, "BTC 0.7")
    assert (await ann.tap("Undo", old)).text == "That was taken back already. Nothing more was done."
    for label in ("Withdrawal", "Traded or moved"):
        assert (await ann.tap(label, old)).text.startswith("The amounts have changed since")
    assert (await spot(ann))["BTC"] == D("0.7")


async def test_a_correction_ends_the_card_that_rested_on_other_amounts(ann: Someone) -> None:
    """A plan for 0.5 BTC is no plan for 0.6."""
    await ann.say("/rebalance")
    await correct(ann, "BTC 0.6")
    await ann.work()
    assert (await ann.plan()).state == "superseded"


async def test_futures_can_be_corrected(ann: Someone) -> None:
    """A position, its entry, its end, and the money in the futures account; a profit that was made there is in the account."""
    assert "BTC futures nothing → long 0.05 at 58,000.00" in await correct(ann, "long BTC 0.05 at 58000")
    assert (await ann.books())["book"] == {"BTC-PERP": D("0.05")}
    assert "Money in the futures account $0.00 → $2,500.00" in await correct(ann, "futures 2,500")
    said = await correct(ann, "BTC-PERP 0")
    assert "BTC futures long 0.05 at 58,000.00 → nothing" in said
    assert "I count it as a trade" in said
    wallet = (await ann.books())["wallet"]
    assert 2590 < wallet < 2610, "and 100 of profit"
    assert "ETH futures nothing → short 2 at 3,0" in await correct(ann, "short ETH 2")
    await ann.tap("Undo")
    assert await ann.books() == {"spot": await spot(ann), "wallet": wallet, "book": {}}


async def test_what_cannot_be_read_is_told_all_at_once_and_the_question_stays(ann: Someone) -> None:
    said = await correct(ann, "DOGGO 5, long FOO 1, long BTC 1 at 0")
    assert "3 things to fix" in said
    assert await written(ann) == ()
    assert "BTC 0.5 → 0.6" in await ann.say("BTC 0.6")
    assert "Nothing was changed" in await correct(ann, "BTC 0.6")


@pytest.mark.long
async def test_money_comes_in_and_goes_out_and_is_no_profit(ben: Someone) -> None:
    """Of a paper portfolio too: what its orders hold back cannot leave."""
    await ben.say("/deposit 500")
    ben.sees("Deposit noted", "+500 USDT", "Worth $500.00 now.")
    await ben.say("/withdraw BTC 0.01")
    ben.sees("Withdrawal noted", "\u22120.01 BTC")
    assert "0.0% today" in await figures(ben)
    assert [flow.kind for flow in await written(ben)] == [FlowKind.DEPOSIT, FlowKind.WITHDRAWAL]
    held = await spot(ben)
    await ben.say("/withdraw 9999999")
    ben.sees("9,999,999 would have to go out. Nothing was changed.", "give stablecoins a larger share in /targets")
    await ben.say("/withdraw BTC 9")
    assert "larger share" not in ben.last.text
    ben.sees(f"You have {held['BTC'].normalize()} BTC, and 9 would have to go out. Nothing was changed.")
    await ben.tap("Undo")
    assert "Taken back\n+0.01 BTC" in "\n".join(message.text for message in ben.messages)
    assert (await spot(ben))["BTC"] == held["BTC"] + D("0.01")
    assert "0.0% today" in await figures(ben)


@pytest.mark.long
async def test_a_deposit_is_asked_for_where_none_is_named(ben: Someone) -> None:
    await ben.say("/deposit")
    ben.sees("How much came in?")
    await ben.say("nothing at all")
    await ben.say("250")
    ben.sees("+250 USDT")
    assert await ben.dialog() is None
    for text in ("/deposit 0", "/withdraw -5"):
        assert "above 0" in await ben.say(text) or "negative" in ben.last.text
    assert len(await written(ben)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("500", "+500 USDT"),
        ("$1,250.50", "+1,250.5 USDT"),
        ("500,5", "+500.5 USDT"),
        ("500 usd", "+500 USDT"),
        ("0.2 btc and 300 usdt", "+0.2 BTC\n+300 USDT"),
        ("BTC 0.1, ETH 0.2", "+0.1 BTC\n+0.2 ETH"),
        ("0", "above 0"),
        ("-5", "above 0"),
        ("99999999999999999999", "is too large"),
        ("50%", "is a share"),
        ("btc", "There is no number after btc"),
        ("5 FOO", "FOO has no price at this exchange"),
        ("0.5 btc 0.5 btc", "BTC is listed twice"),
        ("5 €", "is not in dollars"),
    ],
)
async def test_what_comes_in_is_read_or_refused_with_its_reason(ben: Someone, text: str, said: str) -> None:
    before = await spot(ben)
    assert said in await ben.say(f"/deposit {text}")
    assert (await spot(ben) != before) is said.startswith("+")


async def test_all_of_a_coin_can_go(ben: Someone) -> None:
    """Without typing out its eight decimals; of one that is not there, that is said."""
    held = (await spot(ben))["SOL"]
    await ben.say("/withdraw all sol")
    assert "SOL" not in await spot(ben)
    assert f"\u2212{held.normalize()} SOL" in ben.last.text
    assert "You have no SOL to take out." in await ben.say("/withdraw todo SOL")
    assert "0.0% today" in await figures(ben)


async def test_returns_are_told_with_their_beginning(ben: Someone) -> None:
    """Today, and since the first value by the market's own days; a deposit of as much as there is changes neither."""
    await ben.step(3600)
    await ben.say("/status")
    await ben.tap("Coins")
    plain = ben.last.text
    assert "Since 6 Jan 2025: " in plain
    assert "Deposits and withdrawals are left out of this." in plain
    share = plain.split("Since 6 Jan 2025: ")[1].split(",")[0]
    await ben.say("/deposit 10000")
    await ben.say("/status")
    await ben.tap("Coins")
    assert f"Since 6 Jan 2025: {share}," in ben.last.text


async def test_a_deposit_without_a_price_leaves_a_dash_and_not_a_gain(ann: Someone) -> None:
    """Unknown is a state: what came in cannot be told apart from what was earned."""
    source: Any = ann.program.source
    usual = source.quotes

    async def without_sol(instruments: Any) -> Any:
        return {name: quote for name, quote in (await usual(instruments)).items() if name != "SOL"}

    source.quotes = without_sol
    ann.clock.advance(3600)
    await ann.say("/deposit SOL 3")
    ann.sees("I have no price for it now, so its worth is unknown.")
    source.quotes = usual
    await ann.step(60)
    assert "— today" in await figures(ann)


sizes = st.decimals(min_value=-5, max_value=5, places=2)
prices = st.decimals(min_value="0.5", max_value=100, places=2)


@given(sizes, prices, sizes, prices)
def test_a_position_that_was_traded_brings_no_money_from_outside(old: Decimal, paid: Decimal, new: Decimal, price: Decimal) -> None:
    """Closed at the price of now, opened at its entry: what the account is worth by it came from no outside."""
    before = Holdings(spot={}, futures_wallet=D(100), positions={"BTC-PERP": (old, paid)} if old else {})
    after = merged(before, Typed(positions={"BTC-PERP": (new, None)}), {"BTC-PERP": price})
    came, moved = difference(before, after, {"BTC-PERP": price})
    assert came is not None
    assert abs(came) < D("1e-18")
    assert moved is not None
    assert moved >= abs(new - old) * price

    def worth(held: Holdings) -> Decimal:
        return held.futures_wallet + sum((qty * (price - entry) for qty, entry in held.positions.values()), D(0))

    kept = old * new > 0
    assert not kept or abs(new) <= abs(old) or after.positions["BTC-PERP"][1] == paid
    assert (kept and abs(new) > abs(old)) or abs(worth(before) - worth(after)) < D("1e-18")


@pytest.mark.long
async def test_what_is_typed_after_back_answers_no_question(ann: Someone) -> None:
    """Whoever went back has answered nothing; the Back of an older question leaves a newer one open."""
    for asked in (("/deposit",), ("/withdraw",), ("/invest",), ("/status", "Correct amounts"), ("/rebalance", "Done, other amounts")):
        await ann.say(asked[0])
        await ann.taps(*asked[1:])
        assert await ann.dialog() is not None
        await ann.tap("Back to the plan" if asked[1:] == ("Done, other amounts",) else "Back")
        assert await ann.dialog() is None
        assert "I did not understand that" in await ann.say("500")
    assert await written(ann) == ()
    await ann.say("/deposit")
    older = ann.last
    await ann.say("/invest")
    await ann.tap("Back", on=older)
    assert (await ann.dialog() or ("",))[0] == "invest"


async def test_a_portfolio_of_another_market_is_told_what_it_is(tmp_path: Path) -> None:
    """Whatever would change its amounts or trade it says so, and nothing is changed."""
    async with someone(tmp_path, fear_greed_url="") as before:
        await before.type_in("BTC 0.5 ETH 4 USDT 10000")
        chat, clock = before.loopback, before.clock
    async with someone(tmp_path, clock=clock, loopback=chat, source=StillMarket(clock), fear_greed_url="") as ann:
        for act in (ann.say("/deposit 500"), ann.say("/keep 0.1 BTC"), ann.tap("All done"), ann.tap("Done, other amounts")):
            await act
            if ann.last.buttons != ("Back to the plan",):
                ann.sees("Cannot evaluate: it belongs to the market simulated", "Nothing was changed.")
        assert "Cannot evaluate" in await ann.say("BTC 0.4")
        assert await written(ann) == ()
        assert (await ann.plan()).state == "proposed"


@pytest.mark.long
async def test_a_coin_that_is_halted_or_gone_is_corrected_at_what_it_counts_at(tmp_path: Path) -> None:
    """Its last price: what is missing of it is worth something, and the return of the day is known."""
    clock = ManualClock(START)
    market = StillMarket(clock)
    async with someone(tmp_path, clock=clock, source=market, fear_greed_url="") as ann:
        await ann.type_in("BTC 0.1 SOL 20 USDT 3000", "Not done")
        await ann.step(60)
        for stopped in (market.listings.halted, market.listings.gone):
            stopped.add("SOL")
            for _ in range(3):
                await ann.step(60)
            assert "Did you withdraw the 5 SOL, or sell it?" in await correct(ann, f"SOL {15 if stopped is market.listings.halted else 10}")
            assert (await written(ann))[-1].amount == -500
            assert "0.0% today" in await figures(ann)
            market.listings.halted.clear()
