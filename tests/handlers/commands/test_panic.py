"""/panic from the chat to the exchange: shown, pressed, carried out once, and whatever is in its way."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.manual import ManualExchange
from chatbot.exchanges.paper.account import AccountState
from chatbot.model import COVER, AnswerMode, AutoLimits, LegState, Mode, NotAlone, OpenHedge, PlanState, Role, Unanswered
from chatbot.plans.closing import RETRIES_S
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from chatbot.store import accounts, halt, portfolios, tables
from tests.person import BEN, START, Someone, someone
from tests.stories.test_simulated_market import Tampered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from chatbot.model import Portfolio
    from chatbot.portfolio.states import PortfolioStates
    from handlers.loopback import Message

CLOSE, SELL = "Close all futures and stop", "Sell all spot to USDT"


SPOT = {"BTC": "0.025", "ETH": "0.5", "SOL": "8.3", "ADA": "2775.3", "XRP": "2081.5", "USDT": "490.87"}
LONG = {"BTC-PERP": ("0.012", "59000"), "ETH-PERP": ("0.249", "3050")}
SHORT = {"BTC-PERP": ("-0.05", "61000"), "ETH-PERP": ("0.249", "3050")}


async def holds(who: Someone, book: dict[str, tuple[str, str]], mode: Mode = Mode.DEMO, spot: dict[str, str] = SPOT) -> Portfolio:
    """Give a person a portfolio that holds this, as if its plans had been carried out."""
    if not [one for one in await who.program.access.everybody() if one.id == who.user.id]:
        await who.say("/help")
    person = next(one for one in await who.program.access.everybody() if one.id == who.user.id)
    strategy = strategies.preset("aggressive", await who.program.source.markets())
    opened: Any = await who.program.portfolios.open(person, mode, strategy, {})
    exchange: Any = await who.program.accounts.exchange(opened.id)
    positions = {name: (Decimal(qty), Decimal(entry)) for name, (qty, entry) in book.items()}
    coins = {name: Decimal(qty) for name, qty in spot.items()}
    await put(exchange, AccountState.holding(coins, futures_wallet=Decimal(1500), positions=positions))
    found: Portfolio = opened
    return found


async def put(exchange: Any, state: AccountState) -> None:
    """Let an account hold something else from now on."""
    await exchange._save(state)
    exchange._state = state


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann holds coins, and long futures in BTC and ETH."""
    async with someone(tmp_path) as found:
        await holds(found, LONG)
        yield found


async def portfolio_of(who: Someone) -> Portfolio:
    """Return the person's portfolio as it is stored."""
    found = await who.program.portfolios.by_id(await who.portfolio_id())
    assert found is not None
    return found


async def remembered(who: Someone) -> PortfolioStates:
    """Return what is remembered of it."""
    async with who.program.db.read() as tx:
        return await states.read(tx, await who.portfolio_id())


async def panic(who: Someone) -> Message:
    """Ask, press, and let it be carried out; return the newest message."""
    await who.say("/panic")
    await who.tap(CLOSE)
    await who.work()
    return who.last


async def sides(who: Someone, since: int = 0) -> list[tuple[str, str, bool]]:
    """Return what was ordered after so many orders: instrument, side, reduce-only."""
    orders = list((await who.exchange()).state.orders.values())[since:]
    return [(order.request.instrument, order.request.side.value, order.request.reduce_only) for order in orders]


async def test_longs_are_shown_closed_at_once_and_the_portfolio_stays_out(ann: Someone) -> None:
    """The page says what is closed, what it costs, what is kept, and net exposure before and after; nothing is done before the tap."""
    before, sent = await ann.books(), await ann.orders()
    assert set(before["book"]) == {"BTC-PERP", "ETH-PERP"}
    await ann.say("/panic")
    ann.sees(
        "DEMO", "No open orders", "reduce the BTC long by", "reduce the ETH long by", "Fees about $0.7", "Kept: coins $6,7", "Then paused"
    )
    assert re.search(r"Net exposure \d\d% → \d\d%", ann.last.text)
    assert await ann.orders() == sent
    assert not (await portfolio_of(ann)).paused
    await ann.tap(CLOSE)
    ann.sees("stopped", "All futures are being closed.", "Nothing else is traded until /resume.")
    assert (await portfolio_of(ann)).paused
    began = ann.clock.now()
    await ann.work()
    ann.sees("Plan 1", "All futures are closed.", "Nothing else is traded until /resume.")
    after = await ann.books()
    assert after["book"] == {}
    assert after["spot"] == before["spot"]
    assert await sides(ann, sent) == [("ETH-PERP", "sell", True), ("BTC-PERP", "sell", True)]
    plan = await ann.plan()
    assert (plan.state, [leg.state for leg in plan.legs]) == (PlanState.DONE, [LegState.FILLED] * 2)
    assert ann.clock.now() - began < timedelta(seconds=30), "urgent: taken at once"
    assert plan.result is not None
    assert plan.result.book == {}
    assert "You asked me to close all futures and stop." in await ann.say("/history") + (await ann.taps("Plan 1")).text


async def test_the_second_step_sells_every_coin_and_brings_the_money_home(ann: Someone) -> None:
    """It shows amounts and costs first; what is left is the quote coin and dust that is named."""
    await panic(ann)
    exchange = await ann.exchange()
    dusty = {**exchange.state.spot, "XRP": Decimal("2081.54"), "LINK": Decimal("0.1")}
    await put(exchange, replace(exchange.state, spot=dusty))
    wallet, sent = exchange.state.futures_wallet, await ann.orders()
    await ann.tap(SELL)
    ann.sees("To be sold", "sell 0.025 BTC", "move", "from futures to spot", "Fees about")
    ann.sees("Left over: LINK", "is under the exchange's minimum")
    assert await ann.orders() == sent
    answer = await ann.tap("Sell it all")
    assert (answer.text, answer.alert) == ("Plan 2 sells everything. Pressing again changes nothing.", True)
    assert all("Sell it all" not in message.buttons for message in ann.messages)
    await ann.work()
    ann.sees("Plan 2", "Left over: LINK", "Nothing else is traded until /resume.")
    left = (await ann.books())["spot"]
    assert left.keys() == {"USDT", "LINK", "XRP"}
    assert left["XRP"] == Decimal("0.04"), "less than a lot"
    assert left["USDT"] > wallet
    assert (await ann.books())["wallet"] < Decimal("0.01")
    assert {side for _, side, _ in await sides(ann, sent)} == {"sell"}
    assert (await ann.plan()).legs[0].state is LegState.FILLED


@pytest.mark.long
async def test_after_a_sale_of_everything_the_mix_is_the_one_from_before_it(ann: Someone) -> None:
    """Three parts of XRP to one of SOL were held: after /resume they are bought back so, and not in equal parts."""
    exchange = await ann.exchange()
    prices = {name: quote.price for name, quote in (await ann.program.source.quotes(("SOL", "XRP"))).items()}
    held = {"SOL": Decimal(10), "XRP": (30 * prices["SOL"] / prices["XRP"]).quantize(Decimal(1))}
    others = {coin: qty for coin, qty in exchange.state.spot.items() if coin in ("BTC", "ETH", "USDT")}
    await put(exchange, replace(exchange.state, spot={**others, **held}))
    await panic(ann)
    await ann.tap(SELL)
    await ann.tap("Sell it all")
    await ann.work()
    assert not (await ann.books())["spot"].keys() & held.keys()
    meant = (await remembered(ann)).mix["ALT"]
    assert meant["XRP"] / meant["SOL"] == pytest.approx(held["XRP"] / held["SOL"], rel=Decimal("0.01"))
    await ann.say("/resume")
    await ann.say("/rebalance")
    bought = {leg.instrument: leg.qty for leg in (await ann.plan()).legs if leg.instrument in held}
    assert bought["XRP"] / bought["SOL"] == pytest.approx(held["XRP"] / held["SOL"], rel=Decimal("0.05"))


async def test_a_short_is_bought_back_and_the_hedge_is_over(tmp_path: Path) -> None:
    """Nothing but the closing is bought, and no hedge is left that would be opened again."""
    async with someone(tmp_path) as ann:
        portfolio = await holds(ann, SHORT)
        at, price = ann.clock.now(), Decimal(61000)
        hedge = OpenHedge(
            kind=COVER, contract="BTC-PERP", qty=Decimal("-0.05"), opened_at=at, price=price, low=price, moved={}, settled=True
        )
        async with ann.program.db.transaction() as tx:
            before = await states.read(tx, portfolio.id)
            await states.write(tx, portfolio.id, before, replace(before, hedges=(hedge,)))
        await ann.say("/panic")
        ann.sees("reduce the BTC short by", "reduce the ETH long by")
        await ann.tap(CLOSE)
        await ann.work()
        assert (await ann.books())["book"] == {}
        assert sorted(await sides(ann)) == [("BTC-PERP", "buy", True), ("ETH-PERP", "sell", True)]
        assert (await remembered(ann)).hedges == ()


def in_a_wait(who: Someone, happens: Callable[[], Awaitable[None]], number: int) -> None:
    """Let something happen while the program waits for the so-maniest time: an order rests."""
    real, waits = who.clock.sleep, 0

    async def sleep(seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == number:
            await happens()
        await real(seconds)

    who.clock.sleep = sleep  # type: ignore[method-assign]


@pytest.mark.long
@pytest.mark.parametrize("wait", [1, 2, 3])
async def test_a_plan_under_way_is_stopped_first_and_its_orders_are_taken_back(tmp_path: Path, wait: int) -> None:
    """Pressed while orders rest: they are cancelled, nothing of that plan is sent any more, and what it had opened is closed."""
    async with someone(tmp_path) as ann:
        await holds(ann, LONG)
        await ann.say("/rebalance")
        await ann.tap("Confirm")

        async def press() -> None:
            await ann.say("/panic")
            ann.sees("Plan 1 is stopped; what is filled stays.")
            await ann.tap("Close all futures and stop" if CLOSE in ann.last.buttons else "Cancel orders and stop")

        in_a_wait(ann, press, wait)
        await ann.work()
        await ann.work()
        first = (await ann.plans())[0]
        assert first.state is PlanState.DONE
        assert first.was_stopped
        exchange = await ann.exchange()
        assert exchange.state.open_orders == ()
        assert exchange.state.positions == {}
        assert (await portfolio_of(ann)).paused


async def test_an_open_card_ends_visibly_and_its_confirm_does_nothing(ann: Someone) -> None:
    await ann.say("/rebalance")
    card = ann.with_button("Confirm")
    await ann.say("/panic")
    ann.sees("Plan 1 ends unanswered.")
    await ann.tap(CLOSE)
    await ann.work()
    shown = next(message for message in ann.messages if message.id == card.id)
    assert "Plan 1 ended, because you pressed /panic. Nothing was traded." in shown.text
    assert "Confirm" not in shown.buttons
    sent = await ann.orders()
    answer = await ann.tap("Confirm", on=card)
    assert answer.text == "Plan 1 ended, because you pressed /panic. Nothing was traded."
    await ann.work()
    assert await ann.orders() == sent


async def test_pressed_again_it_does_nothing_more_and_says_so(ann: Someone) -> None:
    """At once, after the end, and from the page that was shown before: one plan, one order for each position."""
    await ann.say("/panic")
    page = ann.last
    await ann.tap(CLOSE)
    again = await ann.tap(CLOSE, on=page)
    assert again.text.startswith("That was done already, at 09:0")
    assert again.alert
    await ann.work()
    sent = await ann.orders()
    assert (await ann.tap(CLOSE, on=page)).text.startswith("That was done already, at 09:0")
    await ann.work()
    assert len(await ann.plans()) == 1
    ann.clock.advance(60)
    await ann.say("/panic")
    ann.sees("Stopped by /panic at", "No futures are open.")
    assert SELL in ann.last.buttons
    await ann.tap("Cancel orders and stop")
    await ann.work()
    ann.sees("No futures are open. Nothing is traded until /resume.")
    assert SELL in ann.last.buttons
    assert await ann.orders() == sent


@pytest.mark.long
async def test_the_second_step_sells_once(ann: Someone) -> None:
    """Twice on one page, after the end, and once it runs again."""
    await panic(ann)
    await ann.tap(SELL)
    page = ann.last
    await ann.tap("Sell it all")
    assert (await ann.tap("Sell it all", on=page)).text == "Plan 2 sells everything. Pressing again changes nothing."
    await ann.work()
    assert (await ann.tap("Sell it all", on=page)).text == "Plan 2 sells everything. Pressing again changes nothing."
    await ann.work()
    assert len(await ann.plans()) == 2
    await ann.say("/resume")
    result = ann.with_button(SELL)
    ann.clock.advance(60)
    await ann.tap(SELL, on=result)
    ann.sees("There is nothing to sell.")


async def test_a_page_that_is_too_old_is_shown_again_instead(ann: Someone) -> None:
    await ann.say("/panic")
    page = ann.last
    ann.clock.advance(601)
    answer = await ann.tap(CLOSE, on=page)
    assert answer.text == "This page is from 09:00 UTC, so nothing was done. Here is how it stands now."
    assert not (await portfolio_of(ann)).paused
    await ann.tap(CLOSE)
    await ann.work()
    assert (await ann.books())["book"] == {}


async def test_after_a_resume_the_second_step_does_not_sell(ann: Someone) -> None:
    await panic(ann)
    await ann.tap(SELL)
    page = ann.last
    await ann.say("/resume")
    answer = await ann.tap("Sell it all", on=page)
    assert (answer.text, answer.alert) == ("It is not stopped any more, so nothing was sold. /panic comes first.", True)
    await ann.work()
    assert (await ann.books())["spot"].keys() > {"USDT"}


async def test_it_closes_what_is_there_when_it_is_pressed(ann: Someone) -> None:
    """The position grew and another came after the page: what is there now is closed, reduce-only."""
    await ann.say("/panic")
    exchange = await ann.exchange()
    stake = exchange.state.positions["BTC-PERP"]
    grown = {
        "BTC-PERP": replace(stake, qty=stake.qty * 2, cost=stake.cost * 2),
        "SOL-PERP": replace(stake, qty=Decimal(-3), cost=Decimal(-447)),
    }
    object.__setattr__(exchange, "_state", replace(exchange.state, positions=grown))
    sent = await ann.orders()
    await ann.tap(CLOSE)
    await ann.work()
    assert (await ann.books())["book"] == {}
    assert sorted(await sides(ann, sent)) == [("BTC-PERP", "sell", True), ("SOL-PERP", "buy", True)]


@pytest.mark.long
async def test_two_portfolios_are_stopped_together_or_one_of_them(tmp_path: Path) -> None:
    async with someone(tmp_path) as ann:
        await holds(ann, LONG)
        await holds(ann, SHORT)
        async with ann.program.db.read() as tx:
            both = await portfolios.of_person(tx, ann.user.id)
        assert len(both) == 2
        await ann.say("/panic")
        narrow = [label for label in ann.last.buttons if label.startswith("Only ")]
        assert len(narrow) == 2
        assert ann.last.text.count("Then paused") == 2
        await ann.tap(narrow[1])
        assert ann.last.text.count("Then paused") == 1
        await ann.tap("All portfolios")
        await ann.tap(narrow[0])
        await ann.tap(CLOSE)
        await ann.work()
        async with ann.program.db.read() as tx:
            one, other = await portfolios.of_person(tx, ann.user.id)
        assert sorted([one.paused, other.paused]) == [False, True]
        ann.clock.advance(5)
        await ann.say("/panic")
        await ann.tap(CLOSE)
        await ann.work()
        for found in both:
            exchange: Any = await ann.program.accounts.exchange(found.id)
            assert exchange.state.positions == {}
        async with ann.program.db.read() as tx:
            assert all(found.paused for found in await portfolios.of_person(tx, ann.user.id))


async def test_by_hand_it_is_a_list_and_the_pause(tmp_path: Path) -> None:
    """What to close with amounts, then what to sell; "All done" books it although the portfolio is paused; it waits for hours."""
    async with someone(tmp_path) as ann:
        await holds(ann, LONG, Mode.MANUAL)
        exchange: Any = await ann.exchange()
        assert isinstance(exchange, ManualExchange)
        assert exchange.state.positions
        await ann.say("/panic")
        ann.sees("MANUAL", "reduce the BTC long by")
        await ann.tap("Stop, and list what to close")
        await ann.work()
        ann.sees("MANUAL", "Plan 1", "reduce the BTC long by", "Trade it by hand, then tell me what was done; it waits until the next plan")
        assert "to answer" not in ann.last.text
        assert ann.last.buttons[:1] == ("All done",)
        assert (await portfolio_of(ann)).paused
        assert exchange.state.positions, "the bot trades nothing"
        await ann.step(6 * 3600)
        await ann.tap("All done")
        await ann.work()
        ann.sees("Plan 1", "All futures are closed.")
        assert exchange.state.positions == {}
        await ann.tap(SELL)
        ann.sees("To sell by hand", "sell")
        await ann.tap("Make the list")
        await ann.work()
        assert exchange.state.spot.get("BTC")
        await ann.tap("All done")
        await ann.work()
        ann.sees("All coins are sold.")
        assert {asset for asset, qty in exchange.state.spot.items() if qty} <= {"USDT"}
        plan = await ann.plan()
        assert (plan.mode, plan.state) == (Mode.MANUAL, PlanState.DONE)


async def test_while_trading_is_halted_it_is_told_to_wait(ann: Someone) -> None:
    """Neither the page nor an older button does anything."""
    await ann.say("/panic")
    page, sent = ann.last, await ann.orders()
    async with ann.program.db.transaction() as tx:
        await halt.begin(tx, ann.clock.now())
    answer = await ann.tap(CLOSE, on=page)
    assert (answer.text, answer.alert) == ("Trading is stopped by the operator, so nothing was done. Please wait until it goes on.", True)
    await ann.say("/panic")
    ann.sees("Trading has been stopped by the operator since 09:00", "I'll tell you; then send /panic again")
    await ann.work()
    assert await ann.orders() == sent
    assert not (await portfolio_of(ann)).paused
    async with ann.program.db.transaction() as tx:
        await halt.end(tx)
    await panic(ann)
    assert (await ann.books())["book"] == {}


async def test_nobody_blocked_can_press_it(tmp_path: Path) -> None:
    """Ann was a member when the page was shown; blocked since, neither the button nor the command does or says anything."""
    async with someone(tmp_path, operator_ids=f"{BEN.id}") as ann:
        await ann.say("/help")
        await role_of(ann, Role.MEMBER)
        await holds(ann, LONG)
        await ann.say("/panic")
        page = ann.last
        await role_of(ann, Role.BLOCKED)
        told = len(ann.messages)
        assert (await ann.tap(CLOSE, on=page)).text in ("", None)
        assert await ann.say("/panic") == ""
        await ann.work()
        assert (await ann.orders(), len(ann.messages)) == (0, told)
        assert not (await ann.program.portfolios.by_id(1)).paused  # type: ignore[union-attr]


async def role_of(who: Someone, role: Role) -> None:
    """Let a person be something else from now on."""
    async with who.program.db.transaction() as tx:
        await accounts.change_person(tx, who.user.id, role=role)


async def test_without_prices_it_cancels_and_pauses_says_so_and_closes_when_they_are_back(tmp_path: Path) -> None:
    clock = ManualClock(START)
    source = Tampered(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await holds(ann, LONG)
        sent = await ann.orders()
        source.bent = dict.fromkeys(("BTC-PERP", "ETH-PERP"), None)
        ann.clock.advance(300)
        await ann.say("/panic")
        ann.sees("Cannot evaluate", "Orders are cancelled and it is paused all the same")
        real = ann.clock.sleep

        async def sleep(seconds: float) -> None:
            if seconds == RETRIES_S[4]:
                source.bent = {}
            await real(seconds)

        ann.clock.sleep = sleep  # type: ignore[method-assign]
        await ann.tap(CLOSE)
        assert (await portfolio_of(ann)).paused
        await ann.work()
        told = "\n".join(message.text for message in ann.messages)
        assert "The futures are not closed yet. Orders are cancelled and it is paused; I keep trying for two minutes." in told
        ann.sees("All futures are closed.")
        assert (await ann.books())["book"] == {}
        assert len(await sides(ann, sent)) == 2


async def test_without_prices_for_two_minutes_it_says_that_the_futures_are_open(tmp_path: Path) -> None:
    clock = ManualClock(START)
    source = Tampered(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await holds(ann, LONG)
        sent = await ann.orders()
        source.bent = dict.fromkeys(("BTC-PERP", "ETH-PERP"), None)
        ann.clock.advance(300)
        await ann.say("/panic")
        await ann.tap(CLOSE)
        await ann.work()
        ann.sees("I could not close the futures: they are still open.", "Cannot evaluate")
        assert (await portfolio_of(ann)).paused
        assert await ann.orders() == sent
        source.bent = {}
        await ann.program.panic.closing.reconcile()
        await ann.work()
        assert await ann.orders() == sent, "nothing is closed behind the person's back"
        await ann.tap("Try again")
        await ann.tap(CLOSE)
        await ann.work()
        assert (await ann.books())["book"] == {}


@pytest.mark.long
async def test_an_exchange_that_is_away_parks_the_plan_under_way_and_the_panic_is_taken_up_again(tmp_path: Path) -> None:
    """The plan's order cannot be taken back yet; a minute later it is, and only then everything is closed, once."""
    async with someone(tmp_path) as ann:
        await holds(ann, LONG)
        await ann.say("/rebalance")
        await ann.tap("Confirm")
        exchange = await ann.exchange()

        async def press() -> None:
            await ann.say("/panic")
            await ann.tap(CLOSE)
            exchange.faults.unreachable = True

        in_a_wait(ann, press, 2)
        await ann.work()
        assert (await ann.plan()).state is PlanState.PARKED
        assert "another plan has not come to its end" in "\n".join(message.text for message in ann.messages)
        await ann.program.panic.closing.reconcile()
        await ann.work()
        exchange.faults.unreachable = False
        ann.clock.advance(60)
        await ann.program.panic.closing.reconcile()
        await ann.work()
        assert exchange.state.positions == {}
        assert exchange.state.open_orders == ()
        assert [plan.state for plan in await ann.plans()] == [PlanState.DONE] * 2


@pytest.mark.long
async def test_nothing_opens_again_until_resume_and_the_first_plan_after_it_asks(ann: Someone) -> None:
    """On auto, with a schedule and unanswered plans that reduce: hours pass without a plan; after /resume the bot proposes, and asks."""
    portfolio = await portfolio_of(ann)
    limits = AutoLimits(trade=Decimal(100_000), turnover=Decimal(1_000_000))
    settings = {"limits": limits, "unanswered": Unanswered.REDUCE}
    await ann.program.portfolios.change(portfolio, answer=AnswerMode.AUTO, answering=replace(portfolio.answering, **settings))
    await panic(ann)
    sent, told = await ann.orders(), len(ann.messages)
    for _ in range(6):
        tick = await ann.step(3600)
        assert (tick.alerts, tick.plans) == (0, 0)
    assert (await ann.orders(), len(ann.messages)) == (sent, told)
    said = await ann.say("/resume")
    assert "asks first" in said
    card = await ann.until_card(step_s=60)
    assert "I ask, because you have confirmed nothing since /panic." in card.text
    plan = await ann.plan()
    assert plan.stand is not None
    assert (plan.stand.auto, plan.stand.why, plan.stand.reduce_at) == (False, NotAlone.PANIC, None)
    for _ in range(4):
        await ann.step(1800)
    assert await ann.orders() == sent, "unanswered, it expires"
    assert (await remembered(ann)).asks
    await ann.say("/rebalance")
    await ann.confirm()
    assert not (await remembered(ann)).asks


@pytest.mark.long
async def test_a_coin_without_a_price_holds_nothing_up(tmp_path: Path) -> None:
    """Neither the futures, nor the sale of the other coins: it is named, and stays."""
    clock = ManualClock(START)
    source = Tampered(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await holds(ann, LONG)
        source.bent = {"SOL": None}
        await panic(ann)
        ann.sees("All futures are closed.")
        assert (await ann.books())["book"] == {}
        await ann.tap(SELL)
        ann.sees("Left over: SOL: there is no reliable price", "sell 0.5 ETH")
        await ann.tap("Sell it all")
        await ann.work()
        assert (await ann.books())["spot"].keys() == {"SOL", "USDT"}
        assert "Sell what is left" in ann.last.buttons


@pytest.mark.parametrize("missing", [("SOL",), ("BTC", "ETH", "SOL", "ADA", "XRP")])
async def test_what_cannot_be_valued_is_a_dash_and_no_smaller_sum(tmp_path: Path, missing: tuple[str, ...]) -> None:
    """Where one price is not known, nobody knows what is kept or how exposed it is: it counted such a coin as nothing."""
    clock = ManualClock(START)
    source = Tampered(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        await holds(ann, LONG)
        await ann.say("/panic")
        ann.sees("Kept: coins $", "Net exposure ")
        source.bent = dict.fromkeys(missing)
        clock.advance(90)
        await ann.say("/panic")
        ann.sees("Cannot evaluate", *missing, "Kept: coins —, money —", "Net exposure — · beta — · futures leverage —")
        assert CLOSE in ann.last.buttons


async def test_a_portfolio_of_another_market_is_left_alone(ann: Someone) -> None:
    async with ann.program.db.transaction() as tx:
        await tx.execute(tables.portfolios.update().values(exchange="elsewhere"))
    ann.program.accounts._open.clear()  # as after a start
    await ann.say("/panic")
    ann.sees("It belongs to another market, and nothing is done with it here.")
    assert "paused all the same" not in ann.last.text
    await ann.tap(CLOSE)
    ann.sees("It belongs to another market, and nothing is done with it here.")
    await ann.work()
    assert not (await portfolio_of(ann)).paused


async def test_what_cannot_be_stopped_for_ten_minutes_is_left_to_its_person(ann: Someone) -> None:
    """Its plan does not end and nobody works on it; a row that cannot be read keeps no other from being taken up."""
    await ann.say("/rebalance")
    await ann.tap("Confirm")
    await ann.say("/panic")
    await ann.tap(CLOSE)
    await ann.program.work.stop()  # what was enqueued is lost, as with the process
    other = await holds(ann, SHORT)
    async with ann.program.db.transaction() as tx:
        await portfolios.save_states(tx, {(other.id, states.PANIC): {"at": "never"}})
    work: Any = ann.program.work
    ann.clock.advance(60)
    work._standings.clear()
    await ann.program.panic.closing.reconcile()
    assert (await remembered_of(ann, 1)).panic.tries == 1  # type: ignore[union-attr]
    work._standings.clear()
    await work.stop()
    ann.clock.advance(600)
    await ann.program.panic.closing.reconcile()
    await ann.outbox.drain()
    ann.sees("I could not close the futures: they are still open.")
    assert not (await remembered_of(ann, 1)).panic.pending  # type: ignore[union-attr]


async def remembered_of(who: Someone, portfolio_id: int) -> PortfolioStates:
    """Return what is remembered of a portfolio."""
    async with who.program.db.read() as tx:
        return await states.read(tx, portfolio_id)


async def test_a_closing_that_stopped_half_way_is_taken_up_by_pressing_again(ann: Someone) -> None:
    """The exchange is away when the closing begins: it asks its person; a fresh page, pressed, ends that plan and closes what is there."""
    await ann.say("/panic")
    await ann.tap(CLOSE)
    exchange = await ann.exchange()
    passes = ann.program.executor._deps.crash_point

    def away(point: str) -> None:
        exchange.faults.unreachable = exchange.faults.unreachable or point == "begun"
        passes(point)

    object.__setattr__(ann.program.executor._deps, "crash_point", away)
    await ann.work()
    assert (await ann.plan()).state is PlanState.PARKED
    object.__setattr__(ann.program.executor._deps, "crash_point", passes)
    exchange.faults.unreachable = False
    ann.clock.advance(5)
    await ann.say("/panic")
    ann.sees("Plan 1 is stopped")
    await ann.tap(CLOSE)
    await ann.work()
    assert (await ann.books())["book"] == {}
    assert len(await sides(ann)) == 2


async def test_a_list_by_hand_stays_when_settings_are_changed(tmp_path: Path) -> None:
    """It rests on what is held, not on targets or on how plans are answered."""
    async with someone(tmp_path) as ann:
        await holds(ann, LONG, Mode.MANUAL)
        await ann.say("/panic")
        await ann.tap("Stop, and list what to close")
        await ann.work()
        await ann.say("/mode tell")
        assert (await ann.plan()).state is PlanState.PROPOSED
        await ann.tap("All done")
        await ann.work()
        assert (await ann.books())["book"] == {}


async def test_resume_says_what_it_leads_to_by_command_and_by_button(ann: Someone) -> None:
    await panic(ann)
    await ann.say("/pause")
    await ann.tap("Resume")
    ann.sees("active", "the next check proposes a plan and asks first, until you have confirmed one")
    await ann.say("/pause")
    assert "asks first" in await ann.say("/resume")
    assert not (await portfolio_of(ann)).paused


async def test_what_is_resumed_before_it_was_closed_is_told_and_can_be_pressed_again(ann: Someone) -> None:
    """The bot had said that all futures are being closed: it never drops that in silence, and a press on a new page does it."""
    sent = await ann.orders()
    await ann.say("/panic")
    page = ann.last
    await ann.tap(CLOSE)
    ann.clock.advance(1)
    await ann.say("/resume")
    again = await ann.tap(CLOSE, on=page)
    assert again.text == "You pressed this before and resumed since, so nothing was done. Send /panic to see how it stands now."
    assert "Nothing else is traded" not in ann.last.text
    await ann.work()
    ann.sees("It was resumed before the futures were closed: they are still open.")
    assert "stopped" not in ann.last.text
    assert await ann.orders() == sent
    ann.clock.advance(1)
    await ann.taps("Try again", CLOSE)
    assert (await portfolio_of(ann)).paused
    await ann.work()
    assert (await ann.books())["book"] == {}
    assert len(await sides(ann, sent)) == 2


async def test_a_second_panic_does_what_a_resume_kept_the_first_one_from(ann: Someone) -> None:
    """Pressed, resumed and pressed again before the first closing began: paused, closed once, and nothing is told of the first."""
    sent = await ann.orders()
    await ann.say("/panic")
    await ann.tap(CLOSE)
    ann.clock.advance(1)
    await ann.say("/resume")
    ann.clock.advance(1)
    await ann.say("/panic")
    await ann.tap(CLOSE)
    ann.sees("stopped", "All futures are being closed.")
    assert (await portfolio_of(ann)).paused
    await ann.work()
    assert (await ann.books())["book"] == {}
    assert len(await sides(ann, sent)) == 2
    assert "still open" not in "".join(message.text for message in ann.messages)


@pytest.mark.parametrize("spot_only", [False, True])
async def test_a_resume_with_nothing_to_close_is_not_an_alarm(ann: Someone, spot_only: bool) -> None:
    """Only futures that are still open are told of."""
    if spot_only:
        exchange = await ann.exchange()
        await put(exchange, replace(exchange.state, positions={}))
    await ann.say("/panic")
    await ann.tap("Cancel orders and stop" if spot_only else CLOSE)
    ann.clock.advance(1)
    await ann.say("/resume")
    await ann.work()
    assert ("still open" in ann.last.text) is not spot_only


@pytest.mark.long
async def test_a_portfolio_is_neither_closed_nor_replaced_before_its_futures_are(ann: Someone) -> None:
    """Closing sells nothing, so it waits for the panic: shown before the tap, on the tap of an older page, and at the end of a set-up."""
    await ann.say("/portfolios")
    await ann.tap("Close")
    older = ann.last
    await ann.say("/panic")
    await ann.tap(CLOSE)
    await ann.say("/portfolios")
    await ann.tap("Close")
    ann.sees("You pressed /panic, and its futures are not closed yet. The portfolio can be closed when that is done.")
    await ann.tap("Close Aggressive", on=older)
    ann.sees("You pressed /panic, and its futures are not closed yet.")
    await ann.say("/start")
    await ann.taps("Replace Aggressive", "Demo portfolio", "10,000", "Use Balanced")
    ann.sees("its futures are not closed yet, so it can't be replaced. Nothing was opened.")
    assert (await portfolio_of(ann)).is_open
    await ann.work()
    assert (await ann.books())["book"] == {}
    await ann.tap("Use Balanced")
    assert [one.is_open for one in await ann.program.portfolios.of(await person_of(ann))] == [False, True]


async def person_of(who: Someone) -> Any:
    """Return the person as they are stored."""
    return next(one for one in await who.program.access.everybody() if one.id == who.user.id)
