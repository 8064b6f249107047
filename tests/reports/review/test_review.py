"""A review from marks and the journal: every figure where it is known, a dash where it is not, and parts that add up."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import log
from typing import Any

import pytest

from chatbot.model import Cause, Flow, FlowKind, LegKind, LegState, Mark, OrderState, Plan, PlanState, Reason, StrategySince
from chatbot.reports.review.review import Records, Review, review
from chatbot.reports.review.scorecard import OWN, SEVERAL
from chatbot.reports.review.series import Point
from chatbot.reports.review.weights import weights
from chatbot.store.flows import Opening
from chatbot.store.orders import Attempt
from tests.handlers.views.view_examples import a_plan, a_strategy, portfolio

D = Decimal
START = datetime(2026, 1, 5, tzinfo=UTC)
PORTFOLIO = replace(portfolio(), strategy=a_strategy(preset="custom"), quote="USDT")


#: written down by an upgrade after all that happens here, so that the marks alone tell the targets
UPGRADED = StrategySince(at=START + timedelta(days=10_000), strategy=PORTFOLIO.strategy)


def day(count: float) -> datetime:
    """Return a moment so many days after the first."""
    return START + timedelta(days=count)


def a_mark(at: float, btc: str, price: str, cash: str, **more: Any) -> Opening:
    """Return the mark of a portfolio of BTC and USDT."""
    held = {"BTC": D(btc), "USDT": D(cash)}
    mark = Mark(
        held=held,
        prices={"BTC": D(price), "USDT": D(1)},
        targets={"BTC": D("0.5")},
        bands=dict.fromkeys(("BTC", "CORE"), D("0.05")),
        drift=D("0.5"),
        **more,
    )
    return Opening(day=day(at).date(), at=day(at), value=D(btc) * D(price) + D(cash), mark=mark)


def an_order(plan: int, at: float, side: str, qty: str, price: str, fee: str, index: int = 0) -> Attempt:
    """Return a filled order of BTC."""
    return Attempt(
        plan_id=plan,
        leg_index=index,
        attempt=1,
        client_id=f"b{plan}-{index}-1",
        instrument="BTC",
        side=side,
        qty=D(qty),
        state=OrderState.FILLED,
        sent_at=day(at),
        ended_at=day(at),
        filled=D(qty),
        average=D(price),
        fee=D(fee),
    )


def traded(number: int, at: float, order: Attempt, *triggers: Cause, state: PlanState = PlanState.DONE, **targets: Any) -> Plan:
    """Return a plan of one leg that was filled as its order was."""
    sells = order.side == "sell"
    leg = replace(
        a_plan().legs[0],
        index=0,
        kind=LegKind.SPOT_SELL if sells else LegKind.SPOT_BUY,
        instrument="BTC",
        sells=sells,
        qty=order.filled,
        price=order.average or D(0),
        state=LegState.FILLED if state is PlanState.DONE else LegState.PLANNED,
        filled=order.filled if state is PlanState.DONE else D(0),
        average=order.average if state is PlanState.DONE else None,
        fee=order.fee if state is PlanState.DONE else D(0),
        slippage_bps=D(2),
    )
    return replace(
        a_plan(),
        id=number,
        number=number,
        state=state,
        reasons=tuple(Reason(trigger=trigger) for trigger in triggers),
        before=replace(a_plan().before, value=D(100_000)),
        legs=(leg,),
        fees=D(1),
        targets=targets,
        prices={},
        created_at=day(at),
        decided_at=day(at),
        finished_at=day(at),
    )


def told(plans: list[Plan], orders: list[Attempt], marks: list[Opening], moved: tuple[Flow, ...] = ()) -> Review:
    """Return the review of these."""
    records = Records(plans=tuple(plans), filled=tuple(orders), moved=moved, marked=tuple(marks), strategies=(UPGRADED,))
    return review(PORTFOLIO, records, None, fee=0.001, zone=UTC)


SOLD, BOUGHT = an_order(1, 1, "sell", "0.2", "66000", "13.2"), an_order(2, 2, "buy", "0.1", "57000", "5.7")
MARKS = [
    a_mark(0, "1", "60000", "40000"),
    a_mark(1.5, "0.8", "66000", "53186.8"),
    a_mark(2.5, "0.9", "57000", "47481.1"),
    a_mark(3, "0.9", "63000", "47481.1"),
]
PLANS = [traded(1, 1, SOLD, Cause.DRIFT), traded(2, 2, BOUGHT, Cause.VOLATILITY)]


def test_the_example_of_the_domain_from_the_journal() -> None:
    """12.4: +586.80 and +594.30, together 1,181.10 more than holding, and nothing is left unexplained."""
    found = told(PLANS, [SOLD, BOUGHT], MARKS)
    assert {one.trigger: one.gain for one in found.card.scores} == {"drift": D("586.8"), "volatility": D("594.3")}
    assert found.ahead == D("1181.1")
    assert found.unexplained == 0
    assert found.actual is not None
    assert found.hold is not None
    assert found.actual.total == pytest.approx(0.0418110)
    assert found.hold.total == pytest.approx(0.03)
    assert found.costs.fees == D("18.9")
    assert found.costs.slippage is not None
    assert (found.costs.slippage.planned_bps, found.costs.slippage.paid_bps) == (D(2), D(0))
    assert not found.ranks


def test_two_years_of_which_most_were_paused_rank_nothing() -> None:
    """Forty days at each end of 900: it ranked triggers, and a suggestion could rest on eighty days."""
    marks = [a_mark(at, "1", str(60_000 + 100 * at % 7), "40000") for at in (*range(40), *range(860, 900))]
    found = told([], [], marks)
    assert found.days == 899
    assert found.seen == 78
    assert not found.ranks
    whole = told([], [], [a_mark(at, "1", str(60_000 + at % 7), "40000") for at in range(731)])
    assert whole.ranks


def long_lived(count: int) -> tuple[list[Plan], list[Attempt], list[Opening]]:
    """Return as many days, each with a plan."""
    orders = [an_order(number, number + 0.5, "buy" if number % 2 else "sell", "0.1", "60000", "6") for number in range(count)]
    one = traded(0, 0, orders[0], Cause.DRIFT)
    ended = [day(number + 0.5) for number in range(count)]
    plans = [replace(one, id=number, number=number, created_at=at, finished_at=at) for number, at in enumerate(ended)]
    return plans, orders, [a_mark(at, "1", str(60_000 + at % 7), "40000") for at in range(count + 1)]


@pytest.mark.long
def test_years_of_plans_take_longer_only_as_they_are_more() -> None:
    """Each mark looked through every trade, and each plan through every trade and mark: 20,000 trades of three years took half a minute."""
    spent = []
    for count in (300, 2400):
        much = long_lived(count)
        begin = time.process_time()
        told(*much)
        spent.append(time.process_time() - begin)
    assert spent[1] < 20 * spent[0], spent


def test_monthly_and_bands_alone_follow_the_first_days_targets_without_futures() -> None:
    """Half BTC at 60,000 doubling inside a month: bands trade, monthly does not; with futures neither can be told."""
    marks = [a_mark(at, "1", price, "60000") for at, price in ((0, "60000"), (1, "90000"), (2, "120000"))]
    found = told([], [], marks)
    assert found.monthly is not None
    assert found.bands is not None
    assert found.hold is not None
    assert found.monthly.total == pytest.approx(0.5)
    assert found.hold.total == pytest.approx(0.5)
    assert found.bands.total == pytest.approx(1.25 * (1 + 1 / 6) - 1, abs=1e-3)
    across = told([], [], [replace(one, at=day(at)) for one, at in zip(marks, (0, 27, 28), strict=True)])
    assert across.monthly is not None
    assert across.monthly.total == pytest.approx(1.25 * (1 + 1 / 6) - 1, abs=1e-3), "on the first of February it trades"
    perps = [
        replace(one, mark=replace(one.mark, targets={**one.mark.targets, "BTC-PERP": D("0.1")})) for one in marks if one.mark is not None
    ]
    assert told([], [], perps).monthly is None
    assert told([], [], perps).hold is not None


def test_what_a_trigger_held_down_on_the_first_day_is_no_target_of_the_other_ways() -> None:
    """A cut halves BTC to a quarter when the marks begin: bands alone have no triggers, so they hold the half of the strategy."""
    strategy = replace(PORTFOLIO.strategy, weights={"CORE": D("0.5"), "STABLE": D("0.5"), "FUTURES": D(0)}, futures_net=D(0))
    marks = [a_mark(at, "1", price, "180000") for at, price in ((0, "60000"), (1, "63000"))]
    cut = [replace(one, mark=replace(one.mark or Mark(), targets={"BTC": D("0.25")})) for one in marks]
    for since, gain in ((day(0), 0.025), (day(2), 0.0125)):
        records = Records(plans=(), filled=(), moved=(), marked=tuple(cut), strategies=(StrategySince(at=since, strategy=strategy),))
        found = review(PORTFOLIO, records, None, fee=0, zone=UTC)
        assert found.bands is not None
        assert found.bands.total == pytest.approx(gain), "what nobody knows of that day is what the mark tells"


def test_the_other_ways_begin_when_the_first_plan_is_done() -> None:
    """BTC doubles while the first plan waits two days: that is nobody's merit, of holding no more than of monthly and bands alone."""
    first = an_order(1, 2.1, "buy", "0.5", "120000", "60")
    marks = [
        a_mark(0, "0", "60000", "120000"),
        a_mark(1, "0", "90000", "120000"),
        a_mark(2, "0", "120000", "120000"),
        a_mark(3, "0.5", "120000", "59940"),
        a_mark(4, "0.5", "120000", "59940"),
    ]
    found = told([traded(1, 2.1, first, Cause.START)], [first], marks)
    for way in (found.actual, found.hold, found.monthly, found.bands):
        assert way is not None
        assert way.total == pytest.approx(-0.0005)


def test_deposits_are_the_holders_too() -> None:
    """Money that came in is no profit of either, and nothing that has to be explained."""
    flow = Flow(
        id=1,
        portfolio_id=1,
        at=day(1.2),
        kind=FlowKind.DEPOSIT,
        value=D(106_000),
        amount=D(10_000),
        facts={"changes": {"USDT": "10000"}},
    )
    marks = [MARKS[0], a_mark(2, "1", "66000", "50000"), a_mark(3, "1", "63000", "50000")]
    found = told([], [], marks, (flow,))
    assert found.actual is not None
    assert found.hold is not None
    assert found.actual.total == pytest.approx(1.06 * (113 / 116) - 1)
    assert found.hold.total == pytest.approx(1.06 * (113 / 116) - 1)
    assert found.ahead == found.unexplained == 0


def test_what_was_not_carried_out_belongs_to_whoever_wanted_it() -> None:
    """Trend alone would have sold 0.15 and drift 0.05 of the 0.2 that nobody confirmed: a quarter of its gain is drift's."""
    wanted = {"trend": {"BTC": "-0.15"}, "drift": {"BTC": "-0.05"}}
    skipped = traded(3, 1, SOLD, Cause.DRIFT, Cause.TREND, state=PlanState.SKIPPED, alone=wanted)
    missed = {one.trigger: one.missed for one in told([skipped], [], MARKS).card.scores}
    whole = D("0.2") * 3000 - 1
    assert missed == {"trend": whole * D("0.75"), "drift": whole * D("0.25")}
    older = traded(3, 1, SOLD, Cause.DRIFT, Cause.TREND, state=PlanState.SKIPPED)
    scores = {one.trigger: one for one in told([older], [], MARKS).card.scores}
    assert {name: (one.skipped, one.missed) for name, one in scores.items()} == {SEVERAL: (1, whole)}, "nobody wrote down who wanted what"


def test_what_is_kept_out_is_the_holders_too() -> None:
    """Half a coin is kept out at 66,000: what its price does from then on is in neither; of an older flow its worth of then is known."""
    marks = [MARKS[0], a_mark(2, "0.5", "66000", "40000"), a_mark(3, "0.5", "63000", "40000")]
    for moved, unexplained in (({"moved": {"BTC": "-0.5"}}, D(0)), ({}, D(1500))):
        flow = Flow(id=1, portfolio_id=1, at=day(1.2), kind=FlowKind.RESERVE, value=D(106_000), amount=D(-33_000), facts=moved)
        found = told([], [], marks, (flow,))
        assert found.hold is not None
        assert found.ahead == found.unexplained == unexplained


def test_plans_that_were_left_are_judged_as_if_they_had_been_carried_out() -> None:
    """A skipped sale at 66,000 would have brought 600 less its fee of 1; an expired one counts beside it."""
    skipped, expired = (
        traded(number, 1, SOLD, Cause.TREND, state=state) for number, state in ((3, PlanState.SKIPPED), (4, PlanState.EXPIRED))
    )
    trend = next(one for one in told([skipped, expired], [], MARKS[:1] + MARKS[3:]).card.scores if one.trigger == "trend")
    assert (trend.carried_out, trend.skipped, trend.expired) == (0, 1, 1)
    assert trend.missed == 2 * (D("0.2") * 3000 - 1)


def test_a_plan_of_several_triggers_is_split_by_what_each_would_have_traded() -> None:
    """As it was written down with the plan; what nobody wrote down is told as several together, and what a person did alone as theirs."""
    both = traded(1, 1, SOLD, Cause.DRIFT, Cause.VOLATILITY, alone={"drift": {"BTC": "-0.1"}, "volatility": {"BTC": "-0.3"}})
    found = told([both], [SOLD], [MARKS[0], a_mark(3, "0.8", "63000", "53186.8")])
    assert {one.trigger: one.gain for one in found.card.scores} == {"drift": D("146.7"), "volatility": D("440.1")}
    unknown = replace(both, targets={})
    assert [one.trigger for one in told([unknown], [SOLD], [MARKS[0], MARKS[3]]).card.scores if one.gain] == [SEVERAL]
    before, after = (
        {"spot": spot, "futures_wallet": "0", "positions": {}} for spot in ({"BTC": "1", "USDT": "40000"}, {"BTC": "0.8", "USDT": "53200"})
    )
    flow = Flow(
        id=1, portfolio_id=1, at=day(1), kind=FlowKind.TRADE, value=D(106_000), amount=D(0), facts={"before": before, "after": after}
    )
    mine = told([], [], [MARKS[0], a_mark(3, "0.8", "63000", "53200")], (flow,))
    assert [(one.trigger, one.gain) for one in mine.card.scores] == [(OWN, D(600))]
    assert mine.unexplained == 0


def test_what_is_not_known_is_none() -> None:
    """One day is no series; a price that is missing leaves holding unknown; a return that nobody knows begins the series anew."""
    assert told([], [], MARKS[:1]).series is None
    lost = [MARKS[0], replace(MARKS[3], mark=replace(MARKS[3].mark or Mark(), prices={"USDT": D(1)}))]
    assert told([], [], lost).hold is None
    assert told([], [], lost).ahead is None
    unknown = Flow(id=1, portfolio_id=1, at=day(1), kind=FlowKind.DEPOSIT, value=None, amount=D(5), facts={"changes": {"USDT": "5"}})
    assert told(PLANS, [SOLD, BOUGHT], MARKS, (unknown,)).since == MARKS[1].at


def test_statistics_wait_for_thirty_days() -> None:
    """Before that they are None; then each is there, with bonus, tracking error, excess growth and drift."""
    marks = [a_mark(at, "1", str(60_000 + 700 * (at % 3)), "60000") for at in range(40)]
    early, late, first = told([], [], marks[:20]), told([], [], marks), told([], [], marks[:6])
    assert first.actual is not None
    assert first.actual.drawdown is None, "a week of values shows a fall; two of them show what neither has seen"
    assert early.actual is not None
    assert late.actual is not None
    assert early.actual.volatility is early.actual.sharpe is early.bonus is early.drift is None
    assert early.actual.drawdown == pytest.approx(-1_400 / 121_400)
    assert late.bonus == 0
    assert None not in (late.actual.sharpe, late.actual.sortino, late.actual.volatility, late.tracking_error, late.excess_growth)
    assert late.drift is not None
    assert late.drift.mean == pytest.approx(0.5)


def test_days_that_nobody_marked_are_no_day_of_statistics() -> None:
    """A pause of 40 days is not one day with a fall of a tenth: it was, and the volatility of a year came from it."""
    calm = [str(60_000 + 700 * (at % 3)) for at in range(40)]
    kept = [a_mark(at, "1", price, "60000") for at, price in enumerate(calm)]
    paused = [*kept[:35], *(a_mark(at + 40, "1", str(int(price) * 9 // 10), "60000") for at, price in enumerate(calm[35:], 35))]
    whole, broken = told([], [], kept), told([], [], paused)
    assert whole.actual is not None
    assert broken.actual is not None
    assert broken.actual.volatility == pytest.approx(whole.actual.volatility, rel=0.1)
    assert broken.tracking_error == pytest.approx(whole.tracking_error, abs=0.002)
    assert broken.excess_growth == pytest.approx(whole.excess_growth, rel=0.1)
    assert broken.actual.total == pytest.approx(float(paused[-1].value / paused[0].value - 1)), "what came of it in all is known"
    short = told([], [], [*kept[:20], *paused[35:]])
    assert short.days > 60
    assert (short.seen, short.actual and short.actual.volatility) == (23, None), "nineteen days, and four"


def test_holding_carries_out_the_first_plan_too() -> None:
    """Cash becomes 1 BTC for 60,006 in all; from then on holding is that BTC, and the plan is no trigger's merit (domain 12.2 a)."""
    first = an_order(1, 0.01, "buy", "1", "60000", "6")
    marks = [a_mark(0, "0", "60000", "100000"), a_mark(1, "1", "66000", "39994"), a_mark(2, "1", "63000", "39994")]
    found = told([traded(1, 0.01, first, Cause.START)], [first], marks)
    assert found.holds_first_plan
    assert found.hold is not None
    assert found.hold.total == pytest.approx(0.02994)
    assert found.ahead == found.unexplained == 0
    assert not found.card.scores
    overtaken = told([traded(1, 0.01, first, Cause.FEAR_GREED, Cause.DRIFT)], [first], marks)
    assert overtaken.holds_first_plan, "out of nothing but cash it is the first plan, whatever asked for it"
    assert overtaken.hold == found.hold
    held = [a_mark(0, "0.1", "60000", "94000"), a_mark(1, "1.1", "66000", "33994"), a_mark(2, "1.1", "63000", "33994")]
    later = told([traded(1, 0.01, first, Cause.TARGETS)], [first], held)
    assert (later.holds_first_plan, later.holds_cash) == (False, False)
    assert later.hold is not None
    assert later.hold.total == pytest.approx(0.003)
    assert later.ahead == D("2994")
    assert later.unexplained == 0


def test_holding_pays_no_fee_of_its_first_plan_in_a_coin_that_it_has_not() -> None:
    """5 BNB that lay beside the portfolio, at no known price: they passed for five dollars."""
    first = replace(an_order(1, 0.01, "buy", "1", "60000", "0"), fees={"BNB": "5"})
    marks = [a_mark(0, "0", "60000", "100000"), a_mark(1, "1", "66000", "40000"), a_mark(2, "1", "63000", "40000")]
    found = told([traded(1, 0.01, first, Cause.START)], [first], marks)
    assert found.hold is not None
    assert found.hold.total == pytest.approx(0.03)
    assert found.ahead == 0


def test_what_came_of_less_than_a_year_is_no_rate_of_one() -> None:
    """Forty days in which trading cost a tenth: that is what it cost so far, and not two thirds a year."""
    sold = an_order(1, 1, "sell", "0.5", "54000", "27")

    def after(days: int) -> Review:
        marks = [a_mark(at, "1", "60000", "40000") if at < 1 else a_mark(at, "0.5", "60000", "66973") for at in range(days + 1)]
        return told([traded(1, 1, sold, Cause.DRIFT)], [sold], marks)

    young, old = after(40), after(730)
    assert young.bonus == pytest.approx(log(96_973 / 100_000))
    assert not young.costs.is_yearly
    assert old.bonus == pytest.approx(log(96_973 / 100_000) / 2)
    assert old.costs.is_yearly


def test_weights_add_up_to_the_value_with_the_futures_account() -> None:
    """Cash of every kind is one line, a contract belongs to the account; lines that never were anything are left out."""
    mark = Mark(
        held={"BTC": D(1), "USDC": D(1000), "USDT": D(9000), "DOGE": D(1), "BTC-PERP": D("0.1")},
        prices={"BTC": D(60_000), "USDC": D(1), "USDT": D(1), "DOGE": D("0.1"), "BTC-PERP": D(60_000)},
        futures_cash=D(4000),
    )
    value = D(80_000) + D("0.1")
    found = weights([Point(at=START, value=value, mark=mark), Point(at=day(1), value=value, mark=mark)], PORTFOLIO.strategy.line_of)
    assert list(found)[-2:] == ["STABLE", "FUTURES"]
    assert found["STABLE"] == pytest.approx((0.125, 0.125), abs=1e-5)
    assert found["FUTURES"] == pytest.approx((0.125, 0.125), abs=1e-5)
    assert sum(row[0] for row in found.values()) == pytest.approx(1, abs=1e-5)
    assert len(found) == 3


def test_days_are_those_of_the_market() -> None:
    """Marks an hour apart by the clock and twenty days by the market: forty days, and thirty days after a trade have passed."""
    sold = an_order(1, 0.001, "sell", "0.2", "66000", "13.2")
    plan = traded(1, 0.001, sold, Cause.DRIFT)
    marks = [
        replace(one, mark=replace(one.mark or Mark(), market_at=day(-300 + 480 * at)))
        for at, one in (
            (at, a_mark(at, *held))
            for at, held in ((0, ("1", "60000", "40000")), *((at / 24, ("0.8", "66000", "53186.8")) for at in (1, 2)))
        )
    ]
    found = told([plan], [sold], marks)
    assert found.is_played
    assert found.days == 40
    assert found.since == day(-300)
    assert found.traded_at[0] == pytest.approx(day(-300 + 480 * 0.001), abs=timedelta(seconds=1))
    assert found.card.scores[0].after == (D("-13.2"), D("-13.2"))


def test_a_fee_in_a_coin_costs_what_the_coin_is_worth_now() -> None:
    """0.1 BTC bought at 57,000 with 0.001 of it as the fee: at 63,000 it cost 63, not 57; nothing is left unexplained."""
    order = replace(an_order(1, 1, "buy", "0.1", "57000", "57"), fees={"BTC": "0.001"})
    marks = [MARKS[0], a_mark(3, "1.099", "63000", "34300")]
    found = told([traded(1, 1, order, Cause.DRIFT)], [order], marks)
    assert [(one.gain, one.fees) for one in found.card.scores] == [(D(600) - D(63), D(57))]
    assert found.ahead == D(537)
    assert found.unexplained == 0


def test_a_fee_in_a_coin_that_the_plan_had_no_price_of() -> None:
    """What it was worth was written down with the order: 0.02 BNB were 12. Else the price of now tells, and without one nothing adds up."""
    order = replace(an_order(1, 1, "buy", "0.1", "57000", "12"), fees={"BNB": "0.02"})
    unpriced = replace(order, fee=D(0))
    plan = traded(1, 1, order, Cause.DRIFT)
    end = a_mark(3, "1.1", "63000", "34300")
    priced = replace(end, mark=replace(end.mark or Mark(), prices={**(end.mark or Mark()).prices, "BNB": D(700)}))
    for filled, last, gain, fees in ((order, priced, 586, 12), (order, end, 588, 12), (unpriced, priced, 586, 0)):
        found = told([plan], [filled], [MARKS[0], last])
        assert [(one.gain, one.fees) for one in found.card.scores] == [(D(gain), D(fees))]
    assert told([plan], [unpriced], [MARKS[0], end]).card.attribution is None
