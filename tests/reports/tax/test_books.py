"""From the journal to the books: trades, flows, funding and fees of every kind, and what stays unknown."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from chatbot.engine.review.futures_gain import Positions
from chatbot.model import Flow, FlowKind, LegKind, LegState, Mark, OrderState
from chatbot.reports.tax.books import Books, Row, books, within
from chatbot.reports.tax.entries import BookKind, journal
from chatbot.reports.tax.files import Format, written
from chatbot.store.flows import Opening
from chatbot.store.orders import Attempt
from tests.handlers.views.view_examples import a_plan

D = Decimal
START = datetime(2025, 12, 30, 12, 0, tzinfo=UTC)


def day(count: float) -> datetime:
    """Return a moment so many days after the first."""
    return START + timedelta(days=count)


def an_order(at: int, instrument: str, side: str, qty: str, price: str, fee: str = "0", **more: Any) -> Attempt:
    """Return a filled order of plan 1."""
    return Attempt(
        plan_id=1,
        leg_index=at,
        attempt=1,
        client_id=f"b1-{at}-1",
        instrument=instrument,
        side=side,
        qty=D(qty),
        state=OrderState.FILLED,
        sent_at=day(at),
        ended_at=day(at),
        filled=D(qty),
        average=D(price),
        fee=D(fee),
        **more,
    )


def a_flow(at: int, kind: FlowKind, amount: str | None = "0", number: int = 1, **facts: Any) -> Flow:
    """Return a flow of a day."""
    return Flow(id=number, portfolio_id=1, at=day(at), kind=kind, value=D(1000), amount=None if amount is None else D(amount), facts=facts)


def told(*orders: Attempt, moved: tuple[Flow, ...] = (), marked: tuple[Opening, ...] = ()) -> Books:
    """Return the books of these; plan 1 has no leg that was traded by hand."""
    plan = replace(a_plan(), id=1, number=7, legs=(), prices={"BNB": D(600)})
    return books(journal("USDT", (plan,), orders, moved, marked), UTC)


def of_kind(found: Books, kind: BookKind) -> list[Row]:
    """Return the rows of one kind."""
    return [row for row in found.rows if row.entry.kind is kind]


def test_a_sale_takes_the_oldest_lots_and_the_year_sums_up() -> None:
    """1 BTC for 100 and 1 for 200, fees 1; 1.5 sold for 600, fee 3: two rows, gains 297 and 48, in the year of the sale."""
    found = told(
        an_order(0, "BTC", "buy", "1", "100", "1"),
        an_order(1, "BTC", "buy", "1", "200", "1"),
        an_order(3, "BTC", "sell", "1.5", "400", "3"),
    )
    first, second = of_kind(found, BookKind.SELL)
    assert (first.cost, first.proceeds, first.gain, first.fee) == (D(101), D(398), D(297), D(3))
    assert (second.cost, second.proceeds, second.gain, second.fee) == (D("100.5"), D(199), D("98.5"), D(0))
    assert first.acquired == day(0)
    assert [(one.year, one.trades, one.coins, one.fees) for one in found.years] == [(2025, 2, D(0), D(2)), (2026, 1, D("395.5"), D(3))]


def test_a_period_knows_what_was_paid_before_it() -> None:
    """Only the rows of the days asked for, with the costs of the years before."""
    found = told(an_order(0, "BTC", "buy", "1", "100"), an_order(3, "BTC", "sell", "1", "400"))
    year = within(found, date(2026, 1, 1), date(2026, 12, 31), UTC)
    assert [row.gain for row in year.rows] == [D(300)]
    assert [one.year for one in year.years] == [2026]


def test_deposits_cost_the_price_of_the_moment() -> None:
    """As it was written down; of an older version the worth of a single coin tells it; of several it is unknown, and said."""
    found = told(
        an_order(5, "SOL", "sell", "3", "200"),
        moved=(
            a_flow(0, FlowKind.DEPOSIT, "100", changes={"SOL": "1"}, prices={"SOL": "100"}),
            a_flow(1, FlowKind.DEPOSIT, "150", 2, changes={"SOL": "1", "USDT": "30"}),
            a_flow(2, FlowKind.DEPOSIT, "500", 3, changes={"SOL": "1", "ADA": "7"}),
        ),
    )
    sold = of_kind(found, BookKind.SELL)
    assert [(row.cost, row.gain) for row in sold] == [(D(100), D(100)), (D(120), D(80)), (None, None)]
    assert found.years[-1].coins == D(180)
    assert found.years[-1].unknown == D(200)
    assert "cost unknown" in written(found, Format.OURS)


def test_what_was_there_at_first_costs_the_price_of_that_day_unless_something_came_before() -> None:
    """The first mark tells it; where a trade is older than that, nobody knows."""
    mark = Opening(day=START.date(), at=START, value=D(100), mark=Mark(held={"BTC": D(1), "USDT": D(5)}, prices={"BTC": D(90)}))
    sold = an_order(3, "BTC", "sell", "1", "100")
    assert [row.gain for row in told(sold, marked=(mark,)).rows if row.realises] == [D(10)]
    late = Opening(day=day(4).date(), at=day(4), value=D(100), mark=mark.mark)
    assert [row.gain for row in told(sold, marked=(late,)).rows if row.realises] == [None]
    assert told(sold, marked=(late,)).years[-1].coins is None, "of what nobody knows the sum is no 0"


def test_a_first_plan_that_was_answered_before_anybody_looked_leaves_what_was_there_known() -> None:
    """At its own prices, back from the first mark: 1 BTC and 5 USDT, of which half a coin was sold; a deposit leaves it unknown."""
    mark = Mark(held={"BTC": D("0.499"), "USDT": D(54)}, prices={"BTC": D(95), "USDT": D(1)})
    marked = (Opening(day=START.date(), at=day(3), value=D(100), mark=mark),)
    plan = replace(a_plan(), id=1, number=7, legs=(), prices={"BTC": D(90)}, finished_at=day(2))
    sold = an_order(1, "BTC", "sell", "0.5", "100", "1.1", fees={"USDT": "1", "BTC": "0.001"})
    found = books(journal("USDT", (plan,), (sold,), (), marked), UTC)
    assert [(row.entry.instrument, row.qty, row.entry.price) for row in of_kind(found, BookKind.OPENING)] == [
        ("BTC", 1, 90),
        ("USDT", 5, 1),
    ]
    assert found.years[0].coins == 50 - 1 - D("0.501") * 90
    assert found.years[0].unknown == 0
    for moved, finished in (((a_flow(2, FlowKind.DEPOSIT, "5", changes={"USDT": "5"}),), day(2)), ((), None), ((), day(4))):
        found = books(journal("USDT", (replace(plan, finished_at=finished),), (sold,), moved, marked), UTC)
        assert found.years[0].coins is None


def test_the_money_that_was_there_at_first_has_come_in_too() -> None:
    """Trackers buy with it: of both wallets, a position at what it was worth, so that what it wins later is not counted twice."""
    mark = Mark(
        held={"BTC": D(1), "USDT": D(5), "BTC-PERP": D(-2)}, futures_cash=D(230), prices={"BTC": D(90), "BTC-PERP": D(100), "USDT": D(1)}
    )
    found = told(an_order(3, "BTC-PERP", "buy", "2", "95"), marked=(Opening(day=START.date(), at=START, value=D(125), mark=mark),))
    assert {row.entry.instrument: row.qty for row in found.rows[:3]} == {"BTC": 1, "BTC-PERP": -2, "USDT": 35}
    assert found.years[-1].futures == 10
    assert ",,,35,USDT,,,35,USD,,," in written(found, Format.KOINLY)


def test_fees_in_other_coins() -> None:
    """In the coin that was bought there is less of it for the same money; in a third coin that coin is sold at the price of the moment."""
    found = told(
        an_order(0, "BNB", "buy", "1", "500"),
        an_order(1, "BTC", "buy", "1", "100", "0.1", fees={"BTC": "0.001"}),
        an_order(2, "BTC", "sell", "0.999", "200", "6", fees={"BNB": "0.01"}),
    )
    assert [row.cost for row in of_kind(found, BookKind.BUY)] == [D(500), D(100)]
    sale, fee = of_kind(found, BookKind.SELL)
    assert sale.gain == D("199.8") - 6 - 100
    assert (fee.is_fee, fee.entry.instrument, fee.qty, fee.gain) == (True, "BNB", D("-0.01"), D(1))
    assert sum(one.fees for one in found.years) == D("6.1")
    unknown = told(an_order(1, "BTC", "buy", "1", "100", "0", fees={"XYZ": "5"}))
    assert unknown.rows[0].fee is None
    assert unknown.years[0].unknown_trades == 1, "one fee is one that nobody knows"


def test_futures_realise_at_their_average_entry_after_fees() -> None:
    """Short 2 at 100, buy 1 back at 90 and 2 at 80: 10, then 20 and a long of 1; a liquidation without a price is unknown."""
    book = Positions()
    assert [book.traded("BTC-PERP", D(q), D(p)) for q, p in ((-2, 100), (1, 90), (2, 80))] == [D(0), D(10), D(20)]
    assert book.qty("BTC-PERP") == 1
    assert book.traded("BTC-PERP", D(-1), D(85)) == 5
    found = told(an_order(0, "BTC-PERP", "sell", "1", "100", "1"), an_order(1, "BTC-PERP", "buy", "1", "90", "1"))
    assert [row.gain for row in found.rows] == [D(-1), D(9)]
    assert found.years[0].futures == D(8)
    assert found.funding_unknown


def test_funding_is_what_the_daily_marks_tell() -> None:
    """Each day what came since it began, the last of December in its year; an exchange that does not tell leaves it unknown."""
    trade = an_order(0, "BTC-PERP", "sell", "1", "100")
    marks = tuple(
        Opening(day=day(at).date(), at=day(at), value=D(100), mark=Mark(funding=D(total)))
        for at, total in ((0.5, "0"), (1.5, "1.5"), (2.5, "1.2"))
    )
    found = told(trade, marked=marks)
    assert [row.gain for row in of_kind(found, BookKind.FUNDING)] == [D("1.5"), D("-0.3")]
    assert [(one.year, one.funding) for one in found.years] == [(2025, D("1.5")), (2026, D("-0.3"))]
    assert not found.funding_unknown
    silent = (*marks, Opening(day=day(4).date(), at=day(4), value=D(100), mark=Mark()))
    assert told(trade, marked=silent).funding_unknown


def held(**spot: str) -> dict[str, Any]:
    """Return holdings as flows keep them."""
    return {"spot": spot, "futures_wallet": "0", "positions": {}}


def test_what_was_taken_back_never_was_and_a_correction_that_was_a_trade_is_one() -> None:
    """A deposit undone leaves nothing; BTC that was bought elsewhere for 60 costs 60, once."""
    before = held(BTC="1", USDT="100")
    found = told(
        an_order(9, "BTC", "sell", "0.5", "200"),
        moved=(
            a_flow(0, FlowKind.DEPOSIT, "100", 1, changes={"BTC": "9"}, prices={"BTC": "1"}),
            a_flow(1, FlowKind.UNDONE, "-100", 2, changes={"BTC": "-9"}, of=1),
            a_flow(2, FlowKind.CORRECTION, "70", 3, before=before, after=held(BTC="1.5", USDT="100"), prices={"BTC": "140"}),
            a_flow(3, FlowKind.TRADE, "-70", 4, before=before, after=held(BTC="1.5", USDT="40")),
        ),
    )
    assert [(row.entry.kind, row.qty, row.gain) for row in found.rows] == [
        (BookKind.BUY, D("0.5"), None),
        (BookKind.SELL, D("-0.5"), D(40)),
    ]


def test_what_a_correction_was_is_found_by_its_name_whatever_happened_between() -> None:
    """BTC that nobody could explain, then a deposit, then "that was a trade": bought once, not deposited and bought."""
    before, after = held(USDT="100"), held(BTC="1", USDT="100")
    asked = a_flow(0, FlowKind.CORRECTION, "70", 1, before=before, after=after, prices={"BTC": "70"})
    came = a_flow(1, FlowKind.DEPOSIT, "9", 2, changes={"ADA": "9"}, prices={"ADA": "1"})
    traded = a_flow(2, FlowKind.TRADE, "-70", 3, before=before, after=after, of=1)
    found = told(moved=(asked, came, traded))
    assert [(row.entry.kind, row.entry.instrument, row.qty, row.cost) for row in found.rows] == [
        (BookKind.DEPOSIT, "ADA", D(9), D(9)),
        (BookKind.BUY, "BTC", D(1), D(70)),
    ]


def test_a_correction_that_was_a_trade_is_taken_back_whole() -> None:
    """Undo puts back the amounts of before the correction, so that nothing of it came in."""
    before, middle = held(USDT="100"), held(BTC="1", USDT="100")
    found = told(
        moved=(
            a_flow(0, FlowKind.CORRECTION, "70", 1, before=before, after=middle, prices={"BTC": "70"}),
            a_flow(1, FlowKind.TRADE, "-70", 2, before=before, after=held(BTC="1", USDT="30")),
            a_flow(2, FlowKind.UNDONE, "0", 3, before=held(BTC="1", USDT="30"), after=before, of=2),
        )
    )
    assert found.rows == ()


def test_a_position_that_was_corrected_away_realised_something() -> None:
    """Told as a trade, what the futures account has more tells it; while nobody has said what it was, it is counted as unknown."""

    def stands(qty: str, wallet: str) -> dict[str, Any]:
        positions = {} if qty == "0" else {"BTC-PERP": [qty, "100"]}
        return {"spot": {}, "futures_wallet": wallet, "positions": positions}

    opened = an_order(0, "BTC-PERP", "buy", "2", "100")
    whole = a_flow(1, FlowKind.TRADE, before=stands("2", "50"), after=stands("0", "80"), prices={"BTC-PERP": "115"})
    found = told(opened, moved=(whole,))
    assert found.years[-1].futures == D(30)
    half = a_flow(1, FlowKind.TRADE, before=stands("2", "50"), after=stands("1.5", "40"), prices={"BTC-PERP": "115"})
    found = told(opened, an_order(2, "BTC-PERP", "sell", "1.5", "120"), moved=(half,))
    assert sum(one.futures or D(0) for one in found.years) == D(-10) + D(30)
    unknown = told(opened, moved=(replace(whole, kind=FlowKind.CORRECTION, amount=D(30)),))
    assert (unknown.years[-1].futures, unknown.years[-1].unknown_trades) == (None, 1)
    grown = a_flow(1, FlowKind.TRADE, before=stands("2", "50"), after=stands("3", "50"), prices={"BTC-PERP": "115"})
    assert told(opened, moved=(grown,)).years[-1].unknown_trades == 0


def test_what_an_exchange_paid_is_income_and_costs_that_from_then_on() -> None:
    """An airdrop at its price, interest in dollars, and one without a price, which is unknown; trackers get them as rewards."""
    found = told(
        an_order(9, "XYZ", "sell", "4", "30"),
        moved=(
            a_flow(0, FlowKind.PAID, changes={"XYZ": "4"}, prices={"XYZ": "25"}),
            a_flow(1, FlowKind.PAID, number=2, changes={"USDT": "1.5"}),
            a_flow(2, FlowKind.PAID, number=3, changes={"ADA": "7"}),
            a_flow(3, FlowKind.PAID, number=4, changes={"USDT": "-0.5"}),
        ),
    )
    assert sum(one.income or D(0) for one in found.years) == D(101)
    assert [row.gain for row in of_kind(found, BookKind.SELL)] == [D(20)]
    assert sum(one.unknown_trades for one in found.years) == 1
    rows = list(csv.DictReader(io.StringIO(written(found, Format.KOINLY))))
    assert [(row["Label"], row["Received Amount"] or row["Sent Amount"], row["Net Worth Amount"]) for row in rows[:4]] == [
        ("reward", "4", "100"),
        ("reward", "1.5", "1.5"),
        ("reward", "7", ""),
        ("cost", "0.5", "0.5"),
    ]


def test_a_liquidation_closes_the_position_as_it_stood_at_the_exchange() -> None:
    """Part of it was opened there by hand: what it realised hangs on the entry that the exchange had; without a price it is unknown."""
    opened = an_order(0, "BTC-PERP", "buy", "1", "100")
    facts = {"coin": "BTC-PERP", "qty": "3", "position": ["3", "90"], "why": "liquidation"}
    found = told(opened, an_order(2, "BTC-PERP", "sell", "1", "70"), moved=(a_flow(1, FlowKind.SETTLED, price="50", **facts),))
    gains = [row.gain for row in of_kind(found, BookKind.FUTURES)]
    assert gains == [D(0), D(-120), D(0)], "what was sold after it opened a short"
    unknown = told(opened, moved=(a_flow(1, FlowKind.SETTLED, **facts),))
    assert (unknown.years[-1].futures, unknown.years[-1].unknown_trades) == (None, 1)


def test_rebates_make_a_purchase_cheaper_and_come_in_at_the_price_of_the_moment() -> None:
    """A fee below 0: of the quote coin, of the coin itself, and of a third one, which is held from then on."""
    found = told(
        an_order(0, "BTC", "buy", "1", "100", fees={"USDT": "-1"}),
        an_order(1, "ETH", "buy", "2", "100", fees={"ETH": "-0.1"}),
        an_order(2, "BTC", "sell", "1", "200", fees={"BNB": "-0.01"}),
        an_order(3, "BNB", "sell", "0.01", "700"),
        an_order(4, "ETH", "sell", "2.1", "100"),
    )
    assert [row.cost for row in of_kind(found, BookKind.BUY)] == [D(99), D(200), D(6)]
    assert [row.gain for row in of_kind(found, BookKind.SELL)] == [D(206) - 99, D(1), D(10)]
    assert sum(one.fees for one in found.years) == D(-1) - 10 - 6
    assert sum(one.trades for one in found.years) == 5
    for to, got, of in ((Format.KOINLY, "Received", "Amount"), (Format.COINTRACKER, "Received", "Quantity")):
        rows = list(csv.DictReader(io.StringIO(written(found, to))))
        assert rows[0][f"Sent {of}"] == "99"
        assert [row[f"{got} {of}"] for row in rows if row[f"{got} Currency"] == "BNB"] == ["0.01"]
        assert all(not row["Fee Amount"].startswith("-") for row in rows)


def test_two_equal_fills_of_one_moment_are_two_trades() -> None:
    first = an_order(0, "BTC", "buy", "1", "100")
    found = told(first, replace(first, attempt=2, client_id="b1-0-2"))
    assert (found.years[0].trades, len(found.rows)) == (2, 2)


def test_written_off_renamed_and_kept_out() -> None:
    """A dead coin is a loss of what it cost, a new name keeps the cost, and what is kept out is still the person's."""
    found = told(
        an_order(9, "NEW", "sell", "20", "10"),
        moved=(
            a_flow(0, FlowKind.DEPOSIT, "30", 1, changes={"OLD": "2"}, prices={"OLD": "15"}),
            a_flow(1, FlowKind.RENAMED, "0", 2, coin="OLD", qty="2", to="NEW", changes={"OLD": "-2", "NEW": "20"}),
            a_flow(2, FlowKind.DEPOSIT, "9", 3, changes={"BAD": "3"}, prices={"BAD": "3"}),
            a_flow(3, FlowKind.WRITTEN_OFF, "0", 4, coin="BAD", qty="3", to="", changes={"BAD": "-3"}),
            a_flow(4, FlowKind.RESERVE, "-9", 5, kept={"NEW": "1"}),
        ),
    )
    assert [(row.entry.instrument, row.gain) for row in found.rows if row.realises] == [("BAD", D(-9)), ("NEW", D(170))]


def test_legs_that_were_traded_by_hand_count_at_the_moment_they_were_noted() -> None:
    """There is no order of them."""
    plan = a_plan()
    leg = replace(
        plan.legs[0], kind=LegKind.SPOT_BUY, sells=False, instrument="BTC", state=LegState.FILLED, filled=D(2), average=D(50), fee=D(1)
    )
    noted = replace(plan, id=1, legs=(leg,), decided_at=day(0), finished_at=day(1))
    found = books(journal("USDT", (noted,), (), (), ()), UTC)
    assert [(row.entry.at, row.qty, row.cost) for row in found.rows] == [(day(1), D(2), D(101))]
