"""What an exchange answers to an order of a plan that was confirmed, code by code, through the real client: each has an end of its own.

Refused for certain: nothing is there, and the leg says why. Nobody knows: the person is asked, and nothing goes out. Too many requests, a
clock that is off, an order that would only have taken: it goes out once more. The key: the plan waits and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.testserver.dialects.binance import refusals as binance
from chatbot.exchanges.testserver.dialects.bybit import refusals as bybit
from chatbot.exchanges.testserver.words import Call, Reason
from chatbot.execution.pace import Pace
from chatbot.model import LegState, PlanState
from tests.execution.lab import QUICK
from tests.execution.test_on_live_venues import agrees, on

if TYPE_CHECKING:
    from chatbot.store.database import Database

PACE = replace(QUICK, look_s=15, poll_s=4, retries_s=Pace().retries_s)
LEGS = {"spot": "sell 0.01 BTC", "futures": "increase sell 0.1 ETH-PERP"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal as a venue words it, once, and the word for what comes of it: a leg's note, why a plan waits, or that it is done."""

    status: int
    code: int
    text: str
    end: str


DONE, UNKNOWN, KEY = "done", "unknown", "key_refused"
BOTH = [
    Answer(401, -2015, "Invalid API-key, IP, or permissions for action.", KEY),
    Answer(401, -2014, "API-key format invalid.", KEY),
    Answer(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.", DONE),
    Answer(429, -1003, "Too many requests.", DONE),
    Answer(418, -1003, "Way too many requests; IP banned until 1700000000000.", DONE),
    Answer(429, -1015, "Too many new orders; current limit is 50 orders per TEN_SECONDS.", DONE),
    Answer(400, -1000, "An unknown error occurred while processing the request.", UNKNOWN),
    Answer(503, -1001, "Internal error; unable to process your request.", UNKNOWN),
    Answer(400, -1006, "An unexpected response was received from the message bus. Execution status unknown.", UNKNOWN),
    Answer(400, -1007, "Timeout waiting for response from backend server. Send status unknown.", UNKNOWN),
    Answer(503, -1008, "Server is currently overloaded with other requests.", UNKNOWN),
    Answer(503, 1, "System is under maintenance.", UNKNOWN),
    Answer(400, -1121, "Invalid symbol.", "unknown_instrument"),
    Answer(400, -9999, "A code of next year.", UNKNOWN),
]
ANSWERS = {
    ("binance", "spot"): [
        *BOTH,
        Answer(400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "price_band"),
        Answer(400, -1013, "Filter failure: NOTIONAL", "below_minimum"),
        Answer(400, -1013, "Filter failure: LOT_SIZE", "bad_lot"),
        Answer(400, -1013, "Filter failure: MAX_NUM_ORDERS", "too_many_orders"),
        Answer(400, -1013, "Filter failure: MAX_POSITION", "too_much"),
        Answer(400, -1013, "Market is closed.", "halted"),
        Answer(400, -2010, "Account has insufficient balance for requested action.", "not_enough_money"),
        Answer(400, -2010, "Order would immediately match and take.", DONE),
        Answer(400, -2010, "This action is disabled on this account.", "not_permitted"),
        Answer(400, -2010, "This account may not place or cancel orders.", "not_permitted"),
        Answer(400, -2010, "Duplicate order sent.", UNKNOWN),
    ],
    ("binance", "futures"): [
        *BOTH,
        Answer(400, -2019, "Margin is insufficient.", "margin"),
        Answer(400, -2022, "ReduceOnly Order is rejected.", "reduce_only"),
        Answer(400, -2025, "Reach max open order limit.", "too_many_orders"),
        Answer(400, -2027, "Exceeded the maximum allowable position at current leverage.", "bad_leverage"),
        Answer(400, -4005, "Quantity greater than max quantity.", "too_much"),
        Answer(400, -4016, "Limit price can't be higher than 1.", "price_band"),
        Answer(400, -4061, "Order's position side does not match user's setting.", "hedge_mode"),
        Answer(400, -4109, "This account is inactive.", KEY),
        Answer(400, -4116, "ClientOrderId is duplicated.", UNKNOWN),
        Answer(400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", "price_band"),
        Answer(400, -4140, "Invalid symbol status for opening position.", "halted"),
        Answer(400, -4164, "Order's notional must be no smaller than 100.", "below_minimum"),
        Answer(400, -4192, "Trade forbidden due to Cooling-off Period.", "not_permitted"),
        Answer(400, -4400, "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed.", "not_permitted"),
        Answer(400, -4401, "Compliance restricted account permission: can only place reduceOnly order.", "not_permitted"),
        Answer(400, -5022, "Post Only order will be rejected.", DONE),
        Answer(400, -5028, "Timestamp for this request is outside of the ME recvWindow.", DONE),
    ],
    **{
        ("bybit", kind): [
            Answer(200, 10003, "API key is invalid.", KEY),
            Answer(200, 10005, "Permission denied.", KEY),
            Answer(200, 10010, "Unmatched IP.", KEY),
            Answer(200, 33004, "Your api key has expired.", KEY),
            Answer(200, -2015, "Your api key has expired.", KEY),
            Answer(200, 10002, "The request time exceeds the time window range.", DONE),
            Answer(200, 10006, "Too many visits.", DONE),
            Answer(429, 0, "", DONE),
            Answer(200, 10000, "Server Timeout.", UNKNOWN),
            Answer(200, 10016, "Server error.", UNKNOWN),
            Answer(200, 10429, "System level frequency protection.", UNKNOWN),
            Answer(200, 999999, "A code of next year.", UNKNOWN),
            Answer(503, 10016, "The service is restarting.", UNKNOWN),
            Answer(200, 10001, "position idx not match position mode", "hedge_mode"),
            Answer(200, 10001, "Qty invalid", "bad_lot"),
            *more,
        ]
        for kind, more in {
            "spot": [
                Answer(200, 170131, "Insufficient balance.", "not_enough_money"),
                Answer(200, 170121, "Invalid symbol.", "unknown_instrument"),
                Answer(200, 170132, "Order price too high.", "price_band"),
                Answer(200, 170140, "Order value exceeded lower limit.", "below_minimum"),
                Answer(200, 170141, "Duplicate clientOrderId", UNKNOWN),
                Answer(200, 170151, "Not allowed to trade for the symbol.", "halted"),
                Answer(200, 170007, "Timeout waiting for response from backend server.", UNKNOWN),
                Answer(200, 170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders.", "too_many_orders"),
                Answer(200, 170218, "The LIMIT-MAKER order is rejected due to invalid price.", DONE),
            ],
            "futures": [
                Answer(200, 110007, "ab not enough for new order", "not_enough_money"),
                Answer(200, 110003, "Order price exceeds the allowable range.", "price_band"),
                Answer(200, 110009, "The number of stop orders exceeds the maximum allowable limit.", "too_many_orders"),
                Answer(200, 110017, "current position is zero, cannot fix reduce-only order qty", "reduce_only"),
                Answer(200, 110072, "OrderLinkedID is duplicate", UNKNOWN),
                Answer(200, 110074, "This contract is not live", "halted"),
                Answer(200, 110086, "Current order leverage exceeds the maximum available.", "bad_leverage"),
                Answer(200, 110090, "Order placement failed as your position may exceed the max limit.", "too_much"),
                Answer(200, 110094, "Order notional value below the lower limit.", "below_minimum"),
            ],
        }.items()
    },
}
#: of each kind of end one, in the plain run
PLAIN = {-2027, 110090}
EACH = [
    pytest.param(*of, one, id=f"{'-'.join(of)} {one.code} {one.text[:30]}", marks=() if one.code in PLAIN else pytest.mark.long)
    for of, answers in ANSWERS.items()
    for one in answers
]


@pytest.mark.parametrize(("venue", "kind", "answer"), EACH)
async def test_a_refused_order_ends_as_its_code_says(
    db: Database, monkeypatch: pytest.MonkeyPatch, venue: str, kind: str, answer: Answer
) -> None:
    """The code comes once, in the place of the answer to the plan's first order, which never reached the matching engine."""
    words = (answer.code, answer.text)
    if venue == "binance":
        monkeypatch.setitem(binance.CODES, Reason.KEY, (answer.status, *words))
    else:
        monkeypatch.setitem(bybit.CODES, Reason.KEY, words)
        monkeypatch.setitem(bybit.STATUSES, Reason.KEY, answer.status)
    async with on(venue, db, PACE) as (lab, server):
        server.faults.add(call=Call.PLACE, fault="revoked")
        plan = await lab.run(LEGS[kind])
        assert not server.faults.left
        (leg,) = plan.legs
        if answer.end in (UNKNOWN, KEY):
            assert plan.state is PlanState.PARKED
            assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": answer.end})
            assert not server.venue.accounts["key"].orders, "nothing goes out on a guess"
            assert await lab.executor.recovery.close(plan.id)
            await lab.finish()
            plan = await lab.read(plan.id)
        elif answer.end == DONE:
            assert leg.state is LegState.FILLED
        else:
            assert (leg.state, leg.note) == (LegState.REJECTED, answer.end)
            assert not server.venue.accounts["key"].orders
        assert plan.state is PlanState.DONE
        agrees(plan, server)
