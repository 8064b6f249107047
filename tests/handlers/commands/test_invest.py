"""/invest: money goes where it is missing most; nothing is sold, nothing more is spent, and what cannot be is said (domain 9.14)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause, FlowKind, LegKind
from chatbot.store import flows
from tests.moments import after
from tests.person import Someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from handlers.loopback import Message

D = Decimal


async def set_up(ann: Someone) -> None:
    """Open 10,000 on Balanced and carry the first plan out."""
    await ann.set_up()
    await ann.confirm()


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down with 10,000 on their targets: BTC and ETH 40, SOL and XRP 40, cash 10, futures 10 and long 10."""
    async with after(set_up, tmp_path, source=StillMarket, fear_greed_url="") as opened:
        yield opened


def move(ann: Someone, factor: str, *coins: str) -> None:
    """Move the market under somebody."""
    for coin in coins:
        ann.program.source.move(coin, factor)  # type: ignore[attr-defined]


async def legs(ann: Someone) -> dict[str, tuple[LegKind, int]]:
    """Return what the newest plan does, in dollars."""
    return {leg.instrument: (leg.kind, round(leg.qty if leg.is_transfer else leg.notional)) for leg in (await ann.plan()).legs}


@pytest.mark.long
async def test_it_buys_what_is_missing_and_sells_nothing(ann: Someone) -> None:
    """BTC and ETH have risen by a half, far out of their band: of 1,000 each dollar goes to ALT and to cash, up to one level."""
    move(ann, "1.5", "BTC", "ETH")
    await ann.say("/deposit 1000")
    assert ann.last.buttons == ("Invest it", "Undo", "Status")
    await ann.tap("Invest it")
    ann.sees(
        "$1,000.00 is invested where it is missing most. Nothing is sold.", "After: BTC/ETH 44.4%", "Left out: $197.", "which stays cash"
    )
    # ALT 3,996 + 802 = 4,798 of 40 %, cash 1,002 + 197 = 1,199 of 10 %: both to a level of 11,995; 0.80 are fees
    assert await legs(ann) == {"SOL": (LegKind.SPOT_BUY, 401), "XRP": (LegKind.SPOT_BUY, 401)}
    before = (await ann.books())["spot"]
    plan = await ann.confirm()
    assert [reason.trigger for reason in plan.reasons] == [Cause.NEW_MONEY]
    held = (await ann.books())["spot"]
    assert D(801) < before["USDT"] - held["USDT"] < D("802.7")
    assert {coin for coin in held if held[coin] != before[coin]} == {"SOL", "XRP", "USDT"}


@pytest.mark.long
async def test_on_target_every_line_gets_its_share_and_the_book_rises_with_it(ann: Someone) -> None:
    """Of 9,000 the futures get 900, and their longs grow to the same level; a contract is never made smaller."""
    await ann.say("/deposit 9000")
    await ann.say("/invest 9000")
    done = await legs(ann)
    assert done.pop("USDT")[0] is LegKind.TO_FUTURES
    assert {kind for kind, _ in done.values()} == {LegKind.SPOT_BUY, LegKind.FUTURES_INCREASE}
    assert {name: round(worth, -1) for name, (_, worth) in done.items() if not name.endswith("-PERP")} == dict.fromkeys(
        ("BTC", "ETH", "SOL", "XRP"), 1800
    )
    await ann.confirm()
    books = await ann.books()
    assert D(1897) < books["wallet"] < D(1901)
    assert books["book"]["ETH-PERP"] > D("0.37")


@pytest.mark.long
async def test_more_than_there_is_can_be_a_deposit_of_now(ann: Someone) -> None:
    """There are 1,002; 1,500 are refused with what there is, and one tap notes the deposit and plans."""
    said = await ann.say("/invest 1,500")
    assert "There is only $1,00" in said
    assert "not $1,500.00." in said
    await ann.tap("Deposit $1,500.00 and invest it")
    ann.sees("$1,500.00 is invested")
    async with ann.program.db.read() as tx:
        (flow,) = await flows.of_portfolio(tx, await ann.portfolio_id())
    assert (flow.kind, flow.amount) == (FlowKind.DEPOSIT, 1500)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/invest abc", "abc"),
        ("/invest 0", "above 0"),
        ("/invest -5", "5"),
        ("/invest 0.1 BTC", "I invest USDT. Write an amount of it, like 500."),
    ],
)
async def test_what_is_no_amount_is_refused_in_a_sentence(ann: Someone, said: str, told: str) -> None:
    plans = len(await ann.plans())
    assert told in await ann.say(said)
    assert len(await ann.plans()) == plans


async def test_while_paused_or_halted_nothing_is_planned(ann: Someone) -> None:
    plans = len(await ann.plans())
    await ann.say("/pause")
    assert "paused, so nothing is bought" in await ann.say("/invest 500")
    await ann.say("/resume")
    await ann.say("/halt")
    assert "stopped by the operator, so nothing is bought" in await ann.say("/invest 500")
    assert len(await ann.plans()) == plans


async def test_it_is_asked_how_much_and_cash_that_is_missing_as_cash_stays(ann: Someone) -> None:
    """A number alone answers the question; on target, nothing lacks more than the cash that 500 would be taken from."""
    assert "There is $1,00" in await ann.say("/invest")
    await ann.say("500")
    ann.sees("The money stays as it is.", "your cash would be furthest below its target")
    await ann.tap("Deposit $500.00 and invest it")
    ann.sees("$500.00 is invested")


async def test_an_amount_too_small_for_the_exchange_is_said(ann: Someone) -> None:
    """BTC and ETH have doubled: 4 dollars would be 2 of SOL and 2 of XRP, and an order must be 5."""
    move(ann, "2", "BTC", "ETH")
    await ann.say("/deposit 4")
    assert "$4.00 is too little: each order would be smaller than the exchange takes." in await ann.say("/invest 4")
    assert "Left out: SOL" in ann.last.text


async def test_another_try_invests_what_was_not_spent(ann: Someone) -> None:
    """SOL did not fill: the second plan buys it with the 479 that are left, and not with 800 once more."""
    move(ann, "2", "BTC", "ETH")
    await ann.say("/deposit 800")
    (await ann.exchange()).faults.stuck |= {"SOL"}
    await ann.say("/invest 800")
    assert await legs(ann) == {"SOL": (LegKind.SPOT_BUY, 321), "XRP": (LegKind.SPOT_BUY, 321)}
    await ann.confirm()
    (await ann.exchange()).faults.stuck.clear()
    await ann.tap("Try again now")
    assert await legs(ann) == {"SOL": (LegKind.SPOT_BUY, 321)}
    ann.sees("$478.71 is invested")


async def test_by_hand_it_is_a_list_to_work_through(tmp_path: Path) -> None:
    """All done notes the buys; the rest of the money stays cash."""
    async with after(Someone.type_in, tmp_path, "BTC 0.08, SOL 20, USDT 3000", "Not done", source=StillMarket, fear_greed_url="") as ann:
        await ann.say("/invest 1000")
        assert {kind for kind, _ in (await legs(ann)).values()} <= {LegKind.SPOT_BUY, LegKind.TO_FUTURES, LegKind.FUTURES_INCREASE}
        await ann.tap("All done")
        held = (await ann.books())["spot"]
        assert held["SOL"] > 20
        assert held["USDT"] >= 2000


@pytest.mark.long
async def test_a_regular_amount_is_invested_at_its_time_by_a_plan_of_its_own(ann: Someone) -> None:
    """400 of the cash that came in, pro rata over lines that are on target; the calendar is the reason, and the run happens once."""
    await ann.say("/deposit 400")
    said = await ann.say("/schedule $400 daily 09:30")
    assert "Daily · 09:30 · UTC · invest $400.00" in said
    assert "sells nothing" in said
    await ann.step(1900)
    plan = await ann.plan()
    assert [reason.trigger for reason in plan.reasons] == [Cause.SCHEDULE, Cause.NEW_MONEY]
    assert {name: round(worth, -1) for name, (_, worth) in (await legs(ann)).items()} == {
        **dict.fromkeys(("BTC", "ETH", "SOL", "XRP"), 80),
        "USDT": 40,
        **dict.fromkeys(("BTC-PERP", "ETH-PERP"), 20),
    }
    before = (await ann.books())["spot"]
    await ann.confirm()
    after_it = (await ann.books())["spot"]
    assert all(after_it[coin] > before[coin] for coin in ("BTC", "ETH", "SOL", "XRP"))
    assert 359 < before["USDT"] - after_it["USDT"] < 401
    await ann.step(120)
    assert len(await ann.plans()) == plan.number
    await ann.tap("Rebalance instead of investing", on=await shown(ann, "/schedule"))
    assert "invest $" not in ann.last.text


async def shown(ann: Someone, command: str) -> Message:
    """Return the page that answers a command."""
    await ann.say(command)
    return ann.last


async def test_whoever_only_wants_to_be_told_invests_by_the_button(ann: Someone) -> None:
    await ann.say("/deposit 400")
    await ann.say("/mode notify")
    await ann.say("/schedule $400 daily 09:30")
    await ann.step(1900)
    ann.sees("It is time to invest $400.00, as the schedule says.")
    await ann.tap("See the plan")
    ann.sees("$400.00 is invested")


async def test_a_regular_amount_waits_for_the_plan_that_is_being_gathered(ann: Someone) -> None:
    """New money is a block of its own: a line that has drifted has its plan first, for its own reason."""
    await ann.say("/deposit 300")
    await ann.say("/schedule $300 daily 09:20")
    ann.clock.advance(1140)  # a minute before
    move(ann, "1.5", "BTC", "ETH")
    assert (await ann.step(30)).alerts
    await ann.step(61)
    assert {reason.trigger for reason in (await ann.plan()).reasons} == {Cause.DRIFT}
    await ann.tap("Skip")
    await ann.step(60)
    assert [reason.trigger for reason in (await ann.plan()).reasons] == [Cause.SCHEDULE, Cause.NEW_MONEY]


@pytest.mark.long
@pytest.mark.parametrize("factor", ["1.12", "0.9"], ids=["cash is short too", "cash is not"])
async def test_right_after_it_rebalance_has_nothing_to_do_inside_the_bands(ann: Someone, factor: str) -> None:
    """What its new money has not brought back waits inside its band, and one tap trades it all the same (domain 9.13, 9.14)."""
    move(ann, factor, "BTC", "ETH")
    await ann.say("/deposit 100")
    await ann.tap("Invest it")
    await ann.confirm()
    answer = await ann.say("/rebalance")
    assert "Nothing to do." in answer
    assert "Nothing has changed since plan 2, which left the rest as it is." in answer
    await ann.tap("Trade it all the same")
    assert "Confirm" in ann.last.buttons
