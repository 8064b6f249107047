"""A portfolio that is kept in USDC: from /start over an alert, a plan and Confirm to its result, and every command that says a dollar."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.model import PlanState
from chatbot.portfolio.lives.stops import Stops
from tests.moments import after
from tests.person import START, Someone, someone
from tests.portfolio.still_market import StillMarket
from tests.stories.test_simulated_market import Tampered, at_a_card

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

D = Decimal
#: USDC costs so much USDT all the time, so that a price in the other dollar is seen at once
PEG = D("0.995")


class TwoDollars(Tampered):
    """The simulated market in which USDC is a little off."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.bent = {"USDC": PEG}


async def in_usdc(ann: Someone) -> None:
    await ann.say("/start")
    await ann.taps("Demo portfolio", "10,000")
    ann.sees("It starts with $10,000")
    await ann.tap("Keep it in USDC")
    shown = ann.sees("Kept in USDC for good: orders pay and receive it, and it counts as one dollar.")
    assert "Keep it in USDT" in shown.buttons
    await ann.tap("Own weights")
    await ann.say("BTC 40 ETH 20 FUTURES 10 USDC 30")
    await ann.confirm()
    await ann.step()


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down at a demo portfolio in USDC whose first plan is done."""
    async with after(in_usdc, tmp_path, source=TwoDollars) as opened:
        yield opened


async def usdt_price(ann: Someone, coin: str) -> Decimal:
    """Return what a coin costs in USDT."""
    return (await ann.program.source.quotes([coin]))[coin].price


@pytest.mark.long
async def test_from_start_over_a_drift_alert_and_a_plan_to_a_portfolio_back_on_target(ann: Someone) -> None:
    first = await ann.plan()
    assert first.state is PlanState.DONE
    books = await ann.books()
    assert books["spot"].keys() >= {"BTC", "ETH", "USDC"}
    assert "USDT" not in books["spot"]
    market: Any = ann.program.source
    market.bent = {"USDC": PEG, "BTC": D("1.4"), "BTC-PERP": D("1.4")}
    await ann.until_card(step_s=60)
    card = ann.sees("DEMO · Custom · Plan 2", "Costs about", "over its target")
    assert "USDT" not in card.text
    done = await ann.confirm()
    assert done.state is PlanState.DONE
    ann.sees("DEMO · Custom · Plan 2 · done")
    for plan in (first, done):
        for leg in plan.legs:
            assert leg.instrument != "USDT"
            assert not leg.is_transfer or leg.instrument == "USDC"
    state = (await ann.exchange()).state
    assert state.quote == "USDC"
    assert {fee for order in state.orders.values() for fee in order.public(state.quote).fees} == {"USDC"}


@pytest.mark.long
async def test_it_is_valued_by_its_own_prices(ann: Someone) -> None:
    """The value is what is held times what it costs in USDC, which is 0.5 % more than in USDT."""
    await ann.say("/status")
    books, (portfolio,) = await ann.books(), await ann.program.portfolios.of(await person(ann))
    quoted = ann.program.markets.of(portfolio)
    prices = {name: quote.price for name, quote in (await quoted.source.quotes([*books["spot"], *books["book"]])).items()}
    figures = (await ann.program.evaluator.look(portfolio, fresh=True)).figures
    assert figures is not None
    own = sum((qty * prices.get(name, D(1)) for name, qty in books["spot"].items()), books["wallet"])
    stakes = (await ann.exchange()).state.positions
    own += sum((stake.qty * (prices[name] - stake.entry) for name, stake in stakes.items()), D(0))
    assert abs(figures.value - own) < D("0.000001")
    for name, price in prices.items():
        assert abs(price * PEG / await usdt_price(ann, name) - 1) < D("0.0005"), name


async def person(ann: Someone) -> Any:
    return next(one for one in await ann.program.access.everybody() if one.id == ann.user.id)


@pytest.mark.long
async def test_every_command_that_says_a_dollar_says_this_one(ann: Someone) -> None:
    assert "Write an amount of USDC" in await ann.say("/deposit")
    assert "Deposit noted" in await ann.say("500")
    assert (await ann.exchange()).state.spot["USDC"] > 500
    assert "Invest it" in ann.last.buttons
    assert "Withdrawal noted" in await ann.say("/withdraw 100 USDC")
    assert "I invest USDC. Write an amount of it, like 500." in await ann.say("/invest 100 USDT")
    assert "Plan" in await ann.say("/invest 300")
    await ann.confirm()
    assert "Own weights: /targets BTC 40 ETH 30 ALT 20 USDC 10" in await ann.say("/targets")
    await ann.tap("Aggressive")
    await ann.say("/targets BTC 50 USDC 50")
    assert "Plans pay with USDC, so I can't keep all of it out" in await ann.say("/keep all USDC")
    assert "kept out" in (await ann.say("/keep 10 USDC")).lower()
    await ann.say("/panic")
    assert not any("USDT" in message.text for message in ann.messages)


@pytest.mark.long
async def test_panic_sells_to_usdc(ann: Someone) -> None:
    await ann.say("/panic")
    await ann.tap(next(label for label in ann.last.buttons if "Stop" in label or "Close" in label or "Yes" in label))
    await ann.work()
    await ann.step()
    await ann.tap("Sell all spot to USDC", ann.with_button("Sell all spot to USDC"))
    assert "USDC" in ann.last.text + " ".join(ann.last.buttons)


async def test_usdt_in_it_is_a_dollar_at_its_price_and_its_peg_is_watched(ann: Someone) -> None:
    """1,000 USDT count at what they cost in USDC; off by more than 1 % they are told, and not spent."""
    assert "Deposit noted" in await ann.say("/deposit 1000 USDT")
    figures = (await ann.program.evaluator.look((await ann.program.portfolios.of(await person(ann)))[0], fresh=True)).figures
    assert figures is not None
    assert abs(figures.values["USDT"] - 1000 / PEG) < 1
    assert not figures.off_peg
    source: Any = ann.program.source
    source.bent = {"USDC": D("0.9")}
    for _ in range(6):
        await ann.step(600)
    told = [message.text for message in ann.messages if "away from its dollar" in message.text]
    assert len(told) == 1
    assert "USDT costs 1.11115, 11.1% away from its dollar. Your 1,000 USDT count as $1,111.15." in told[0]


async def test_usdt_on_its_peg_pays_for_what_a_plan_buys(ann: Someone) -> None:
    """It is sold for USDC first, as a leg like any other, at what it costs in USDC."""
    assert "Deposit noted" in await ann.say("/deposit 20000 USDT")
    await ann.say("/rebalance")
    plan = await ann.plan()
    sold = next(leg for leg in plan.legs if leg.instrument == "USDT")
    assert sold.side == "sell"
    assert abs(sold.price * PEG - 1) < D("0.001")
    card = ann.sees("Costs about")
    assert "unknown" not in card.text, "what it costs to sell a dollar is known as of any coin"
    assert (await ann.confirm()).state is PlanState.DONE
    spot = (await ann.books())["spot"]
    assert spot.get("USDT", D(0)) < 20000 - sold.qty + 1


async def test_what_was_seen_of_one_dollar_is_not_taken_for_the_other_after_a_restart(ann: Someone) -> None:
    """Last prices are written down for each: 0.5 % apart here, and 12 % apart on a bad day."""
    program = ann.program
    for quoted in program.markets:
        await quoted.board.refresh(("BTC",))
        await quoted.notice(("BTC",))
    await program.markets.keep(ann.clock.now(), at_once=True)
    usdt, usdc = [(await Stops.load(program.db, of)).price("BTC") for of in ("", "USDC")]
    assert usdt is not None
    assert usdc is not None
    assert abs(usdc / usdt * PEG - 1) < D("0.0005")


async def test_by_hand_with_more_usdc_it_is_suggested_and_the_amounts_stay(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=TwoDollars(clock), fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        await ann.say("BTC 0.1, USDC 10000, USDT 200")
        await ann.taps("That is right", "No")
        ann.sees("You hold more USDC. If you keep the portfolio in it, plans pay with it as it is.")
        await ann.taps("Keep it in USDC", "Own weights")
        ann.sees("BTC 40 ETH 30 ALT 20 USDC 10", "USDC for stablecoins")
        await ann.say("BTC 50 USDC 50")
        (portfolio,) = await ann.program.portfolios.of(await person(ann))
        assert (portfolio.quote, (await ann.books())["spot"]) == ("USDC", {"BTC": D("0.1"), "USDC": D(10000), "USDT": D(200)})
        await ann.say("/rebalance")
        plan = await ann.plan()
        assert {leg.instrument for leg in plan.legs} == {"BTC"}, "USDC is not converted"
        await ann.tap("Done, other amounts")
        ann.sees("BTC 0.6, USDC 1200")
        await ann.say("USDC 9000")
        assert (await ann.books())["spot"]["USDC"] == 9000


async def test_todays_mix_is_on_target_in_usdc_too(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=TwoDollars(clock), fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        await ann.say("BTC 0.1, ETH 2, USDC 5000, USDT 1000")
        await ann.taps("That is right", "No", "Keep it in USDC", "Keep today's mix as my target")
        ann.sees("Kept in USDC for good", "It is on its targets")


async def test_what_is_not_traded_against_it_is_told_in_one_sentence_and_nothing_changes(tmp_path: Path) -> None:
    clock = ManualClock(START)
    market = TwoDollars(clock)
    async with someone(tmp_path, clock=clock, source=market, fear_greed_url="") as ann:
        usdc: Any = ann.program.markets.against("USDC").source
        listed = usdc.markets

        async def fewer() -> Any:
            return {name: rules for name, rules in (await listed()).items() if name not in {"SOL", "BTC-PERP", "ETH-PERP", "LINK"}}

        usdc.markets = fewer
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        await ann.say("BTC 0.1, SOL 5, LINK 3, USDC 10000")
        await ann.taps("That is right", "No")
        told = await ann.tap("Keep it in USDC")
        assert "LINK, SOL: not traded against USDC here, so the portfolio can't be kept in it." in f"{told.text} {ann.last.text}"
        await ann.taps("Back", "Type in my holdings")
        await ann.say("BTC 0.1, SOL 5, LINK 3, USDC 10000")
        await ann.taps("That is right", "Yes")
        told = await ann.tap("Keep it in USDC")
        sentence = "LINK, SOL, and the futures of BTC, ETH, are not traded against USDC here, so the portfolio can't be kept in it."
        assert sentence in f"{told.text} {ann.last.text}"
        await ann.tap("Keep today's mix as my target", ann.with_button("Keep today's mix as my target"))
        (portfolio,) = await ann.program.portfolios.of(await person(ann))
        assert portfolio.quote == "USDT"


@pytest.mark.long
async def test_an_amount_in_the_other_dollar_is_that_dollar(tmp_path: Path) -> None:
    """In a portfolio that is kept in USDT too: 1,000 USDC came in as 1,000 USDT."""
    async with at_a_card(tmp_path, first=True) as ann:
        as_typed = {"1000 USDC": "USDC", "1,000 usdc": "USDC", "$1000": "USDT", "1000 USDT": "USDT"}
        for told, coin in as_typed.items():
            before = (await ann.books())["spot"].get(coin, D(0))
            assert "Deposit noted" in await ann.say(f"/deposit {told}")
            assert (await ann.books())["spot"][coin] - before == 1000, told
        assert "I invest USDT" in await ann.say("/invest 100 USDC")
        assert "I invest USDT" in await ann.say("/schedule 100 USDC weekly")


async def test_a_start_amount_in_usdc_chooses_it(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=TwoDollars(clock), fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Demo portfolio")
        await ann.say("5000 USDC")
        ann.sees("It starts with $5,000", "Kept in USDC for good")
        await ann.tap("Keep it in USDT")
        assert "Kept in" not in ann.last.text
        stale = ann.with_button("Keep it in USDC")
        await ann.tap("Keep it in USDC", stale)
        await ann.tap("Use Balanced")
        assert (await ann.books())["spot"] == {"USDC": D(5000)}
        assert "Kept in USDC for good" in await ann.say("/targets")


async def test_a_market_without_usdc_says_so_where_it_is_asked_for(tmp_path: Path) -> None:
    """A recording knows prices against USDT alone: no button, and who names USDC is told, at the start and later."""
    source = StillMarket(ManualClock(START))
    source.name = "simulated"
    async with someone(tmp_path, clock=source._clock, source=source, fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Demo portfolio")
        assert "not traded against USDC here, so the portfolio can't be kept in it." in await ann.say("10,000 USDC")
        await ann.say("10,000")
        assert not any("USDC" in label for label in ann.last.buttons)
        await ann.tap("Use Balanced")
        said = await ann.say("/deposit 500 USDC")
        assert "USDC has no price at this exchange, so I can't count it. Only USDT counts as one dollar." in said
